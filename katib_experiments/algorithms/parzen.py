"""Parzen estimators on the unit interval, the densities of the tree-structured estimator.

Bergstra, Bardenet, Bengio and Kégl, "Algorithms for Hyper-Parameter Optimization", 2011. One
dimension holds one kernel per observation, in the history's order, and the prior as the last: the
uniform density on the unit interval, which is the parameter's declared distribution.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from katib_experiments.algorithms.cells import Cells, cells_of
from katib_experiments.experiment.space import Dimension

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

_FULL_WEIGHT = 25
"""The most recent observations count in full, older ones less (hyperopt's linear forgetting)."""


class Kernels(Protocol):
    """The kernels of one dimension; all coordinates are of the unit interval."""

    def log_density(self, units: FloatArray) -> FloatArray:
        """Shape ``(units,)`` to ``(kernels, units)``: log density, or log mass of the cell."""
        ...

    def log_mixture(self, units: FloatArray, weights: FloatArray) -> FloatArray:
        """The weighted sum of all kernels, as a logarithm, of shape ``(units,)``."""
        ...

    def draw(self, kernels: IntArray, rng: np.random.Generator) -> FloatArray:
        """One coordinate from each of ``kernels``."""
        ...


def kernels_of(dimension: Dimension, centres: FloatArray) -> Kernels:
    cells = cells_of(dimension)
    if cells is None:
        return NormalKernels(centres)
    index = cells.index(centres)
    if dimension.numeric:
        return CellKernels(cells, index, ordered_table(cells, len(centres)))
    return CellKernels(cells, index, categorical_table(len(cells.centres), len(centres)))


def mixture_weights(count: int, prior_weight: float) -> FloatArray:
    """Of ``count`` observations in the order of time, and the prior; their sum is 1."""
    old = max(count - _FULL_WEIGHT, 0)
    ramp = np.linspace(1.0 / count, 1.0, old) if old else np.empty(0)
    weights = np.concatenate([ramp, np.ones(count - old), [prior_weight]])
    normalized: FloatArray = weights / weights.sum()
    return normalized


def neighbour_widths(centres: FloatArray) -> FloatArray:
    """Standard deviation of each kernel: the distance to its farther neighbour (Bergstra 2011),
    within :func:`narrowest` and the whole interval."""
    count = len(centres)
    if count < 2:
        return np.full(count, 1.0 if count == 0 else 0.5)
    order = np.argsort(centres, kind="stable")
    gaps = np.diff(centres[order])
    widths = np.empty(count)
    widths[order] = np.maximum(np.append(gaps[0], gaps), np.append(gaps, gaps[-1]))
    return np.clip(widths, narrowest(count), 1.0)


def narrowest(count: int) -> float:
    """The least standard deviation: half of hyperopt's and Optuna's, which on the functions of
    ``tests/benchmarks/regret.py`` at 100 Trials leaves half the regret or less."""
    return max(0.5 / (count + 1.0), 0.01)


class NormalKernels:
    """Normal densities truncated to the unit interval."""

    def __init__(self, centres: FloatArray) -> None:
        self._centres = centres
        self._widths = neighbour_widths(centres)
        self._below = ndtr(-centres / self._widths)
        self._mass = ndtr((1.0 - centres) / self._widths) - self._below
        self._log_scale = np.log(self._widths * self._mass * np.sqrt(2.0 * np.pi))

    def log_density(self, units: FloatArray) -> FloatArray:
        result = np.zeros((len(self._centres) + 1, len(units)))  # the last: log 1, the prior
        kernels = result[:-1]
        np.subtract(units, self._centres[:, np.newaxis], out=kernels)
        kernels /= self._widths[:, np.newaxis]
        kernels *= kernels
        kernels *= -0.5
        kernels -= self._log_scale[:, np.newaxis]
        return result

    def log_mixture(self, units: FloatArray, weights: FloatArray) -> FloatArray:
        return log_weighted_sum(self.log_density(units), weights)

    def draw(self, kernels: IntArray, rng: np.random.Generator) -> FloatArray:
        quantiles = rng.random(len(kernels))
        observed = np.flatnonzero(kernels < len(self._centres))
        chosen = kernels[observed]
        inside = self._below[chosen] + quantiles[observed] * self._mass[chosen]
        quantiles[observed] = self._centres[chosen] + self._widths[chosen] * ndtri(inside)
        return np.clip(quantiles, 0.0, 1.0)


class CellKernels:
    """Kernels over a finite set of values: a row of ``table`` for each value observed."""

    def __init__(self, cells: Cells, index: IntArray, table: FloatArray) -> None:
        """``table`` has the shape ``(values, values)``; its rows sum to 1."""
        self._cells = cells
        self._rows = np.append(index, len(table))
        self._table = np.vstack([table, cells.widths])

    def log_density(self, units: FloatArray) -> FloatArray:
        by_row: FloatArray = np.log(self._table[:, self._cells.index(units)])
        by_kernel: FloatArray = by_row[self._rows]
        return by_kernel

    def log_mixture(self, units: FloatArray, weights: FloatArray) -> FloatArray:
        by_row = np.bincount(self._rows, weights=weights, minlength=len(self._table))
        log_masses: FloatArray = np.log(by_row @ self._table)[self._cells.index(units)]
        return log_masses

    def draw(self, kernels: IntArray, rng: np.random.Generator) -> FloatArray:
        below = np.cumsum(self._table, axis=1)[self._rows[kernels], :-1]
        chosen = (below <= rng.random((len(kernels), 1))).sum(axis=1)
        units: FloatArray = self._cells.centres[chosen]
        return units


def ordered_table(cells: Cells, count: int) -> FloatArray:
    """Mass in each cell of a normal kernel around each cell's centre, truncated to the interval.

    One width serves all: neighbours at distance 0, as equal values have, tell nothing.
    """
    return _ordered_table(cells, max(narrowest(count), 0.5 / len(cells.centres)))


@lru_cache(maxsize=16)  # from some fifty observations on the width stays the same
def _ordered_table(cells: Cells, width: float) -> FloatArray:
    below = ndtr((cells.edges - cells.centres[:, np.newaxis]) / width)
    mass = np.maximum(np.diff(below, axis=1), 1e-12)
    return np.asarray(mass / mass.sum(axis=1, keepdims=True))


def categorical_table(size: int, count: int) -> FloatArray:
    """The kernel of Aitchison and Aitken 1976: most of the mass on the value itself, and less on
    the others the more observations there are."""
    table = np.eye(size) + 1.0 / (count + 1.0)
    return np.asarray(table / table.sum(axis=1, keepdims=True))


def log_weighted_sum(log_terms: FloatArray, weights: FloatArray) -> FloatArray:
    """``log(weights @ exp(log_terms))`` without overflow; ``log_terms`` is overwritten."""
    highest = log_terms.max(axis=0)
    log_terms -= highest
    np.exp(log_terms, out=log_terms)
    return np.asarray(np.log(weights @ log_terms) + highest)


class ProductMixture:
    """A mixture of products: kernel ``i`` of every dimension belongs to observation ``i``, so
    that dimensions are drawn together (Falkner, Klein and Hutter, "BOHB", 2018)."""

    def __init__(self, kernels: Sequence[Kernels], weights: FloatArray) -> None:
        self._kernels = kernels
        self._weights = weights

    def log_density(self, points: FloatArray) -> FloatArray:
        """Shape ``(points, dimensions)`` to ``(points,)``."""
        total = self._kernels[0].log_density(points[:, 0])
        for column, kernels in enumerate(self._kernels[1:], start=1):
            total += kernels.log_density(points[:, column])
        return log_weighted_sum(total, self._weights)

    def draw(self, count: int, rng: np.random.Generator) -> FloatArray:
        chosen = rng.choice(len(self._weights), size=count, p=self._weights)
        return np.column_stack([kernels.draw(chosen, rng) for kernels in self._kernels])
