from __future__ import annotations

import sys
from dataclasses import replace
from itertools import product
from statistics import median

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from katib_experiments.algorithms.base import History
from katib_experiments.algorithms.bayesian import BayesianOptimization
from katib_experiments.experiment.model import ObjectiveType, TrialCondition
from katib_experiments.experiment.settings import ALGORITHMS
from tests.benchmarks.functions import FUNCTIONS
from tests.support.builders import MIXED, a_trial, an_experiment, categorical, double, integer
from tests.support.simulation import simulate

LINE = (double("x", 0.0, 1.0),)
BRANIN, _, NETWORK, LOG_BOWL, _ = FUNCTIONS
CHOICES = {setting.name: setting.choices for setting in ALGORITHMS["bayesianoptimization"]}


def parabola(x: float) -> float:
    return -((x - 0.3) ** 2)


def history(xs, score=parabola, seconds=None, **settings: str) -> History:
    experiment = an_experiment(LINE, "bayesianoptimization", settings | {"n_initial_points": "3"})
    trials = [a_trial(f"t{x}", {"x": repr(float(x))}, score(x)) for x in xs]
    if seconds is not None:
        trials = [
            replace(trial, start_time=0.0, completion_time=seconds(x))
            for trial, x in zip(trials, xs, strict=True)
        ]
    return History(experiment, tuple(trials), len(trials))


def suggested(given: History, count: int = 1) -> list[float]:
    return [float(s.assignments["x"]) for s in BayesianOptimization().suggest(given, count)]


EIGHT = np.linspace(0.0, 1.0, 8)


@pytest.mark.parametrize(("base", "error"), [("GP", 0.05), ("RF", 0.3), ("ET", 0.3), ("GBRT", 0.3)])
def test_every_model_finds_the_top_of_a_parabola(base, error):
    given = history(np.linspace(0, 1, 30), base_estimator=base, acq_func="EI")
    assert suggested(given)[0] == pytest.approx(0.3, abs=error)


def test_probability_is_greedier_than_improvement_and_that_than_the_bound():
    xs = (0.25, 0.3, 0.35, 0.4)
    nearest = {a: abs(suggested(history(xs, acq_func=a))[0] - 0.3) for a in ("PI", "EI", "LCB")}
    assert nearest["PI"] <= nearest["EI"] <= nearest["LCB"]
    assert nearest["PI"] < nearest["LCB"]


def test_the_portfolio_answers_with_one_of_its_members():
    xs = (0.25, 0.3, 0.35, 0.4)
    members = {round(suggested(history(xs, acq_func=a))[0], 2) for a in ("PI", "EI", "LCB")}
    given = history(xs)
    asked = [History(given.experiment, given.trials, i) for i in range(12)]
    chosen = {round(suggested(one)[0], 2) for one in asked}
    assert len(chosen) > 1
    assert all(min(abs(x - member) for member in members) < 0.05 for x in chosen)


@pytest.mark.parametrize("name", ["EI", "PI"])
def test_per_second_prefers_the_quicker_of_two_equal_tops(name):
    def twin_tops(x: float) -> float:
        return -min((x - 0.2) ** 2, (x - 0.8) ** 2)

    xs = np.delete(np.linspace(0, 1, 11), [2, 8])
    quick_left = history(xs, twin_tops, lambda x: 10.0 + 500 * x, acq_func=f"{name}ps")
    quick_right = history(xs, twin_tops, lambda x: 510.0 - 500 * x, acq_func=f"{name}ps")
    assert suggested(quick_left)[0] < 0.5 < suggested(quick_right)[0]


@pytest.mark.parametrize("name", ["EI", "PI"])
def test_without_durations_per_second_is_the_plain_form(name):
    assert suggested(history(EIGHT, acq_func=f"{name}ps")) == (
        suggested(history(EIGHT, acq_func=name))
    )


def test_climbing_ends_higher_than_sampling():
    plain = {"acq_func": "EI", "acq_optimizer": "sampling"}
    climbed = {"acq_func": "EI", "acq_optimizer": "lbfgs"}
    assert suggested(history(EIGHT, **plain)) != suggested(history(EIGHT, **climbed))
    auto = suggested(history(EIGHT, acq_func="EI"))
    assert auto == suggested(history(EIGHT, **climbed))


