"""Finite dimensions seen from the unit interval: each value owns a cell of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from katib_experiments.experiment.space import Dimension, Space

FloatArray = npt.NDArray[np.float64]

MOST_CELLS = 256
"""Finer numeric dimensions are treated as continuous and rounded only at the end."""


@dataclass(frozen=True, eq=False)
class Cells:
    """``edges`` has one entry more than ``centres``, from 0 to 1. A dimension has one instance,
    which is equal to itself only."""

    edges: FloatArray
    centres: FloatArray
    """What :meth:`Dimension.to_unit` gives for each value."""

    @property
    def widths(self) -> FloatArray:
        """The prior probability of each value."""
        return np.diff(self.edges)

    def index(self, units: FloatArray) -> npt.NDArray[np.intp]:
        return np.searchsorted(self.edges[1:-1], units, side="right")


@lru_cache(maxsize=256)
def cells_of(dimension: Dimension) -> Cells | None:
    """The cells of a finite dimension; None for a continuous or very fine one."""
    size = dimension.size
    if size is None or (dimension.numeric and size > MOST_CELLS):
        return None
    centres = np.array([dimension.to_unit(dimension.value(i)) for i in range(size)], dtype=float)
    if dimension.choices is not None:
        return Cells(np.arange(size + 1) / size, centres)
    numbers = [float(dimension.value(i)) for i in range(size)]
    between = [repr((low + high) / 2) for low, high in pairwise(numbers)]
    inner = [dimension.to_unit(text) for text in between]
    return Cells(np.array([0.0, *inner, 1.0], dtype=float), centres)


def snapped(space: Space, points: FloatArray) -> FloatArray:
    """``points``, shape ``(k, dimensions)``, moved to the middle of their cells."""
    columns = [
        _snapped(dimension, points[:, column]) for column, dimension in enumerate(space.dimensions)
    ]
    return np.column_stack(columns)


def _snapped(dimension: Dimension, units: FloatArray) -> FloatArray:
    cells = cells_of(dimension)
    if cells is not None:
        return cells.centres[cells.index(units)]
    if dimension.size is None:
        return units
    texts = [dimension.from_unit(float(unit)) for unit in units]
    return np.array([dimension.to_unit(text) for text in texts], dtype=float)


def every_point(space: Space, most: int) -> FloatArray | None:
    """All points of a space of at most ``most``, shape ``(size, dimensions)``; else None."""
    if space.size is None or space.size > most:
        return None
    cells = [cells_of(dimension) for dimension in space.dimensions]
    axes = [found.centres for found in cells if found is not None]
    if len(axes) < len(cells):
        return None
    grid: FloatArray = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    return grid.reshape(-1, len(axes))
