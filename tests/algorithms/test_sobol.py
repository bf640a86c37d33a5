from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import qmc

from katib_experiments.algorithms.base import History
from katib_experiments.algorithms.random import Random
from katib_experiments.algorithms.sobol import Sobol
from tests.support.builders import an_experiment, double

SQUARE = tuple(double(name, 0.0, 1.0) for name in "xy")


def unit_points(search, asked: int, count: int) -> np.ndarray:
    given = search.suggest(History(an_experiment(SQUARE), (), asked), count)
    return np.array([[float(s.assignments[name]) for name in "xy"] for s in given])


@pytest.mark.parametrize("cells", [4, 8, 16])
def test_every_cell_of_an_elementary_net_gets_one_point(cells):
    points = unit_points(Sobol(), 0, cells**2)
    corners = {tuple(cell) for cell in (points * cells).astype(int).tolist()}
    assert len(corners) == cells**2


def test_the_sequence_leaves_a_third_of_the_gaps_that_chance_leaves():
    ours = qmc.discrepancy(unit_points(Sobol(), 0, 100))
    assert ours < qmc.discrepancy(unit_points(Random(), 0, 100)) / 3


@pytest.mark.parametrize("asked", [1, 7, 5000])
def test_the_sequence_goes_on_where_it_was(asked):
    whole = unit_points(Sobol(), asked - 1, 4)
    assert unit_points(Sobol(), asked, 3).tolist() == whole[1:].tolist()