@pytest.mark.parametrize(
    ("base", "acquisition", "optimizer"),
    list(product(CHOICES["base_estimator"], CHOICES["acq_func"], CHOICES["acq_optimizer"])),
)
def test_every_combination_of_settings_works(base, acquisition, optimizer):
    settings = {"base_estimator": base, "acq_func": acquisition, "acq_optimizer": optimizer}
    given = history(EIGHT, seconds=lambda x: 5.0 + x, **settings)
    assert all(0.0 <= x <= 1.0 for x in suggested(given))


def test_the_first_points_do_not_depend_on_the_values():
    assert suggested(history((0.1, 0.9))) == suggested(history((0.1, 0.9), lambda x: x))
    assert suggested(history((0.1, 0.5, 0.9))) != suggested(history((0.1, 0.5, 0.9), lambda x: x))


def test_points_of_one_request_keep_apart():
    xs = sorted(suggested(history(EIGHT, acq_func="EI"), 5))
    assert min(np.diff(xs)) > 1e-3


def test_a_request_sees_its_own_points_as_running_trials():
    given = history(EIGHT, acq_func="EI")
    first, second = suggested(given, 2)
    running = a_trial("r", {"x": repr(first)}, condition=TrialCondition.RUNNING)
    later = History(given.experiment, (*given.trials, running), given.asked + 1)
    assert suggested(later) == [second]


def test_where_a_trial_failed_others_are_not_sent():
    given = history((0.0, 0.1, 0.5, 0.7, 1.0), acq_func="EI", acq_optimizer="lbfgs")
    top = suggested(given)[0]
    failed = [
        a_trial(f"f{i}", {"x": repr(top + i / 1000)}, condition=TrialCondition.FAILED)
        for i in range(3)
    ]
    avoiding = History(given.experiment, (*given.trials, *failed), given.asked)
    assert abs(suggested(avoiding)[0] - top) > 0.01


@pytest.mark.parametrize("value", [0.0, 1e300, -1e300])
def test_values_that_are_all_equal_or_huge_are_tolerated(value):
    assert 0.0 <= suggested(history(EIGHT, lambda _: value))[0] <= 1.0
    assert 0.0 <= suggested(history(EIGHT, lambda x: value * x))[0] <= 1.0


def test_a_small_space_is_gone_through_without_repetition():
    parameters = (categorical("a", *"abc"), integer("b", 1, 4))
    experiment = an_experiment(parameters, "bayesianoptimization", {"n_initial_points": "4"})
    trials = simulate(experiment, lambda a: int(a["b"]) + ord(a["a"]), 12)
    assert len({tuple(trial.assignments.values()) for trial in trials}) == 12


def test_nothing_heavy_is_imported_before_there_is_something_to_model(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)  # an import would raise
    given = History(an_experiment(MIXED, "bayesianoptimization"), (), 0)
    assert len(BayesianOptimization().suggest(given, 5)) == 5


def test_the_thread_pools_are_left_as_they_were():
    before = [pool["num_threads"] for pool in threadpool_info()]
    suggested(history(EIGHT))
    assert [pool["num_threads"] for pool in threadpool_info()][: len(before)] == before


@pytest.mark.parametrize(
    "function", [BRANIN, NETWORK, LOG_BOWL], ids=lambda function: function.name
)
def test_thirty_trials_beat_a_hundred_at_random(function):
    def best(name: str, seed: int, trials: int) -> float:
        experiment = an_experiment(
            function.parameters,
            name,
            {"random_state": str(seed)},
            objective=ObjectiveType.MINIMIZE,
            max_trial_count=trials,
        )
        made = simulate(experiment, function.value, trials)
        return min(function.value(trial.assignments) for trial in made)

    ours = median(best("bayesianoptimization", seed, 30) for seed in range(3))
    assert ours < median(best("random", seed, 100) for seed in range(9))
