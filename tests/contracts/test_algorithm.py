"""What holds of every search algorithm."""

from __future__ import annotations

import json
import math
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from decimal import Decimal
from statistics import median

import numpy as np
import pytest
from scipy import stats

from katib_experiments.algorithms import NAMES, algorithm
from katib_experiments.algorithms.base import Algorithm, History
from katib_experiments.experiment.model import (
    Experiment,
    ObjectiveType,
    Parameter,
    ParameterType,
    Suggestion,
    Trial,
    TrialCondition,
)
from katib_experiments.experiment.settings import ALGORITHMS
from katib_experiments.experiment.space import Space
from tests.support.builders import (
    MIXED,
    a_trial,
    an_experiment,
    categorical,
    discrete,
    double,
    integer,
)
from tests.support.rpc import GrpcAlgorithm, served
from tests.support.simulation import simulate

BY_RESOURCE = ("hyperband", "asha")
NOT_ADAPTIVE = ("random", "grid", "sobol")
ADAPTIVE = ("zooming", "bayesianoptimization", "tpe", "multivariate-tpe", "cmaes")
SEEDED = tuple(
    name
    for name in NAMES
    if name != "grid" and "random_state" in {setting.name for setting in ALGORITHMS[name]}
)
SPACES = {
    "one of each kind": MIXED,
    "every distribution": (
        double("uniform", -1.0, 1.0),
        double("log_uniform", 1e-5, 1.0, "logUniform"),
        double("normal", -3.0, 3.0, "normal"),
        double("log_normal", 0.1, 10.0, "logNormal"),
        integer("log_integer", 1, 1000, "logUniform"),
        integer("normal_integer", -10, 10, "normal", step="4"),
        double("log_step", 0.05, 1.0, "logNormal", step="0.05"),
    ),
    "categorical only": (
        categorical("optimizer", "sgd", "adam", "rmsprop"),
        categorical("activation", "relu", "tanh"),
    ),
    "one value each": (
        integer("layers", 3, 3),
        double("dropout", 0.5, 0.5, step="0.1"),
        categorical("optimizer", "adam"),
        discrete("batch_size", "32"),
    ),
}
EVERY_CONDITION = tuple(TrialCondition)


Make = Callable[[str], Algorithm]


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=["in process", "over gRPC"])
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    """Each search, and each again behind a service of its own, with what Katib stores for it."""
    if request.param == "in process":
        yield algorithm
        return
    stored: dict[int, dict[str, str]] = {}
    with ExitStack() as stack:
        yield lambda _: GrpcAlgorithm(stack.enter_context(served()), stored)


def experiment_for(
    name: str, parameters: tuple[Parameter, ...] = MIXED, seed: str = "", **fields: object
) -> Experiment:
    """The parameters, with what the algorithm itself asks for."""
    settings = {"random_state": seed} if seed else {}
    if name in BY_RESOURCE:
        parameters = (*parameters, integer("epochs", 1, 27))
        settings |= {"resource_name": "epochs", "r_l": "27"}
    if name == "grid":
        parameters = tuple(map(_stepped, parameters))
    return an_experiment(parameters, name, settings, **fields)


def _stepped(parameter: Parameter) -> Parameter:
    space = parameter.feasible_space
    if parameter.type is not ParameterType.DOUBLE or space.step:
        return parameter
    step = repr((float(space.max) - float(space.min)) / 3)
    return replace(parameter, feasible_space=replace(space, step=step))


def feasible(experiment: Experiment, assignments: Mapping[str, str]) -> bool:
    return list(assignments) == [p.name for p in experiment.parameters] and all(
        _feasible(parameter, assignments[parameter.name]) for parameter in experiment.parameters
    )


def _feasible(parameter: Parameter, text: str) -> bool:
    space = parameter.feasible_space
    if space.list:
        return text in space.list
    if parameter.type is ParameterType.INT and str(int(text)) != text:
        return False
    offset = Decimal(text) - Decimal(space.min)
    steps = offset / Decimal(space.step) if space.step else Decimal(0)
    return offset >= 0 and float(text) <= float(space.max) and abs(steps - round(steps)) < 1e-9


def messy_history(experiment: Experiment) -> History:
    """Forty Trials of every condition and value, foreign ones among them, and five missing."""
    space, rng = Space.of(experiment), np.random.default_rng(0)
    trials = []
    for number in range(40):
        assignments = space.from_unit(rng.random(len(space)).tolist())
        condition = EVERY_CONDITION[number % len(EVERY_CONDITION)]
        value = (round(rng.random(), 3), "nan", "", "unavailable", None)[max(number % 10 - 5, 0)]
        if number % 11 == 10:
            assignments |= {"learning_rate": "1e9", "foreign": "1"}
        if number % 13 == 12:
            assignments = {"foreign": "x"}
        trials.append(a_trial(f"trial-{number}", assignments, value, condition))
    return History(experiment, tuple(trials), asked=45)


