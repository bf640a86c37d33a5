"""``tpe``: the tree-structured Parzen estimator, one dimension at a time.

Bergstra, Bardenet, Bengio and Kégl 2011, with the settings and constants of hyperopt, which Katib
runs under this name. Two densities, of the good and of the other Trials; the next value of each
parameter is the one, of ``n_EI_candidates`` drawn from the good density, where the ratio of the
two is highest. Trials that failed, and those still running, count with the others: the first say
where not to look, the second keep parallel suggestions apart.
"""

from __future__ import annotations

import math

import numpy as np

from katib_experiments.algorithms.base import History
from katib_experiments.algorithms.observations import (
    FloatArray,
    Observations,
    suggest_one_by_one,
)
from katib_experiments.algorithms.parzen import kernels_of, mixture_weights
from katib_experiments.experiment.model import Suggestion

STARTUP = 20
"""hyperopt's ``n_startup_jobs``."""
MOST_GOOD = 25


class Tpe:
    def suggest(self, history: History, count: int) -> list[Suggestion]:
        settings = history.settings
        gamma, prior_weight = settings["gamma"], settings["prior_weight"]

        def propose(observations: Observations, rng: np.random.Generator) -> FloatArray:
            good, others = split(observations, gamma * math.sqrt(len(observations.values)))
            densities = _Densities(observations, good, others, prior_weight)
            return densities.ranked(settings["n_EI_candidates"], rng)

        return suggest_one_by_one(history, count, settings["random_state"], STARTUP, propose)


def split(observations: Observations, good: float) -> tuple[FloatArray, FloatArray]:
    """The ``good`` best points (rounded up; 1 to 25), and all others; both in time's order."""
    count = min(max(math.ceil(good), 1), MOST_GOOD)
    order = np.argsort(observations.values, kind="stable")
    best, rest = np.sort(order[:count]), np.sort(order[count:])
    points = observations.points
    others = np.vstack([points[rest], observations.failed, observations.running])
    return points[best], others


class _Densities:
    """Of the good points and of the others, in each dimension."""

    def __init__(
        self, observations: Observations, good: FloatArray, others: FloatArray, prior_weight: float
    ) -> None:
        self._good_weights = mixture_weights(len(good), prior_weight)
        self._other_weights = mixture_weights(len(others), prior_weight)
        self._pairs = [
            (kernels_of(dimension, good[:, column]), kernels_of(dimension, others[:, column]))
            for column, dimension in enumerate(observations.space.dimensions)
        ]

    def ranked(self, candidates: int, rng: np.random.Generator) -> FloatArray:
        """Row ``k`` joins every dimension's ``k``-th best value."""
        columns = []
        for good, others in self._pairs:
            drawn = rng.choice(len(self._good_weights), size=candidates, p=self._good_weights)
            units = good.draw(drawn, rng)
            ratio = good.log_mixture(units, self._good_weights)
            ratio -= others.log_mixture(units, self._other_weights)
            columns.append(units[np.argsort(-ratio, kind="stable")])
        return np.column_stack(columns)
