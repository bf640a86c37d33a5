"""``multivariate-tpe``: the tree-structured Parzen estimator over all dimensions together.

As :mod:`.tpe`, but a kernel is a product over all parameters, so that what goes well together is
drawn together: Falkner, Klein and Hutter, "BOHB: Robust and Efficient Hyperparameter Optimization
at Scale", 2018. Settings and constants are those of Optuna's sampler, which Katib runs under this
name; the constant liar is always on, as there.
"""

from __future__ import annotations

import numpy as np

from katib_experiments.algorithms.base import History
from katib_experiments.algorithms.observations import (
    FloatArray,
    Observations,
    suggest_one_by_one,
)
from katib_experiments.algorithms.parzen import ProductMixture, kernels_of, mixture_weights
from katib_experiments.algorithms.tpe import split
from katib_experiments.experiment.model import Suggestion

GOOD_SHARE = 0.1
PRIOR_WEIGHT = 1.0


class MultivariateTpe:
    def suggest(self, history: History, count: int) -> list[Suggestion]:
        settings = history.settings

        def propose(observations: Observations, rng: np.random.Generator) -> FloatArray:
            return _ranked(observations, settings["n_ei_candidates"], rng)

        seed, startup = settings["random_state"], settings["n_startup_trials"]
        return suggest_one_by_one(history, count, seed, startup, propose)


def _ranked(observations: Observations, candidates: int, rng: np.random.Generator) -> FloatArray:
    def mixture(points: FloatArray) -> ProductMixture:
        kernels = [
            kernels_of(dimension, points[:, column])
            for column, dimension in enumerate(observations.space.dimensions)
        ]
        return ProductMixture(kernels, mixture_weights(len(points), PRIOR_WEIGHT))

    good, others = split(observations, GOOD_SHARE * len(observations.values))
    below, above = mixture(good), mixture(others)
    points = below.draw(candidates, rng)
    ratio = below.log_density(points) - above.log_density(points)
    ranked: FloatArray = points[np.argsort(-ratio, kind="stable")]
    return ranked
