from __future__ import annotations

import pytest

from katib_experiments.algorithms.base import History
from katib_experiments.algorithms.grid import Grid
from katib_experiments.errors import SearchSpaceExhausted
from tests.support.builders import an_experiment, categorical, double, integer
from tests.support.simulation import simulate

SMALL = (integer("layers", 1, 2), categorical("optimizer", "sgd", "adam"))


def test_the_last_parameter_turns_fastest():
    trials = simulate(an_experiment(SMALL, "grid"), lambda _: 0.0, 10)
    assert [tuple(trial.assignments.values()) for trial in trials] == [
        ("1", "sgd"),
        ("1", "adam"),
        ("2", "sgd"),
        ("2", "adam"),
    ]


def test_the_last_request_gets_what_is_left():
    history = History(an_experiment(SMALL, "grid"), (), asked=3)
    assert len(Grid().suggest(history, 5)) == 1


def test_a_grid_ends_after_its_last_point():
    history = History(an_experiment(SMALL, "grid"), (), asked=4)
    with pytest.raises(SearchSpaceExhausted, match="all 4 points"):
        Grid().suggest(history, 1)


def test_a_double_without_a_step_is_no_grid():
    history = History(an_experiment((double("rate", 0.0, 1.0),), "grid"), (), asked=0)
    with pytest.raises(ValueError, match="step"):
        Grid().suggest(history, 1)
