from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from katib_experiments.algorithms.asha import Asha
from katib_experiments.algorithms.base import History
from katib_experiments.experiment.model import ObjectiveType, TrialCondition
from tests.support.builders import a_trial, an_experiment, double, integer
from tests.support.simulation import simulate

RATE = double("rate", 0.0, 1.0)
EPOCHS = integer("epochs", 1, 81)


def experiment(parameters=(RATE, EPOCHS), **settings):
    settings = {"resource_name": "epochs", "r_l": "9"} | settings
    return an_experiment(parameters, "asha", settings, objective=ObjectiveType.MINIMIZE)


def a_run(rate: float, epochs: int, condition=TrialCondition.SUCCEEDED):
    """A Trial whose objective is its rate."""
    assignments = {"rate": str(rate), "epochs": str(epochs)}
    return a_trial(f"r{rate}e{epochs}", assignments, rate, condition)


def ask(*trials, count=1, **settings):
    history = History(experiment(**settings), trials, asked=len(trials))
    return [dict(s.assignments) for s in Asha().suggest(history, count)]


LOWEST = tuple(a_run(rate, 1) for rate in (0.4, 0.2, 0.9, 0.6, 0.1, 0.7))


def test_new_configurations_begin_at_the_lowest_rung():
    assert [point["epochs"] for point in ask(count=20)] == ["1"] * 20
    assert [point["epochs"] for point in ask(count=2, min_resource="2")] == ["2"] * 2


def test_the_best_third_is_promoted_and_then_new_ones_are_drawn():
    given = ask(*LOWEST, count=3)
    assert given[:2] == [{"rate": "0.1", "epochs": "3"}, {"rate": "0.2", "epochs": "3"}]
    assert given[2]["epochs"] == "1"


def test_a_promotion_is_not_given_twice():
    running = a_run(0.1, 3, TrialCondition.RUNNING)
    assert ask(*LOWEST, running) == [{"rate": "0.2", "epochs": "3"}]


def test_higher_rungs_come_first():
    middle = tuple(a_run(rate, 3) for rate in (0.2, 0.1, 0.4))
    assert ask(*LOWEST, *middle) == [{"rate": "0.1", "epochs": "9"}]


def test_it_never_waits_for_a_rung():
    running = tuple(replace(trial, condition=TrialCondition.RUNNING) for trial in LOWEST)
    assert [point["epochs"] for point in ask(*running, count=2)] == ["1", "1"]


def test_a_failed_trial_counts_as_the_worst_of_its_rung_and_is_not_promoted():
    failed = tuple(replace(trial, condition=TrialCondition.FAILED) for trial in LOWEST[:5])
    assert ask(*failed, LOWEST[5]) == [{"rate": "0.7", "epochs": "3"}]
    assert ask(*failed)[0]["epochs"] == "1"


@pytest.mark.parametrize(
    ("settings", "rungs"),
    [
        ({"r_l": "81"}, {"1", "3", "9", "27", "81"}),
        ({"r_l": "10"}, {"1", "3", "9"}),
        ({"r_l": "20", "eta": "2", "min_resource": "5"}, {"5", "10", "20"}),
        ({"r_l": "4", "min_resource": "7"}, {"4"}),
    ],
)
def test_each_rung_spends_eta_times_the_one_below_and_at_most_r_l(settings, rungs):
    trials = simulate(experiment(**settings), lambda a: float(a["rate"]), 300, parallel=4)
    assert {trial.assignments["epochs"] for trial in trials} == rungs


def test_each_rung_holds_about_a_third_of_the_one_below():
    trials = simulate(experiment(), lambda a: float(a["rate"]), 130, parallel=4)
    counts = Counter(trial.assignments["epochs"] for trial in trials)
    assert counts["1"] // 3 <= counts["3"] <= counts["1"] / 2
    assert counts["3"] // 3 <= counts["9"] <= counts["3"] / 2


def test_foreign_trials_are_not_promoted():
    foreign = (
        a_trial("a", {"rate": "7.0", "epochs": "1"}, 0.0),
        a_trial("b", {"rate": "0.5", "epochs": "1", "other": "1"}, 0.0),
        a_trial("c", {"epochs": "1"}, 0.0),
        a_trial("d", {"rate": "0.5", "epochs": "2"}, 0.0),
    )
    given = ask(*foreign, *LOWEST, count=3)
    assert {point["rate"] for point in given if point["epochs"] == "3"} <= {"0.1", "0.2"}


def test_the_same_resource_finds_more_than_full_training_of_random_points():
    """A loss that falls to the rate's distance from 0.3 as epochs go by."""

    def loss(assignments):
        return abs(float(assignments["rate"]) - 0.3) + 1 / float(assignments["epochs"])

    def best_of(seed):
        trials = simulate(experiment(random_state=str(seed)), loss, 100)
        spent = sum(float(trial.assignments["epochs"]) for trial in trials)
        return min(loss(trial.assignments) for trial in trials), round(spent / 9)

    def random_best(seed, trials):
        full = simulate(
            an_experiment((RATE,), "random", {"random_state": str(seed)}),
            lambda a: loss(a | {"epochs": "9"}),
            trials,
        )
        return min(loss(trial.assignments | {"epochs": "9"}) for trial in full)

    runs = [best_of(seed) for seed in range(10)]
    ours = sum(value for value, _ in runs) - 10 / 9
    theirs = sum(random_best(seed + 10, count) for seed, (_, count) in enumerate(runs)) - 10 / 9
    assert ours < theirs / 1.5
