from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from katib_experiments.algorithms.base import History
from katib_experiments.algorithms.cmaes import CmaEs
from katib_experiments.experiment.model import ObjectiveType
from tests.support.builders import a_trial, an_experiment, categorical, double, integer
from tests.support.simulation import simulate

CUBE = tuple(double(name, 0.0, 1.0) for name in "xyz")
STEPPED = (*CUBE[:2], integer("layers", 0, 10), double("dropout", 0.0, 1.0, step="0.1"))


def experiment(parameters=CUBE, **settings):
    return an_experiment(parameters, "cmaes", settings, objective=ObjectiveType.MINIMIZE)


def valley(assignments) -> float:
    """A narrow curved valley (Rosenbrock), least, 0, at x = y = 0.75."""
    x, y = (4 * float(assignments[name]) - 2 for name in "xy")
    return (1 - x) ** 2 + 100 * (y - x * x) ** 2


def stairs(assignments) -> float:
    """Least, 0, at a point of the grid."""
    x, y, layers, dropout = (float(text) for text in assignments.values())
    return (x - 0.3) ** 2 + (y - 0.7) ** 2 + (layers - 7) ** 2 / 100 + (dropout - 0.2) ** 2


@pytest.mark.parametrize(
    ("function", "parameters", "parallel", "bound"),
    [
        (valley, CUBE[:2], 1, 1e-4),
        (valley, CUBE[:2], 4, 1e-2),
        (stairs, STEPPED, 1, 1e-4),
        (stairs, STEPPED, 20, 1e-4),
    ],
)
def test_four_hundred_trials_come_this_near_to_the_optimum(function, parameters, parallel, bound):
    trials = simulate(experiment(parameters), function, 400, parallel=parallel)
    assert min(function(trial.assignments) for trial in trials) < bound


def test_the_first_points_scatter_by_sigma_around_the_middle():
    for sigma in (0.02, 0.1):
        history = History(experiment(sigma=str(sigma)), (), 0)
        points = [float(s.assignments["x"]) for s in CmaEs().suggest(history, 300)]
        assert np.mean(points) == pytest.approx(0.5, abs=0.02)
        assert np.std(points) == pytest.approx(sigma, rel=0.15)


def test_trials_count_in_the_order_in_which_they_ended():
    trials = simulate(experiment(), valley, 60)
    shuffled = random.Random(0).sample(trials, len(trials))
    answers = [CmaEs().suggest(History(experiment(), t, 60), 3) for t in (trials, shuffled)]
    assert answers[0] == answers[1]


def test_without_times_they_count_in_the_order_of_the_history():
    timed = simulate(experiment(), valley, 60)
    untimed = [replace(trial, completion_time=None) for trial in timed]
    answers = [CmaEs().suggest(History(experiment(), t, 60), 3) for t in (timed, untimed)]
    assert answers[0] == answers[1]


def test_a_history_that_was_rewritten_is_learned_anew():
    trials = simulate(experiment(), valley, 60)
    search = CmaEs()
    search.suggest(History(experiment(), trials, 60), 1)
    trials[3] = replace(trials[3], assignments=dict.fromkeys("xyz", "0.1"))
    history = History(experiment(), trials, 60)
    assert search.suggest(history, 3) == CmaEs().suggest(history, 3)


def test_a_far_foreign_trial_does_not_blow_up_a_converged_search():
    trials = simulate(experiment(), valley, 400)
    far = [
        a_trial(f"far-{i}", dict.fromkeys("xyz", "0.01"), 1e3, completion_time=1e3)
        for i in range(7)
    ]
    given = CmaEs().suggest(History(experiment(), [*trials, *far], 407), 50)
    assert all(abs(float(s.assignments["x"]) - 0.75) < 0.1 for s in given)


@pytest.mark.parametrize(("strategy", "again"), [("none", False), ("ipop", True), ("bipop", True)])
def test_a_search_that_finds_nothing_more_stays_or_starts_again_elsewhere(strategy, again):
    settings = experiment(restart_strategy=strategy, sigma="0.02")
    trials = simulate(settings, lambda _: 0.0, 500, parallel=10)
    points = [[float(text) for text in trial.assignments.values()] for trial in trials]
    moved = np.abs(np.mean(points[250:300], axis=0) - 0.5).max()
    assert (moved > 0.2) == again


def test_the_two_kinds_of_restarts_differ_from_the_second_on():
    runs = [
        simulate(experiment(restart_strategy=strategy), lambda _: 0.0, 900, parallel=10)
        for strategy in ("ipop", "bipop")
    ]
    same = [one.assignments == other.assignments for one, other in zip(*runs, strict=True)]
    assert all(same[:250])
    assert not any(same[-50:])


def test_categorical_parameters_are_drawn_at_random_beside_the_search():
    parameters = (*CUBE[:2], categorical("optimizer", "sgd", "adam"))
    trials = simulate(experiment(parameters), valley, 200)
    chosen = [trial.assignments["optimizer"] for trial in trials]
    assert 70 < chosen.count("adam") < 130
