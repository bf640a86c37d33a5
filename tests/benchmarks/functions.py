"""Known functions over Katib parameters, to be minimized; each one's minimum is 0."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from katib_experiments.experiment.model import Parameter
from tests.support.builders import categorical, discrete, double, integer

Assignments = Mapping[str, str]


@dataclass(frozen=True)
class Function:
    name: str
    parameters: tuple[Parameter, ...]
    value: Callable[[Assignments], float]


def _numbers(assignments: Assignments) -> list[float]:
    return [float(text) for text in assignments.values()]


def _branin(assignments: Assignments) -> float:
    x, y = _numbers(assignments)
    bowl = (y - 5.1 / (4 * math.pi**2) * x**2 + 5 / math.pi * x - 6) ** 2
    return bowl + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10 - 0.397887


_HARTMANN_A = np.array(
    [
        [10, 3, 17, 3.5, 1.7, 8],
        [0.05, 10, 17, 0.1, 8, 14],
        [3, 3.5, 1.7, 10, 17, 8],
        [17, 8, 0.05, 10, 0.1, 14],
    ]
)
_HARTMANN_P = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)


def _hartmann6(assignments: Assignments) -> float:
    x = np.array(_numbers(assignments))
    terms = np.exp(-(_HARTMANN_A * (x - _HARTMANN_P) ** 2).sum(axis=1))
    return float(3.32237 - np.array([1.0, 1.2, 3.0, 3.2]) @ terms)


def _network(assignments: Assignments) -> float:
    """Shaped as a small network's validation loss: the best rate depends on the optimizer."""
    best_rate = {"sgd": -1.0, "adam": -3.0, "rmsprop": -3.5}[assignments["optimizer"]]
    penalty = {"sgd": 0.05, "adam": 0.0, "rmsprop": 0.1}[assignments["optimizer"]]
    rate = (math.log10(float(assignments["learning_rate"])) - best_rate) ** 2
    layers = 0.03 * (int(assignments["num_layers"]) - 3) ** 2
    batch = 0.02 * (math.log2(float(assignments["batch_size"])) - 6) ** 2
    return penalty + 0.2 * rate + layers + batch + (float(assignments["dropout"]) - 0.2) ** 2


def _log_bowl(assignments: Assignments) -> float:
    """A narrow, tilted valley in the logarithms of two rates."""
    rate, decay = (math.log10(number) for number in _numbers(assignments))
    return (rate + decay + 7) ** 2 + 0.1 * (rate + 2.5) ** 2


def _choices(assignments: Assignments) -> float:
    """Categorical only, with an interaction: each letter has its price, pairs pay more."""
    letters = [ord(text) - ord("a") for text in assignments.values()]
    alone = sum((letter - i - 1) % 6 for i, letter in enumerate(letters))
    return 0.1 * alone + 0.2 * ((letters[1] - letters[0] - 1) % 6 > 0)


def _doubles(names: Sequence[str], low: float, high: float) -> tuple[Parameter, ...]:
    return tuple(double(name, low, high) for name in names)


FUNCTIONS = (
    Function("branin", (double("x", -5.0, 10.0), double("y", 0.0, 15.0)), _branin),
    Function("hartmann6", _doubles("abcdef", 0.0, 1.0), _hartmann6),
    Function(
        "network",
        (
            double("learning_rate", 1e-5, 1.0, "logUniform"),
            integer("num_layers", 1, 6),
            discrete("batch_size", "16", "32", "64", "128", "256"),
            categorical("optimizer", "sgd", "adam", "rmsprop"),
            double("dropout", 0.0, 0.5, step="0.1"),
        ),
        _network,
    ),
    Function(
        "log_bowl",
        (
            double("rate", 1e-6, 1.0, "logUniform"),
            double("decay", 1e-8, 1e-1, "logUniform"),
        ),
        _log_bowl,
    ),
    Function("choices", tuple(categorical(name, *"abcdef") for name in "uvwx"), _choices),
)