def points(suggestions: list[Suggestion]) -> list[dict[str, str]]:
    return [dict(suggestion.assignments) for suggestion in suggestions]


def run_points(trials: list[Trial]) -> list[dict[str, str]]:
    return [dict(trial.assignments) for trial in trials]


def a_score(assignments: Mapping[str, str]) -> float | None:
    """Any objective at all, with one Trial in five failing; the same in every process."""
    digits = sum(map(ord, "".join(assignments.values())))
    return None if digits % 5 == 0 else (digits * 37 % 101) / 101


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("count", [1, 7])
def test_a_first_request_gets_exactly_as_many_points_as_it_asks_for(name, space, count):
    experiment = experiment_for(name, SPACES[space])
    given = algorithm(name).suggest(History(experiment, (), 0), count)
    size = Space.of(experiment).size if name == "grid" else None
    assert len(given) == min(count, size or count)
    assert all(feasible(experiment, point) for point in points(given))


@pytest.mark.parametrize("space", SPACES)
def test_every_point_of_a_run_is_inside_the_bounds_and_on_the_step(name, space):
    experiment = experiment_for(name, SPACES[space], max_trial_count=30)
    trials = simulate(experiment, a_score, 30, parallel=4)
    assert all(feasible(experiment, trial.assignments) for trial in trials)


def test_trials_that_failed_run_vanished_or_are_foreign_are_tolerated(name, make):
    history = messy_history(experiment_for(name))
    given = points(make(name).suggest(history, 3))
    assert len(given) == 3 or name == "hyperband"  # which waits while any Trial is running
    assert all(feasible(history.experiment, point) for point in given)


@pytest.mark.parametrize("condition", TrialCondition)
@pytest.mark.parametrize("value", [None, "nan", "0.5"])
def test_a_history_of_one_sort_of_trial_is_tolerated(name, condition, value):
    experiment = experiment_for(name)
    space = Space.of(experiment)
    rng = np.random.default_rng(1)
    trials = tuple(
        a_trial(f"t{i}", space.from_unit(rng.random(len(space)).tolist()), value, condition)
        for i in range(25)
    )
    given = points(algorithm(name).suggest(History(experiment, trials, 25), 1))
    assert all(feasible(experiment, point) for point in given)


def test_the_same_history_gives_the_same_answer(name, make):
    history = messy_history(experiment_for(name))
    search = make(name)
    first = search.suggest(history, 3)
    assert search.suggest(history, 3) == first
    assert make(name).suggest(history, 3) == first


def test_a_request_for_less_is_the_beginning_of_a_request_for_more(name, make):
    history = messy_history(experiment_for(name))
    assert make(name).suggest(history, 2) == make(name).suggest(history, 3)[:2]


def test_restarts_change_nothing(name, make):
    trials = 40 if make is algorithm else 16
    experiment = experiment_for(name, max_trial_count=trials)
    straight = simulate(experiment, a_score, trials, parallel=3)
    restarted = simulate(experiment, a_score, trials, parallel=3, restarts=True, make=make)
    assert run_points(restarted) == run_points(straight)


def test_an_instance_may_serve_several_experiments(name):
    search = algorithm(name)
    histories = [messy_history(experiment_for(name, SPACES[space])) for space in SPACES]
    histories = [h for h in histories if name != "grid" or (Space.of(h.experiment).size or 0) > 50]
    for history in histories + histories[::-1]:
        assert search.suggest(history, 1) == algorithm(name).suggest(history, 1)


def answers() -> dict[str, list[dict[str, str]]]:
    return {
        name: points(algorithm(name).suggest(messy_history(experiment_for(name)), 2))
        + run_points(simulate(experiment_for(name), a_score, 20, parallel=3))
        for name in NAMES
    }


def test_another_process_gives_the_same_answers():
    code = (
        "import json; from tests.contracts.test_algorithm import answers; "
        "print(json.dumps(answers()))"
    )
    other = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONHASHSEED": "12345"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(other.stdout) == answers()


def test_the_global_random_generators_are_left_alone(name):
    history = messy_history(experiment_for(name))
    before = random.getstate(), np.random.get_state()[1].tolist()
    random_state = random.getstate()
    algorithm(name).suggest(history, 2)
    assert (random_state, np.random.get_state()[1].tolist()) == before
    assert random.getstate() == before[0]


@pytest.mark.parametrize("name", SEEDED)
def test_seeds_differ(name):
    one, other = (experiment_for(name, seed=seed) for seed in "12")
    search = algorithm(name)
    first = points(search.suggest(History(one, (), 0), 3))
    assert first != points(search.suggest(History(other, (), 0), 3))


