from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import groupby

import pytest

from katib_experiments.algorithms.base import History
from katib_experiments.algorithms.hyperband import Hyperband
from katib_experiments.errors import SearchSpaceExhausted
from katib_experiments.experiment.model import ObjectiveType, TrialCondition
from tests.support.builders import a_trial, an_experiment, categorical, discrete, double, integer
from tests.support.simulation import simulate

RATE = double("rate", 0.0, 1.0)
EPOCHS = integer("epochs", 1, 81)


def experiment(parameters=(RATE, EPOCHS), **settings):
    settings = {"resource_name": "epochs", "r_l": "9"} | settings
    return an_experiment(parameters, "hyperband", settings, objective=ObjectiveType.MINIMIZE)


def rate(assignments) -> float:
    return float(assignments["rate"])


def ask(trials, count=100, **settings):
    history = History(experiment(**settings), tuple(trials), asked=len(trials))
    return [dict(s.assignments) for s in Hyperband().suggest(history, count)]


def first_rung(ended: int, condition=TrialCondition.SUCCEEDED):
    """The nine Trials of the first rung, ``ended`` of them with their rate as objective."""
    return [
        a_trial(f"t{i}", assignments, rate(assignments), condition)
        if i < ended
        else a_trial(f"t{i}", assignments, condition=TrialCondition.RUNNING)
        for i, assignments in enumerate(ask([]))
    ]


@pytest.mark.parametrize("parallel", [1, 2, 9, 50])
def test_brackets_go_from_many_short_trials_to_few_long_ones(parallel):
    trials = simulate(experiment(), rate, 1000, parallel=parallel)
    epochs = [trial.assignments["epochs"] for trial in trials]
    assert epochs == ["1"] * 9 + ["3"] * 3 + ["9"] + ["3"] * 5 + ["9"] * 2 + ["9"] * 3


@pytest.mark.parametrize(
    ("most", "eta", "sizes"),
    [
        ("27", "3", [27, 9, 3, 1, 12, 4, 2, 6, 2 + 4]),
        ("8", "2", [8, 4, 2, 1, 6, 3, 2, 4, 2 + 4]),
        ("2", "3", [1]),
    ],
)
def test_rungs_are_as_large_as_katibs(most, eta, sizes):
    parameters = (RATE, double("epochs", 0.5, 30.0))
    trials = simulate(experiment(parameters, r_l=most, eta=eta), rate, 500, parallel=50)
    rungs = [[*rung] for _, rung in groupby(trial.assignments["epochs"] for trial in trials)]
    assert [len(rung) for rung in rungs] == sizes


def test_the_best_third_of_a_rung_goes_on():
    rung = first_rung(9)
    assert [rate(point) for point in ask(rung)] == sorted(map(rate, [t.assignments for t in rung]))[
        :3
    ]


def test_nothing_is_suggested_while_a_rung_is_running():
    assert ask(first_rung(8)) == []


def test_a_rung_does_not_wait_for_what_failed():
    rung = first_rung(8)
    rung[8] = replace(rung[8], condition=TrialCondition.FAILED)
    assert len(ask(rung)) == 3


def test_a_rung_waits_for_a_trial_that_is_not_listed_only_while_others_run():
    rung = first_rung(9)
    history = History(experiment(), tuple(rung[:8]), asked=9)
    assert len(Hyperband().suggest(history, 5)) == 3
    running = replace(rung[0], condition=TrialCondition.RUNNING)
    history = History(experiment(), (running, *rung[1:8]), asked=9)
    assert Hyperband().suggest(history, 5) == []


def test_failed_trials_are_not_promoted_even_to_fill_a_rung():
    rung = first_rung(9, TrialCondition.FAILED)
    rung[4] = replace(rung[4], condition=TrialCondition.SUCCEEDED)
    assert [point["rate"] for point in ask(rung)] == [rung[4].assignments["rate"]]


def test_a_bracket_of_failures_gives_way_to_the_next():
    assert [point["epochs"] for point in ask(first_rung(9, TrialCondition.FAILED))] == ["3"] * 5


def test_the_next_bracket_does_not_wait_for_the_last_rung_of_the_one_before():
    trials = simulate(experiment(), rate, 13)
    trials[12] = replace(trials[12], condition=TrialCondition.RUNNING)
    assert len(ask(trials)) == 5


def test_the_search_ends_after_its_last_bracket():
    with pytest.raises(SearchSpaceExhausted, match="all 23 Trials"):
        ask(simulate(experiment(), rate, 23))


def test_foreign_trials_are_no_part_of_a_rung():
    rung = first_rung(9)
    foreign = [a_trial(f"f{i}", {"rate": "0.0", "epochs": "1"}, 0.0) for i in range(5)]
    history = History(experiment(), (*foreign, *rung), asked=9)
    assert [dict(s.assignments) for s in Hyperband().suggest(history, 9)] == ask(rung)


@pytest.mark.parametrize(
    ("resource", "amounts"),
    [
        (integer("epochs", 2, 8), {"2": 9, "3": 8, "8": 6}),
        (discrete("epochs", "1", "4", "10"), {"1": 9, "4": 8, "10": 6}),
        (double("epochs", 0.5, 9.0), {"1.0": 9, "3.0": 8, "9.0": 6}),
    ],
    ids=["int", "discrete", "double"],
)
def test_the_resource_is_the_nearest_feasible_value(resource, amounts):
    trials = simulate(experiment((RATE, resource)), rate, 100)
    assert Counter(trial.assignments["epochs"] for trial in trials) == amounts


def test_rungs_that_look_alike_are_told_apart_by_their_order():
    same = (categorical("optimizer", "sgd"), integer("epochs", 1, 1))
    assert len(simulate(experiment(same), lambda _: 1.0, 100, parallel=2)) == 23
