from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from katib_experiments.algorithms.cells import cells_of
from katib_experiments.algorithms.parzen import (
    NormalKernels,
    ProductMixture,
    kernels_of,
    mixture_weights,
    narrowest,
    neighbour_widths,
)
from katib_experiments.experiment.space import Dimension
from tests.support.builders import categorical, discrete, double, integer

CENTRES = np.array([0.1, 0.9, 0.35, 0.3])
WEIGHTS = mixture_weights(len(CENTRES), 1.0)
FINITE = (
    categorical("x", "a", "b", "c"),
    discrete("x", "1", "2", "4", "8"),
    integer("x", 1, 9, "logUniform"),
    double("x", 0.0, 1.0, "normal", step="0.25"),
)


def density(units: np.ndarray) -> np.ndarray:
    return np.exp(NormalKernels(CENTRES).log_mixture(units, WEIGHTS))


def test_a_continuous_density_is_scipys_mixture_of_truncated_normals():
    units = np.linspace(0.0, 1.0, 11)
    widths = neighbour_widths(CENTRES)
    kernels = stats.truncnorm(-CENTRES / widths, (1 - CENTRES) / widths, CENTRES, widths)
    direct = kernels.pdf(units[:, np.newaxis]) @ WEIGHTS[:-1] + WEIGHTS[-1]
    assert density(units) == pytest.approx(direct)


def test_a_continuous_density_integrates_to_one():
    units = np.linspace(0.0, 1.0, 20_001)
    assert np.trapezoid(density(units), units) == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("parameter", FINITE, ids=lambda parameter: parameter.type)
def test_the_masses_of_a_finite_dimension_sum_to_one(parameter):
    dimension = Dimension(parameter)
    cells = cells_of(dimension)
    kernels = kernels_of(dimension, cells.centres[[0, 0, 1, 2]])
    masses = np.exp(kernels.log_density(cells.centres))
    assert masses.sum(axis=1) == pytest.approx(np.ones(5))
    assert np.exp(kernels.log_mixture(cells.centres, WEIGHTS)) == pytest.approx(WEIGHTS @ masses)


@pytest.mark.parametrize("parameter", FINITE, ids=lambda parameter: parameter.type)
def test_draws_from_a_finite_dimension_follow_its_masses(parameter):
    dimension, rng = Dimension(parameter), np.random.default_rng(0)
    cells = cells_of(dimension)
    kernels = kernels_of(dimension, cells.centres[[0, 0, 1, 2]])
    drawn = kernels.draw(rng.choice(5, size=4000, p=WEIGHTS), rng)
    counts = np.bincount(cells.index(drawn), minlength=len(cells.centres))
    expected = 4000 * np.exp(kernels.log_mixture(cells.centres, WEIGHTS))
    assert stats.chisquare(counts, expected).pvalue > 0.01


def test_draws_from_a_continuous_dimension_follow_its_density():
    rng = np.random.default_rng(0)
    drawn = NormalKernels(CENTRES).draw(rng.choice(5, size=4000, p=WEIGHTS), rng)
    grid = np.linspace(0.0, 1.0, 2001)
    cumulative = np.cumsum(density(grid)) / density(grid).sum()
    assert stats.kstest(drawn, lambda x: np.interp(x, grid, cumulative)).pvalue > 0.01


def test_each_kernel_is_as_wide_as_the_distance_to_its_farther_neighbour():
    assert neighbour_widths(CENTRES) == pytest.approx([0.2, 0.55, 0.55, 0.2])


def test_kernels_narrow_with_the_number_of_observations_down_to_a_hundredth():
    assert [narrowest(n) for n in (1, 9, 1000)] == pytest.approx([0.25, 0.05, 0.01])


def test_neighbouring_values_share_mass_and_categories_do_not():
    ordered = kernels_of(Dimension(discrete("x", *"12345")), np.array([0.1]))
    unordered = kernels_of(Dimension(categorical("x", *"12345")), np.array([0.1]))
    units = np.array([0.3, 0.9])
    near, far = ordered.log_density(units)[0]
    assert near > far
    same, other = unordered.log_density(units)[0]
    assert same == other


def test_recent_observations_weigh_in_full_and_older_ones_less():
    weights = mixture_weights(100, 2.0)
    assert weights.sum() == pytest.approx(1.0)
    assert np.all(np.diff(weights[:75]) > 0)
    assert weights[75:100] == pytest.approx(weights[-1] / 2.0)


def test_a_product_mixture_keeps_together_what_was_observed_together():
    points = np.array([[0.1, 0.1], [0.9, 0.9], [0.12, 0.12], [0.88, 0.88]])
    line = Dimension(double("x", 0.0, 1.0))
    kernels = [kernels_of(line, points[:, column]) for column in range(2)]
    kernels_narrow = ProductMixture(kernels, mixture_weights(4, 0.01))
    together, crossed = kernels_narrow.log_density(np.array([[0.1, 0.1], [0.1, 0.9]]))
    assert together > crossed


def test_the_density_of_no_observation_is_the_prior():
    assert NormalKernels(np.empty(0)).log_mixture(np.array([0.2, 0.8]), np.ones(1)) == (
        pytest.approx([0.0, 0.0])
    )
