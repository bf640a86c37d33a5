"""``bayesianoptimization``: a model of the objective, and the point that it promises most for.

Katib's settings (scikit-optimize's): ``base_estimator`` GP, RF, ET or GBRT; the first
``n_initial_points`` from a Latin hypercube; ``acq_func`` and ``acq_optimizer``. Everything happens
in the unit cube of the space, so that distribution, step and bounds are honoured.

- Running Trials, and those suggested before in the same request, count as if they had come to the
  best value so far (the constant liar of Ginsbourger, Le Riche and Carraro 2010, which is
  scikit-optimize's default); failed ones as if they had come to the worst.
- ``gp_hedge`` lets EI, LCB and PI each nominate a point and draws between them by the softmax of
  their predicted values (Brochu, Hoffman and de Freitas 2011). There the gains add up over all
  requests; here they are those of the present model, which keeps the answer a function of the
  history.
- ``EIps`` and ``PIps`` divide by the duration that a second model predicts from start and
  completion times; without two known durations they are EI and PI.
- ``lbfgs`` climbs from the best of the sampled points along the numeric dimensions; a forest is
  flat between its jumps, so there it means ``sampling``, and so does ``auto``.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache

import numpy as np

from katib_experiments.algorithms.acquisition import ACQUISITIONS, Acquisition, log_per_second
from katib_experiments.algorithms.base import History
from katib_experiments.algorithms.cells import every_point, snapped
from katib_experiments.algorithms.observations import (
    FloatArray,
    Observations,
    suggest_one_by_one,
)
from katib_experiments.algorithms.surrogate import (
    FITTED_ON,
    TUNED_ON,
    Surrogate,
    features,
    standardized,
    subset,
    surrogate,
)
from katib_experiments.experiment.model import Suggestion
from katib_experiments.experiment.space import Space

UNIFORM_CANDIDATES = 600
LOCAL_CANDIDATES = 400
_LOCAL_CENTRES = 4
_CLIMBS = 2
_MOST_RUNNING = 100
"""At most so many running Trials are taken into account, the latest."""

Score = Callable[[FloatArray], FloatArray]
"""From points of the unit cube, shape ``(points, dimensions)``, to their worth."""


class BayesianOptimization:
    def suggest(self, history: History, count: int) -> list[Suggestion]:
        settings = history.settings
        request = _Request(
            settings["base_estimator"],
            settings["acq_func"],
            climbs=settings["base_estimator"] == "GP" and settings["acq_optimizer"] != "sampling",
        )
        seed, startup = settings["random_state"], settings["n_initial_points"]
        return suggest_one_by_one(history, count, seed, startup, request.propose)


class _Request:
    """One request: its models choose their hyperparameters once, for all points asked."""

    def __init__(self, base_estimator: str, acq_func: str, *, climbs: bool) -> None:
        self._base_estimator = base_estimator
        self._per_second = acq_func.endswith("ps")
        self._acq_func = acq_func.removesuffix("ps")
        self._climbs = climbs
        self._tuned: dict[str, Surrogate] = {}

    def propose(self, observations: Observations, rng: np.random.Generator) -> FloatArray:
        # Matrices of a few hundred rows: more threads would only spin.
        with _thread_limit()(limits=1):
            return self._propose(observations, rng)

    def _propose(self, observations: Observations, rng: np.random.Generator) -> FloatArray:
        space = observations.space
        seed = int(rng.integers(2**31))
        model, best = self._objective(observations, seed)
        bonus = self._speed(observations, seed)
        candidates = _candidates(observations, rng)
        mean, deviation = model.predict(features(space, candidates))
        acquisition = self._acquisition(mean, deviation, best, rng)

        def score(points: FloatArray) -> FloatArray:
            believed = model.predict(features(space, points))
            worth: FloatArray = acquisition(*believed, best) + bonus(points)
            return worth

        scores = acquisition(mean, deviation, best) + bonus(candidates)
        if self._climbs:
            starts = candidates[np.argsort(-scores, kind="stable")[:_CLIMBS]]
            climbed = snapped(space, np.array([_climb(space, start, score) for start in starts]))
            candidates = np.vstack([candidates, climbed])
            scores = np.append(scores, score(climbed))
        ranked: FloatArray = candidates[np.argsort(-scores, kind="stable")]
        return ranked

    def _objective(self, observations: Observations, seed: int) -> tuple[Surrogate, float]:
        """The model of the standardized objective, and the best value in it."""
        space, worst = observations.space, observations.values.max()
        points = features(space, np.vstack([observations.failed, observations.points]))
        failed = np.full(len(observations.failed), worst)
        values = standardized(np.concatenate([failed, observations.values]))
        best = float(values.min())
        running = features(space, observations.running[-_MOST_RUNNING:])
        model = self._model("objective", points, values)
        rows = subset(values, FITTED_ON)
        lies = np.full(len(running), best)
        model.fit(np.vstack([points[rows], running]), np.append(values[rows], lies), seed)
        return model, best

    def _speed(self, observations: Observations, seed: int) -> Score:
        """What a point's duration adds to its score: nothing, unless it is one per second."""
        if not self._per_second:
            return _nothing
        seconds = observations.seconds()
        known = np.flatnonzero(np.isfinite(seconds))[-TUNED_ON:]
        if len(known) < 2:
            return _nothing
        space = observations.space
        logarithms = np.log(seconds[known])
        middle, scale = logarithms.mean(), logarithms.std() or 1.0
        points, values = features(space, observations.points[known]), (logarithms - middle) / scale
        model = self._model("duration", points, values)
        model.fit(points, values, seed)

        def per_second(points: FloatArray) -> FloatArray:
            mean, deviation = model.predict(features(space, points))
            return log_per_second(middle + scale * mean, scale * deviation)

        return per_second

    def _model(self, name: str, points: FloatArray, values: FloatArray) -> Surrogate:
        if name not in self._tuned:
            self._tuned[name] = surrogate(self._base_estimator)
            rows = subset(values, TUNED_ON)
            self._tuned[name].tune(points[rows], values[rows])
        return self._tuned[name]

    def _acquisition(
        self, mean: FloatArray, deviation: FloatArray, best: float, rng: np.random.Generator
    ) -> Acquisition:
        if self._acq_func != "gp_hedge":
            return ACQUISITIONS[self._acq_func]
        portfolio = list(ACQUISITIONS.values())
        nominees = [int(np.argmax(function(mean, deviation, best))) for function in portfolio]
        gains = -mean[nominees]
        odds = np.exp(gains - gains.max())
        return portfolio[rng.choice(len(portfolio), p=odds / odds.sum())]


