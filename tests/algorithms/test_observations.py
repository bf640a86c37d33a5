from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from katib_experiments.algorithms.base import History
from katib_experiments.algorithms.cells import cells_of, every_point, snapped
from katib_experiments.algorithms.observations import (
    Observations,
    latin_hypercube_row,
    suggest_one_by_one,
)
from katib_experiments.experiment.model import TrialCondition
from katib_experiments.experiment.space import Dimension, Space
from tests.support.builders import (
    MIXED,
    a_trial,
    an_experiment,
    categorical,
    discrete,
    double,
    integer,
)

LINE = an_experiment([double("x", 0.0, 10.0)])


def observations(*trials) -> Observations:
    return Observations.of(History(LINE, trials, len(trials)), Space.of(LINE))


def test_trials_become_points_of_the_unit_interval_and_values_to_be_minimized():
    seen = observations(a_trial("a", {"x": "1.0"}, 0.3), a_trial("b", {"x": "5.0"}, 0.9))
    assert seen.points.tolist() == [[0.1], [0.5]]
    assert seen.values.tolist() == [-0.3, -0.9]


def test_running_and_failed_trials_are_told_apart():
    seen = observations(
        a_trial("a", {"x": "1.0"}, condition=TrialCondition.RUNNING),
        a_trial("b", {"x": "2.0"}, condition=TrialCondition.FAILED),
        a_trial("c", {"x": "3.0"}, condition=TrialCondition.METRICS_UNAVAILABLE),
        a_trial("d", {"x": "4.0"}, condition=TrialCondition.KILLED),
    )
    assert seen.running.tolist() == [[0.1]]
    assert seen.failed.tolist() == [[0.2], [0.3]]
    assert len(seen.values) == 0


@pytest.mark.parametrize("foreign", [{}, {"y": "1"}, {"x": "11"}, {"x": "nan"}, {"x": ""}])
@pytest.mark.parametrize("condition", [TrialCondition.SUCCEEDED, TrialCondition.RUNNING])
def test_foreign_trials_are_left_out(foreign, condition):
    seen = observations(a_trial("a", foreign, 0.5, condition), a_trial("b", {"x": "1.0"}, 0.5))
    assert len(seen.points) == len(seen.values) == len(seen.trials) == 1
    assert len(seen.running) == 0


def test_durations_are_known_where_both_times_are():
    trial = a_trial("a", {"x": "1.0"}, 0.5)
    timed = replace(trial, start_time=100.0, completion_time=160.0)
    seconds = observations(trial, timed).seconds()
    assert np.isnan(seconds[0])
    assert seconds[1] == 60.0


def test_a_latin_hypercube_meets_every_slice_of_every_dimension_once():
    for block in range(2):
        rows = range(block * 8, block * 8 + 8)
        points = np.array([latin_hypercube_row(row, 8, 3, seed=4) for row in rows])
        assert np.sort((points * 8).astype(int), axis=0).tolist() == [[i] * 3 for i in range(8)]


def every(parameters) -> set[tuple[str, ...]]:
    space = Space.of(an_experiment(parameters))
    points = every_point(space, 1000)
    return {tuple(space.from_unit(point.tolist()).values()) for point in points}


def test_every_point_of_a_finite_space_is_counted_out():
    assert every([categorical("a", "x", "y"), integer("b", 1, 3), discrete("c", "7")]) == {
        (a, str(b), "7") for a in "xy" for b in (1, 2, 3)
    }
    assert every_point(Space.of(LINE), 1000) is None


@pytest.mark.parametrize("distribution", ["uniform", "logUniform", "normal", "logNormal"])
def test_cells_are_what_the_space_rounds_to(distribution):
    dimension = Dimension(integer("x", 1, 30, distribution, step="3"))
    units = np.random.default_rng(0).random(500)
    index = cells_of(dimension).index(units)
    assert [dimension.value(i) for i in index] == [dimension.from_unit(u) for u in units]


def test_points_snap_to_where_their_text_lies():
    space = Space.of(an_experiment((*MIXED, integer("fine", 1, 10_000))))
    points = np.random.default_rng(0).random((50, 6))
    direct = [space.to_unit(space.from_unit(point.tolist())) for point in points]
    assert snapped(space, points) == pytest.approx(np.array(direct))


def test_a_small_space_is_gone_through_before_anything_is_repeated():
    experiment = an_experiment([categorical("a", *"abcdef"), integer("b", 1, 5)])

    def always_the_same(seen, rng):
        return np.array([[0.5, 0.5]])

    given = suggest_one_by_one(History(experiment, (), 0), 31, 0, 2, always_the_same)
    texts = [tuple(suggestion.assignments.values()) for suggestion in given]
    assert len(set(texts[:30])) == 30
    assert texts[30] in texts[:30]
