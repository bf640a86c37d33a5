"""Acquisition functions: how much a point is worth trying, the higher the better.

All are for minimization and take the mean and deviation that a surrogate predicts. Improvements
are given as logarithms, which keep their slope where the improvement itself is too small to see
(Ament et al. 2023).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.special import log_ndtr, ndtr

FloatArray = npt.NDArray[np.float64]
Acquisition = Callable[[FloatArray, FloatArray, float], FloatArray]
"""From mean, deviation and the best value so far."""

XI = 0.01
"""The least improvement that counts, in standard deviations of the objective."""
KAPPA = 1.96
_LOG_ROOT_TWO_PI = 0.5 * np.log(2.0 * np.pi)


def expected_improvement(mean: FloatArray, deviation: FloatArray, best: float) -> FloatArray:
    """Logarithm of E[max(best - XI - y, 0)] (Jones, Schonlau, Welch 1998)."""
    score = (best - XI - mean) / deviation
    log_density = -0.5 * score**2 - _LOG_ROOT_TWO_PI
    near = np.exp(log_density) + score * ndtr(score)
    # Both terms of ``near`` underflow far below the best; the tail's expansion does not.
    tail = np.maximum(score**2, 400.0)
    far = log_density - np.log(tail) + np.log1p(-3.0 / tail)
    improvement = np.where(score > -20.0, np.log(np.maximum(near, 1e-300)), far)
    result: FloatArray = np.log(deviation) + improvement
    return result


def probability_of_improvement(mean: FloatArray, deviation: FloatArray, best: float) -> FloatArray:
    """Logarithm of P(y < best - XI) (Kushner 1964)."""
    return np.asarray(log_ndtr((best - XI - mean) / deviation))


def lower_confidence_bound(
    mean: FloatArray,
    deviation: FloatArray,
    best: float,  # noqa: ARG001
) -> FloatArray:
    """KAPPA * deviation - mean (Cox and John 1997; Srinivas et al. 2010)."""
    return KAPPA * deviation - mean


ACQUISITIONS: dict[str, Acquisition] = {
    "EI": expected_improvement,
    "LCB": lower_confidence_bound,
    "PI": probability_of_improvement,
}


def log_per_second(log_mean: FloatArray, log_deviation: FloatArray) -> FloatArray:
    """Logarithm of E[1 / t] for a log-normal duration ``t``: added to the logarithm of an
    improvement, it makes that an improvement per second (Snoek, Larochelle, Adams 2012)."""
    return 0.5 * log_deviation**2 - log_mean