def _nothing(points: FloatArray) -> FloatArray:
    return np.zeros(len(points))


@cache
def _thread_limit() -> Callable[..., AbstractContextManager[object]]:
    """Of the libraries that scikit-learn brings along, which therefore are loaded first."""
    import sklearn.ensemble  # noqa: PLC0415
    import sklearn.gaussian_process  # noqa: F401, PLC0415
    from threadpoolctl import (  # type: ignore[import-untyped]  # noqa: PLC0415
        ThreadpoolController,
    )

    limit: Callable[..., AbstractContextManager[object]] = ThreadpoolController().limit
    return limit


def _candidates(observations: Observations, rng: np.random.Generator) -> FloatArray:
    """All points of a small space; else uniform draws, and draws around the best Trials: a few
    dimensions moved a little, at three scales."""
    space = observations.space
    everything = every_point(space, UNIFORM_CANDIDATES + LOCAL_CANDIDATES)
    if everything is not None:
        return everything
    uniform = rng.random((UNIFORM_CANDIDATES, len(space)))
    order = np.argsort(observations.values, kind="stable")[:_LOCAL_CENTRES]
    centres = observations.points[order[rng.integers(len(order), size=LOCAL_CANDIDATES)]]
    scale = 0.1 ** rng.choice([1.0, 1.5, 2.0], size=(LOCAL_CANDIDATES, 1))
    near = np.clip(centres + scale * rng.standard_normal(centres.shape), 0.0, 1.0)
    numeric = np.array([dimension.numeric for dimension in space.dimensions])
    near = np.where(numeric, near, rng.random(near.shape))
    moved = rng.random(near.shape) < max(0.3, 1.0 / len(space))
    return snapped(space, np.vstack([uniform, np.where(moved, near, centres)]))


def _climb(space: Space, start: FloatArray, score: Score) -> FloatArray:
    """The nearest local maximum of ``score`` along the numeric dimensions, by L-BFGS-B."""
    from scipy.optimize import minimize  # noqa: PLC0415

    free = np.flatnonzero([dimension.numeric for dimension in space.dimensions])
    if not len(free):
        return start

    def loss(numeric: FloatArray) -> tuple[float, FloatArray]:
        """The point and its neighbours, one step along each dimension, in a single batch."""
        steps = np.where(numeric < 0.5, 1e-5, -1e-5)
        points = np.tile(start, (len(free) + 1, 1))
        points[:, free] = numeric
        points[np.arange(1, len(free) + 1), free] += steps
        scores = score(points)
        return -float(scores[0]), -(scores[1:] - scores[0]) / steps

    found = minimize(
        loss,
        start[free],
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.0, 1.0)] * len(free),
        options={"maxiter": 20},
    )
    point = start.copy()
    point[free] = found.x
    return point
