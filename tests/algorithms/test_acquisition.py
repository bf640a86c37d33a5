from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from katib_experiments.algorithms.acquisition import (
    KAPPA,
    XI,
    expected_improvement,
    log_per_second,
    lower_confidence_bound,
    probability_of_improvement,
)

CASES = [(0.0, 1.0, 0.5), (1.0, 0.3, -0.5), (-2.0, 0.1, 0.0), (0.2, 2.0, -3.0)]


def arrays(mean: float, deviation: float) -> tuple[np.ndarray, np.ndarray]:
    return np.array([mean]), np.array([deviation])


@pytest.mark.parametrize(("mean", "deviation", "best"), CASES)
def test_expected_improvement_is_the_integral_that_defines_it(mean, deviation, best):
    def improvement(y: float) -> float:
        return (best - XI - y) * stats.norm.pdf(y, mean, deviation)

    direct, _ = integrate.quad(improvement, mean - 12 * deviation, best - XI)
    value = np.exp(expected_improvement(*arrays(mean, deviation), best))
    assert value == pytest.approx(direct, rel=1e-5)


def test_expected_improvement_keeps_its_slope_where_it_is_tiny():
    means = np.array([8.0, 19.9, 20.1, 50.0, 500.0])
    values = expected_improvement(means, np.ones(5), XI)
    assert np.all(np.diff(values) < 0)
    assert values[0] == pytest.approx(np.log(7.5499e-17), abs=1e-3)  # Abramowitz, Stegun 26.2.12
    assert values[1] - values[2] == pytest.approx(0.2 * 20, rel=0.01)  # the two branches meet


@pytest.mark.parametrize(("mean", "deviation", "best"), CASES)
def test_probability_of_improvement_is_the_normal_distributions(mean, deviation, best):
    value = np.exp(probability_of_improvement(*arrays(mean, deviation), best))
    assert value == pytest.approx(stats.norm.cdf(best - XI, mean, deviation))


def test_the_confidence_bound_is_mean_and_deviation():
    assert lower_confidence_bound(*arrays(2.0, 0.5), 0.0) == pytest.approx(KAPPA * 0.5 - 2.0)


def test_the_mean_speed_of_a_log_normal_duration_is_scipys():
    speed = stats.lognorm(s=0.7, scale=np.exp(1.5)).expect(lambda t: 1 / t, epsabs=1e-9)
    assert np.exp(log_per_second(*arrays(1.5, 0.7))) == pytest.approx(speed, rel=1e-4)