@pytest.mark.parametrize("name", NOT_ADAPTIVE)
def test_batches_do_not_matter_to_what_does_not_adapt(name):
    experiment = experiment_for(name)
    search = algorithm(name)
    whole = search.suggest(History(experiment, (), 0), 6)
    parts = [
        search.suggest(History(experiment, (), asked), count)
        for asked, count in ((0, 1), (1, 3), (4, 2))
    ]
    assert [*parts[0], *parts[1], *parts[2]] == whole


def test_maximizing_is_minimizing_the_negative(name):
    up = experiment_for(name, max_trial_count=30)
    down = experiment_for(name, max_trial_count=30, objective=ObjectiveType.MINIMIZE)

    def negative(assignments):
        score = a_score(assignments)
        return None if score is None else -score

    assert run_points(simulate(up, a_score, 30, parallel=2)) == run_points(
        simulate(down, negative, 30, parallel=2)
    )


BELL = stats.truncnorm(-3, 3)
DISTRIBUTIONS = {
    "uniform": lambda x: (x - 1) / 99,
    "logUniform": lambda x: math.log(x) / math.log(100),
    "normal": lambda x: BELL.cdf((x - 50.5) / 16.5),
    "logNormal": lambda x: BELL.cdf((math.log(x) / math.log(100) - 0.5) * 6),
}
SAMPLING = tuple(name for name in NAMES if name not in ("grid", "cmaes"))


@pytest.mark.parametrize("name", SAMPLING)
@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_the_first_points_have_the_declared_distribution(name, distribution):
    experiment = experiment_for(name, (double("x", 1.0, 100.0, distribution),))
    if name in BY_RESOURCE:
        settings = dict(experiment.algorithm.settings) | {"r_l": "243"}
        experiment = replace(experiment, algorithm=replace(experiment.algorithm, settings=settings))
    given = points(algorithm(name).suggest(History(experiment, (), 0), 200))
    assert len(given) == 200
    units = [DISTRIBUTIONS[distribution](float(point["x"])) for point in given]
    assert stats.kstest(units, "uniform").pvalue > 0.01


@pytest.mark.parametrize("name", SAMPLING)
@pytest.mark.parametrize(
    "parameter",
    [
        integer("x", 1, 4),
        discrete("x", "16", "32", "64", "128"),
        categorical("x", "a", "b", "c", "d"),
        double("x", 0.0, 0.3, step="0.1"),
    ],
    ids=lambda parameter: parameter.type,
)
def test_the_values_of_a_finite_parameter_are_equally_likely(name, parameter):
    # A second parameter, so that a search that avoids repetitions does not run out of points.
    experiment = experiment_for(name, (parameter, double("y", 0.0, 1.0)))
    if name in BY_RESOURCE:
        settings = dict(experiment.algorithm.settings) | {"r_l": "243"}
        experiment = replace(experiment, algorithm=replace(experiment.algorithm, settings=settings))
    given = points(algorithm(name).suggest(History(experiment, (), 0), 200))
    values = [point["x"] for point in given]
    counts = [values.count(value) for value in sorted(set(values))]
    assert len(counts) == 4
    assert stats.chisquare(counts).pvalue > 0.01


def bowl(assignments: Mapping[str, str]) -> float:
    """Least, 0, at x = 0.01 and y = 0.3."""
    x, y = math.log10(float(assignments["x"])), float(assignments["y"])
    return (x + 2) ** 2 + 4 * (y - 0.3) ** 2


def network(assignments: Mapping[str, str]) -> float:
    """Least, 0, with adam, three layers and a learning rate of 0.01."""
    rate = math.log10(float(assignments["rate"])) + 2
    layers = int(assignments["layers"]) - 3
    extra = {"adam": 0.0, "rmsprop": 0.3, "sgd": 1.0}[assignments["optimizer"]]
    return rate**2 + 0.1 * layers**2 + extra


KNOWN = {
    bowl: (double("x", 1e-5, 1.0, "logUniform"), double("y", 0.0, 1.0)),
    network: (
        double("rate", 1e-5, 1.0, "logUniform"),
        integer("layers", 1, 8),
        categorical("optimizer", "sgd", "adam", "rmsprop"),
    ),
}
TRIALS = 40


def regret(name: str, function, seed: int) -> float:
    """How far the best of 40 Trials, two at a time, is from the least value there is."""
    experiment = experiment_for(
        name,
        KNOWN[function],
        seed=str(seed),
        objective=ObjectiveType.MINIMIZE,
        max_trial_count=TRIALS,
    )
    trials = simulate(experiment, function, TRIALS, parallel=2)
    return min(function(trial.assignments) for trial in trials)


@pytest.mark.parametrize("name", ADAPTIVE)
@pytest.mark.parametrize("function", KNOWN, ids=lambda function: function.__name__)
def test_an_adaptive_search_halves_the_regret_of_a_random_one(name, function):
    ours = median(regret(name, function, seed) for seed in range(9))
    theirs = median(regret("random", function, seed) for seed in range(9, 29))
    assert ours < theirs / 2
