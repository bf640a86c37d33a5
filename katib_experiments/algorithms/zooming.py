"""``zooming``: draw at random, take the best point, draw again in a range around it, shrink.

The random search that lectures teach, with a share of global draws so that it can leave a local
optimum. Of ``maxTrialCount`` Trials each of ``rounds`` gets an equal number (without that count,
:data:`ENDLESS_ROUND` each); Trials beyond the last round stay in it. In round ``r``, counted from
0, a parameter is drawn with its declared distribution from the share ``shrink_factor ** r`` of its
range that lies around the best point seen so far; a categorical one keeps the best value but for
the same share of the draws. A share ``global_share`` of the points comes from the whole space.
"""

from __future__ import annotations

import math

import numpy as np

from katib_experiments.algorithms.base import History
from katib_experiments.experiment.model import Suggestion
from katib_experiments.experiment.space import Dimension, Space

ENDLESS_ROUND = 20
"""Trials per round of an Experiment without ``maxTrialCount``."""


class Zooming:
    def suggest(self, history: History, count: int) -> list[Suggestion]:
        space = Space.of(history.experiment)
        settings = history.settings
        centre = _best(history, space)
        suggestions = []
        for number in range(history.asked, history.asked + count):
            rng = np.random.default_rng([settings["random_state"], number])
            everywhere = centre is None or rng.random() < settings["global_share"]
            zoom = 0 if everywhere else _round(history, settings["rounds"], number)
            side = settings["shrink_factor"] ** zoom
            units = rng.random(len(space)).tolist()
            dimensions = zip(space.dimensions, centre or units, units, strict=True)
            suggestions.append(Suggestion(space.from_unit([_near(*d, side) for d in dimensions])))
        return suggestions


def _round(history: History, rounds: int, number: int) -> int:
    total = history.experiment.max_trial_count
    length = ENDLESS_ROUND if total is None else math.ceil(total / rounds)
    return min(number // length, rounds - 1)


def _best(history: History, space: Space) -> list[float] | None:
    """The best point in the unit cube, passing over Trials that are foreign to the space."""
    best, least = None, math.inf
    for trial, value in history.observed():
        if value < least and (point := space.to_unit(trial.assignments)) is not None:
            best, least = point, value
    return best


def _near(dimension: Dimension, middle: float, unit: float, side: float) -> float:
    """``unit``, uniform in [0, 1], moved into the interval of length ``side`` around ``middle``,
    itself shifted to lie inside [0, 1]; all of [0, 1] where ``side`` is 1."""
    if dimension.numeric:
        low = min(max(middle - side / 2, 0.0), 1.0 - side)
        return low + side * unit
    return unit / side if unit < side else middle
