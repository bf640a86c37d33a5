from __future__ import annotations

import pytest

from katib_experiments.algorithms.base import History
from katib_experiments.algorithms.zooming import ENDLESS_ROUND, Zooming
from katib_experiments.experiment.model import ObjectiveType
from tests.support.builders import a_trial, an_experiment, categorical, double

LINE = (double("x", 0.0, 1.0),)


def draws(best: str, asked: int, count: int = 300, parameters=LINE, total=900, **settings) -> list:
    """Values of ``x`` in the round that ``asked`` is in, where ``best`` was the best so far."""
    settings = {"global_share": "0"} | settings
    experiment = an_experiment(parameters, "zooming", settings, max_trial_count=total)
    trials = [a_trial("best", {"x": best}, 0.9), a_trial("other", {"x": "0.0"}, 0.1)]
    given = Zooming().suggest(History(experiment, trials, asked), count)
    return [suggestion.assignments["x"] for suggestion in given]


@pytest.mark.parametrize(
    ("asked", "best", "low", "high"),
    [
        (0, "0.6", 0.0, 1.0),
        (300, "0.6", 0.35, 0.85),
        (600, "0.6", 0.475, 0.725),
        (900, "0.6", 0.475, 0.725),
        (600, "0.95", 0.75, 1.0),
        (600, "0.0", 0.0, 0.25),
    ],
    ids=["whole", "half", "quarter", "beyond the last round", "upper edge", "lower edge"],
)
def test_each_round_draws_from_a_smaller_range_around_the_best(asked, best, low, high):
    values = [float(value) for value in draws(best, asked)]
    assert low <= min(values) < low + 0.03
    assert high - 0.03 < max(values) <= high


def test_the_range_shrinks_by_the_factor_and_in_the_rounds_that_are_set():
    values = [float(v) for v in draws("0.5", 100, 100, rounds="9", shrink_factor="0.1")]
    assert 0.45 <= min(values) < 0.46 < 0.54 < max(values) <= 0.55


def test_a_share_of_the_draws_is_over_the_whole_space():
    values = [float(value) for value in draws("0.5", 600, global_share="0.4")]
    outside = sum(abs(value - 0.5) > 0.125 for value in values) / 300
    assert outside == pytest.approx(0.4 * 0.75, abs=0.08)


def test_a_categorical_parameter_keeps_the_best_value_more_and_more():
    optimizers = (categorical("x", "sgd", "adam", "rmsprop"),)
    trials = [a_trial("best", {"x": "adam"}, 0.9)]
    experiment = an_experiment(optimizers, "zooming", {"global_share": "0"}, max_trial_count=900)
    shares = [
        sum(
            s.assignments["x"] == "adam"
            for s in Zooming().suggest(History(experiment, trials, asked), 300)
        )
        / 300
        for asked in (0, 300, 600)
    ]
    assert shares == pytest.approx([1 / 3, 1 / 2 + 1 / 6, 3 / 4 + 1 / 12], abs=0.08)


def test_the_best_is_the_least_where_the_objective_is_minimized():
    experiment = an_experiment(
        LINE,
        "zooming",
        {"global_share": "0"},
        objective=ObjectiveType.MINIMIZE,
        max_trial_count=900,
    )
    trials = [a_trial("a", {"x": "0.9"}, 0.5), a_trial("b", {"x": "0.2"}, 0.1)]
    given = Zooming().suggest(History(experiment, trials, 600), 50)
    assert all(0.07 <= float(s.assignments["x"]) <= 0.33 for s in given)


def test_a_better_trial_from_outside_the_space_is_passed_over():
    experiment = an_experiment(LINE, "zooming", {"global_share": "0"}, max_trial_count=900)
    trials = [a_trial("foreign", {"x": "7"}, 0.99), a_trial("ours", {"x": "0.5"}, 0.5)]
    given = Zooming().suggest(History(experiment, trials, 600), 50)
    assert all(0.375 <= float(s.assignments["x"]) <= 0.625 for s in given)


def test_without_a_number_of_trials_rounds_have_a_fixed_length():
    values = [float(v) for v in draws("0.5", 2 * ENDLESS_ROUND, total=None)]
    assert max(values) - min(values) <= 0.25
    values = [float(v) for v in draws("0.5", 0, ENDLESS_ROUND, total=None)]
    assert max(values) - min(values) > 0.5
