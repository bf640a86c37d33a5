from __future__ import annotations

import math
import random

import pytest

from katib_experiments.backend import Outcome
from katib_experiments.experiment.model import ExperimentStatus, ObjectiveType
from katib_experiments.experiment.space import Space
from katib_experiments.report.importance import FEWEST_TRIALS, importance
from tests.support.builders import MIXED, a_trial, an_experiment, categorical, double


def searched(function, count=30, seed=0, parameters=MIXED, **fields) -> Outcome:
    experiment = an_experiment(parameters, **fields)
    draws, space = random.Random(seed), Space.of(experiment)
    trials = []
    for number in range(count):
        point = space.from_unit([draws.random() for _ in parameters])
        trials.append(a_trial(f"t{number}", point, function(point) + draws.gauss(0, 0.005)))
    return Outcome(experiment, ExperimentStatus(), tuple(trials))


def parabola(point):
    off = {"sgd": 0.06, "adam": 0.0, "rmsprop": 0.01}[point["optimizer"]]
    return 0.95 - 0.08 * (math.log10(float(point["learning_rate"])) + 2.5) ** 2 - off


def hash_of(point):
    """A number in [0, 1) that no parameter by itself explains."""
    return float(point["learning_rate"]) * 1e7 % 1


def saturating(point):
    rate = math.log10(float(point["learning_rate"]))
    return (
        0.97 - 0.5 / (1 + math.exp(3 * (rate + 3.2))) + 0.05 * math.log2(int(point["batch_size"]))
    )


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("function", "ranks"),
    [(parabola, ["learning_rate", "optimizer"]), (saturating, ["learning_rate", "batch_size"])],
)
def test_thirty_trials_rank_the_parameters_of_a_known_function(function, ranks, seed):
    found = importance(searched(function, seed=seed))
    assert sorted(found.ranked[:2]) == sorted(ranks)
    assert sum(share for _, share in found.shares) == pytest.approx(1)
    assert found.explained > 0.8


def test_pure_noise_is_not_ranked():
    found = importance(searched(lambda point: 0.5, count=200))
    assert found.shares == ()
    assert found.explained < 0.1
    assert (
        found.sentence == "No parameter by itself explains the differences between Trials so far."
    )


def test_a_poor_fit_says_so():
    def half_noise(point):
        return 0.004 * int(point["num_layers"]) + (hash_of(point) - 0.5) * 0.02

    found = importance(searched(half_noise, count=100))
    assert found.explained < 0.5
    assert found.sentence.endswith("take the order with caution.")


def test_one_diverged_trial_does_not_take_all_the_importance():
    outcome = searched(lambda point: -parabola(point), objective=ObjectiveType.MINIMIZE)
    diverged = a_trial("diverged", outcome.trials[0].assignments, 1e9)
    outcome = Outcome(outcome.experiment, outcome.status, (*outcome.trials, diverged))
    assert importance(outcome).ranked[0] == "learning_rate"


def test_too_few_trials_are_told_instead_of_ranked():
    found = importance(searched(parabola, count=FEWEST_TRIALS - 1))
    assert found.shares == ()
    assert found.sentence == "Importance needs at least 8 Trials with an objective; there are 7."


def test_equal_objectives_and_constant_spaces_have_no_importance():
    outcome = searched(parabola, count=8)
    equal = tuple(a_trial(trial.name, trial.assignments, 0.5) for trial in outcome.trials)
    found = importance(Outcome(outcome.experiment, outcome.status, equal))
    assert found.sentence == "All Trials have the same objective."
    constant = searched(lambda point: 0.5, 8, parameters=(categorical("c", "x"),))
    assert importance(constant).sentence == (
        "Fewer than two parameters vary: there is nothing to rank."
    )


def test_more_coefficients_than_trials_explain_nothing():
    many = tuple(double(f"x{i}", 0, 1) for i in range(20))
    found = importance(searched(lambda point: float(point["x3"]), 10, parameters=many))
    assert found.explained < 0.5
