"""The history as arrays over the unit cube, and the loop that the model-based searches share."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import compress

import numpy as np
import numpy.typing as npt

from katib_experiments.algorithms.base import History
from katib_experiments.algorithms.cells import every_point, snapped
from katib_experiments.experiment.model import Suggestion, Trial, TrialCondition
from katib_experiments.experiment.space import Space

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
    trials: tuple[Trial, ...]
    """Those with a finite objective."""
    points: FloatArray
    """Where they are."""
    values: FloatArray
    """Their objective, to be minimized."""
    running: FloatArray
    """Created or running."""
    failed: FloatArray
    """Ended without an objective by their own doing: poor places to look."""

    @classmethod
    def of(cls, history: History, space: Space) -> Observations:
        observed = list(history.observed())
        trials = [trial for trial, _ in observed]
        points = _units(space, trials)
        inside = _inside(points)
        running = _units(space, [t for t in history.trials if not t.condition.ended])
        failed = _units(space, [t for t in history.trials if t.condition in _FAILED])
        return cls(
            space=space,
            trials=tuple(compress(trials, inside)),
            points=points[inside],
            values=np.array([value for _, value in observed])[inside],
            running=running[_inside(running)],
            failed=failed[_inside(failed)],
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

    def with_running(self, point: FloatArray) -> Observations:
        return replace(self, running=np.vstack([self.running, point]))

    def untried(self, points: FloatArray) -> FloatArray:
        """Those of ``points``, shape ``(k, dimensions)``, that no Trial has been at."""
        known = {row.tobytes() for row in np.vstack([self.points, self.running, self.failed])}
        return points[[row.tobytes() not in known for row in points]]


def _units(space: Space, trials: Sequence[Trial]) -> FloatArray:
    """Shape ``(trials, dimensions)``, NaN for what is not in its dimension. Texts that are equal
    are converted once."""
    points = np.empty((len(trials), len(space)))
    assignments = [trial.assignments for trial in trials]
    for column, dimension in enumerate(space.dimensions):
        name = dimension.name
        texts = [assigned.get(name, "") for assigned in assignments]
        units = {text: dimension.to_unit(text) for text in set(texts)}
        points[:, column] = [units[text] for text in texts]
    return points


def _inside(points: FloatArray) -> npt.NDArray[np.bool_]:
    inside: npt.NDArray[np.bool_] = ~np.isnan(points).any(axis=1)
    return inside


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
        observations = observations.with_running(point)
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
