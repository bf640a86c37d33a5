from __future__ import annotations

import numpy as np
import pytest

from katib_experiments.algorithms import algorithm
from katib_experiments.algorithms.base import History
from katib_experiments.algorithms.observations import Observations
from katib_experiments.algorithms.tpe import STARTUP, split
from katib_experiments.experiment.model import TrialCondition
from katib_experiments.experiment.space import Space
from tests.support.builders import a_trial, an_experiment, categorical, double

SQUARE = (double("x", 0.0, 1.0), double("y", 0.0, 1.0))


def history(name: str, score, trials: int = 60, parameters=SQUARE, **settings: str) -> History:
    experiment = an_experiment(parameters, name, settings)
    space, rng = Space.of(experiment), np.random.default_rng(0)
    made = []
    for number in range(trials):
        assignments = space.from_unit(rng.random(len(space)).tolist())
        made.append(a_trial(f"t{number}", assignments, score(assignments)))
    return History(experiment, tuple(made), trials)


def near_corner(assignments) -> float:
    return -abs(float(assignments["x"]) - 0.2) - abs(float(assignments["y"]) - 0.8)


def draws(given: History, parameter: str = "x", count: int = 60) -> list[str]:
    """What a first suggestion could be: one for each of ``count`` seeds."""
    search = algorithm(given.experiment.algorithm.name)
    asked = [History(given.experiment, given.trials, 100 + i) for i in range(count)]
    return [search.suggest(one, 1)[0].assignments[parameter] for one in asked]


def spread(given: History) -> float:
    return float(np.mean([abs(float(x) - 0.2) for x in draws(given)]))


BOTH = pytest.mark.parametrize("name", ["tpe", "multivariate-tpe"])


@BOTH
def test_suggestions_gather_where_the_good_trials_are(name):
    assert spread(history(name, near_corner)) < 0.15 < spread(history(name, lambda _: 0.5))


@BOTH
def test_the_better_category_is_chosen_most(name):
    given = history(name, lambda a: float(a["o"] == "b"), parameters=(categorical("o", *"abcd"),))
    # Finite and all tried: repetitions are what is left.
    assert draws(given, "o").count("b") > 45


@BOTH
@pytest.mark.parametrize("condition", [TrialCondition.FAILED, TrialCondition.RUNNING])
def test_where_trials_failed_or_are_running_others_are_not_sent(name, condition):
    given, search = history(name, near_corner), algorithm(name)
    moved = 0
    for asked in range(20):
        (first,) = search.suggest(History(given.experiment, given.trials, asked), 1)
        there = [a_trial(f"f{i}", first.assignments, condition=condition) for i in range(30)]
        trials = (*given.trials, *there)
        (other,) = search.suggest(History(given.experiment, trials, asked), 1)
        moved += abs(float(other.assignments["x"]) - float(first.assignments["x"])) > 0.02
    assert moved >= 12


@BOTH
def test_points_of_one_request_keep_apart(name):
    given = algorithm(name).suggest(history(name, near_corner), 8)
    x = sorted(float(suggestion.assignments["x"]) for suggestion in given)
    assert len(set(x)) == 8
    assert x[-1] - x[0] > 0.05


@pytest.mark.parametrize(
    ("name", "setting"), [("tpe", "n_EI_candidates"), ("multivariate-tpe", "n_ei_candidates")]
)
def test_more_candidates_search_more_greedily(name, setting):
    few, many = (history(name, near_corner, **{setting: n}) for n in ("1", "100"))
    assert spread(many) < spread(few)


def test_more_prior_weight_explores_more():
    light, heavy = (history("tpe", near_corner, prior_weight=w) for w in ("0.1", "50"))
    assert spread(heavy) > spread(light)


def test_gamma_is_the_share_of_the_root_of_the_number_of_trials_that_is_good():
    given = history("tpe", near_corner, 100)
    seen = Observations.of(given, Space.of(given.experiment))
    for gamma, good in ((0.25, 3), (0.5, 5), (0.01, 1)):
        best, others = split(seen, gamma * 10)
        assert (len(best), len(others)) == (good, 100 - good)
    assert len(split(seen, 80)[0]) == 25


def test_another_gamma_gives_another_point():
    low, high = (history("tpe", near_corner, gamma=gamma) for gamma in ("0.05", "0.95"))
    assert draws(low, count=1) != draws(high, count=1)


@pytest.mark.parametrize(
    ("name", "settings", "startup"),
    [
        ("tpe", {}, STARTUP),
        ("multivariate-tpe", {}, 10),
        ("multivariate-tpe", {"n_startup_trials": "5"}, 5),
        ("multivariate-tpe", {"n_startup_trials": "0"}, 1),
    ],
)
def test_the_first_trials_do_not_depend_on_the_values(name, settings, startup):
    def answers(trials: int) -> list[list[str]]:
        up = history(name, near_corner, trials, **settings)
        down = history(name, lambda a: -near_corner(a), trials, **settings)
        return [draws(up, count=5), draws(down, count=5)]

    before, after = answers(startup - 1), answers(startup + 2)
    assert before[0] == before[1]
    assert after[0] != after[1]


def test_only_the_multivariate_form_learns_that_parameters_belong_together():
    def diagonal(assignments) -> float:
        return -abs(float(assignments["x"]) - float(assignments["y"]))

    def distance(name: str) -> float:
        given = history(name, diagonal, 300)
        x, y = (np.array(draws(given, axis), dtype=float) for axis in "xy")
        return float(np.mean(np.abs(x - y)))

    assert distance("multivariate-tpe") < 0.7 * distance("tpe")
