"""What a Bayesian search believes about the objective: a mean and a deviation at every point.

Points are features of shape ``(points, features)`` as :func:`features` makes them; values are
standardized, to be minimized. scikit-learn does the mathematics, and is imported when a model is
first fitted: the import costs as much as a few fits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from katib_experiments.experiment.space import Space

FloatArray = npt.NDArray[np.float64]

TUNED_ON = 120
"""Points that a Gaussian process chooses its length scales by, as the cost grows with the cube, and
that durations are learned from."""
FITTED_ON = 300
"""Points that any model learns from."""
TREES = 100


class Surrogate(Protocol):
    def tune(self, points: FloatArray, values: FloatArray) -> None:
        """Choose the hyperparameters, once for a request."""
        ...

    def fit(self, points: FloatArray, values: FloatArray, seed: int) -> None: ...

    def predict(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean and standard deviation of the objective without its noise, each ``(points,)``."""
        ...


def surrogate(base_estimator: str) -> Surrogate:
    """The model of one of Katib's names."""
    made: dict[str, Callable[[], Surrogate]] = {
        "GP": GaussianProcess,
        "RF": lambda: Forest(extra=False),
        "ET": lambda: Forest(extra=True),
        "GBRT": BoostedQuantiles,
    }
    return made[base_estimator]()


def features(space: Space, points: FloatArray) -> FloatArray:
    """Coordinates of the unit cube, with a column per choice for a categorical dimension."""
    columns = []
    for column, dimension in enumerate(space.dimensions):
        units = points[:, column]
        if dimension.numeric:
            columns.append(units[:, np.newaxis])
            continue
        size = len(dimension.choices or ())
        index = np.minimum((units * size).astype(np.intp), size - 1)
        columns.append(np.eye(size)[index])
    return np.hstack(columns)


def standardized(values: FloatArray) -> FloatArray:
    """Mean 0 and deviation 1, after bad outliers have been cut off: a diverged Trial must not
    flatten all others. Values further above the median than four times the way from the best to
    the median are brought down to there."""
    best, middle = float(values.min()), float(np.median(values))
    if middle > best:
        values = np.minimum(values, middle + 4.0 * (middle - best))
    values = values / (float(np.abs(values).max()) or 1.0)  # whose squares are finite
    result: FloatArray = (values - values.mean()) / (float(values.std()) or 1.0)
    return result


def subset(values: FloatArray, size: int) -> npt.NDArray[np.intp]:
    """At most ``size`` rows that stand for all of them: half are the best, a quarter the latest,
    and the others are spread evenly over the rest. In the history's order."""
    count = len(values)
    if count <= size:
        return np.arange(count)
    chosen = np.zeros(count, dtype=bool)
    chosen[np.argsort(values, kind="stable")[: size // 2]] = True
    chosen[count - size // 4 :] = True
    rest = np.flatnonzero(~chosen)
    spread = np.linspace(0, len(rest) - 1, size - int(chosen.sum())).astype(np.intp)
    chosen[rest[spread]] = True
    return np.flatnonzero(chosen)


class GaussianProcess:
    """Matérn 5/2 with a length scale per feature, plus noise (Snoek, Larochelle, Adams 2012).

    Length scales, amplitude and noise are the most probable ones under the log-normal priors
    below, which keep them sane while there are few points. The length scales grow with the root
    of the dimension (Hvarfner, Hellsten, Nardi 2024).
    """

    def __init__(self) -> None:
        self._kernel: Any = None
        self._model: Any = None

    def tune(self, points: FloatArray, values: FloatArray) -> None:
        from scipy.optimize import minimize  # noqa: PLC0415
        from sklearn.gaussian_process import GaussianProcessRegressor  # noqa: PLC0415
        from sklearn.gaussian_process.kernels import (  # noqa: PLC0415
            ConstantKernel,
            Matern,
            WhiteKernel,
        )

        width = points.shape[1]
        scale = 0.5 * np.sqrt(width)
        kernel = ConstantKernel(1.0) * Matern(np.full(width, scale), nu=2.5) + WhiteKernel(1e-3)
        model = GaussianProcessRegressor(kernel, optimizer=None).fit(points, values)
        prior_mean = kernel.theta
        prior_deviation = np.array([1.0, *np.full(width, 1.0), 2.0])

        def loss(theta: FloatArray) -> tuple[float, FloatArray]:
            likelihood, gradient = model.log_marginal_likelihood(
                theta, eval_gradient=True, clone_kernel=False
            )
            away = (theta - prior_mean) / prior_deviation
            return 0.5 * float(away @ away) - likelihood, away / prior_deviation - gradient

        bounds = [(mean - 6.0, mean + 6.0) for mean in prior_mean]
        found = minimize(
            loss, prior_mean, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 25}
        )
        self._kernel = kernel.clone_with_theta(found.x)

    def fit(self, points: FloatArray, values: FloatArray, seed: int) -> None:  # noqa: ARG002
        from sklearn.gaussian_process import GaussianProcessRegressor  # noqa: PLC0415

        self._model = GaussianProcessRegressor(self._kernel, optimizer=None).fit(points, values)

    def predict(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        mean, deviation = self._model.predict(points, return_std=True)
        noise = self._kernel.k2.noise_level
        return mean, np.sqrt(np.maximum(deviation**2 - noise, 1e-10))


class Forest:
    """Random forest or extra trees; the deviation is the trees' disagreement and the spread
    inside their leaves together (Hutter, Xu, Hoos, Leyton-Brown 2014)."""

    def __init__(self, *, extra: bool) -> None:
        self._extra = extra
        self._model: Any = None
        self._spread: list[FloatArray] = []

    def tune(self, points: FloatArray, values: FloatArray) -> None:
        """A forest has nothing to choose."""

    def fit(self, points: FloatArray, values: FloatArray, seed: int) -> None:
        from sklearn.ensemble import ExtraTreesRegressor, RandomForestRegressor  # noqa: PLC0415

        kind = ExtraTreesRegressor if self._extra else RandomForestRegressor
        leaf = max(1, min(3, len(values) // 10))
        self._model = kind(TREES, min_samples_leaf=leaf, random_state=seed, n_jobs=1)
        self._model.fit(points, values)

    def predict(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        points = np.ascontiguousarray(points, dtype=np.float32)
        leaves = [(tree.tree_, tree.tree_.apply(points)) for tree in self._model.estimators_]
        means = np.array([tree.value[leaf, 0, 0] for tree, leaf in leaves])
        within = np.array([tree.impurity[leaf] for tree, leaf in leaves])
        variance = means.var(axis=0) + within.mean(axis=0)
        return means.mean(axis=0), np.sqrt(np.maximum(variance, 1e-10))


class BoostedQuantiles:
    """Gradient boosted trees for the 16 %, 50 % and 84 % quantile: the median, and half the
    distance of the outer two, which is one deviation of a normal distribution."""

    def __init__(self) -> None:
        self._models: list[Any] = []

    def tune(self, points: FloatArray, values: FloatArray) -> None:
        """Boosted trees have nothing to choose."""

    def fit(self, points: FloatArray, values: FloatArray, seed: int) -> None:
        from sklearn.ensemble import GradientBoostingRegressor  # noqa: PLC0415

        self._models = [
            GradientBoostingRegressor(
                loss="quantile", alpha=alpha, n_estimators=30, random_state=seed
            ).fit(points, values)
            for alpha in (0.16, 0.5, 0.84)
        ]

    def predict(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        low, middle, high = (model.predict(points) for model in self._models)
        return middle, np.maximum((high - low) / 2.0, 1e-5)
