"""The history as arrays over the unit cube, and the loop that the model-based searches share."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress

import numpy as np
import numpy.typing as npt

from katib_experiments.algorithms.base import History
from katib_experiments.algorithms.cells import every_point, snapped
from katib_experiments.experiment.model import Suggestion, Trial, TrialCondition
from katib_experiments.experiment.space import Dimension, Space

FloatArray = npt.NDArray[np.float64]

_FAILED = (TrialCondition.FAILED, TrialCondition.METRICS_UNAVAILABLE)
_ENUMERATED = 4096
"""In a space of so many points the untried ones are counted out …"""
_FRESH_DRAWS = 200
"""… and in a larger one looked for with so many uniform draws."""


@dataclass(frozen=True)
class Observations:
    """Trials whose assignments lie in the space; the others (foreign ones) are left out.

    Every array of points has the shape ``(points, dimensions)`` and keeps the history's order.
    """

    space: Space
    points: FloatArray
    """Ended, with a finite objective."""
    values: FloatArray
    """Their objective, to be minimized."""
    trials: tuple[Trial, ...]
    """They themselves."""
    pending: FloatArray
    """Created or running."""
    failed: FloatArray
    """Ended without an objective by their own doing: poor places to look."""

    @classmethod
    def of(cls, history: History, space: Space) -> Observations:
        trials = history.trials
        assignments = [trial.assignments for trial in trials]
        columns = [_units(dimension, assignments) for dimension in space.dimensions]
        points = np.column_stack(columns)
        inside = ~np.isnan(points).any(axis=1)
        values = np.full(len(trials), np.nan)
        pending = np.zeros(len(trials), dtype=bool)
        failed = np.zeros(len(trials), dtype=bool)
        objective = history.experiment.objective
        for row, trial in enumerate(trials):
            condition = trial.condition
            if not condition.ended:
                pending[row] = True
                continue
            value = trial.value(objective)
            if value is not None:
                values[row] = value
            else:
                failed[row] = condition in _FAILED
        observed = inside & ~np.isnan(values)
        return cls(
            space=space,
            points=points[observed],
            values=-values[observed] if objective.maximize else values[observed],
            trials=tuple(compress(trials, observed)),
            pending=points[inside & pending],
            failed=points[inside & failed],
        )

    def seconds(self) -> FloatArray:
        """How long each observed Trial took; NaN where unknown."""
        return np.array(
            [
                math.nan
                if trial.start_time is None or trial.completion_time is None
                else max(trial.completion_time - trial.start_time, 1e-3)
                for trial in self.trials
            ]
        )

    def with_pending(self, point: FloatArray) -> Observations:
        return replace(self, pending=np.vstack([self.pending, point]))

    def untried(self, points: FloatArray) -> FloatArray:
        """Those of ``points``, shape ``(k, dimensions)``, that no Trial has been at."""
        known = {row.tobytes() for row in np.vstack([self.points, self.pending, self.failed])}
        return points[[row.tobytes() not in known for row in points]]


def _units(dimension: Dimension, assignments: Sequence[Mapping[str, str]]) -> FloatArray:
    """The column of one dimension; NaN for what is not in it. Equal texts are converted once."""
    name = dimension.name
    texts = [assigned.get(name, "") for assigned in assignments]
    units = {text: dimension.to_unit(text) for text in set(texts)}
    return np.array([units[text] for text in texts], dtype=np.float64)


Propose = Callable[[Observations, np.random.Generator], FloatArray]
"""Candidates of shape ``(k, dimensions)``, the best first."""


def suggest_one_by_one(
    history: History, count: int, seed: int, startup: int, propose: Propose
) -> list[Suggestion]:
    """``count`` points, each aware of the ones before it as if they were running already.

    Until ``startup`` Trials have an objective the points come from a Latin hypercube; after that
    from ``propose``. Draw number ``history.asked + i`` has a random generator of its own, so the
    answer depends on nothing but the arguments.
    """
    space = Space.of(history.experiment)
    observations = Observations.of(history, space)
    suggestions = []
    for number in range(history.asked, history.asked + count):
        rng = np.random.default_rng([seed, number])
        if len(observations.values) < max(startup, 1):
            candidates = latin_hypercube_row(number, max(startup, 1), len(space), seed)[np.newaxis]
        else:
            candidates = propose(observations, rng)
        point = _untried(observations, snapped(space, candidates), rng)
        observations = observations.with_pending(point)
        suggestions.append(Suggestion(space.from_unit([float(unit) for unit in point])))
    return suggestions


def _untried(
    observations: Observations, candidates: FloatArray, rng: np.random.Generator
) -> FloatArray:
    """The best candidate; in a finite space the best that no Trial has been at, then any such
    point, and only then a repetition."""
    space, chosen = observations.space, candidates[:1]
    if space.size is not None:
        fresh = observations.untried(candidates)
        if not len(fresh):
            everything = every_point(space, _ENUMERATED)
            if everything is None:
                everything = snapped(space, rng.random((_FRESH_DRAWS, len(space))))
            fresh = rng.permutation(observations.untried(everything))
        chosen = np.vstack([fresh[:1], chosen])
    point: FloatArray = chosen[0]
    return point


def latin_hypercube_row(number: int, size: int, dimensions: int, seed: int) -> FloatArray:
    """Point ``number`` of an endless series of Latin hypercubes of ``size`` points each.

    McKay, Beckman and Conover 1979: every dimension's ``size`` equal slices are met once by each
    hypercube. (``scipy.stats.qmc`` has it too, for another half a second of imports.)
    """
    block, row = divmod(number, size)
    rng = np.random.default_rng([seed, block, 1])
    slices = rng.permuted(np.tile(np.arange(size), (dimensions, 1)), axis=1)[:, row]
    inside: FloatArray = rng.random((size, dimensions))[row]
    point: FloatArray = (slices + inside) / size
    return point
