"""The feasible space as mathematics: every parameter as a map between text and the unit interval.

``Dimension.from_unit`` is the inverse of the parameter's cumulative distribution, so that a uniform
draw in [0, 1) becomes a draw with the declared distribution, inside the bounds and on the step.
Normal distributions are Katib's (hyperopt's): mean at the middle of the bounds and a sixth of their
width as deviation, in log space for ``logNormal``; here they are truncated to the bounds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from statistics import NormalDist

from katib_experiments.experiment.model import (
    Distribution,
    Experiment,
    FeasibleSpace,
    Parameter,
    ParameterType,
    finite,
)


@dataclass(frozen=True)
class Dimension:
    """One parameter. Continuous where :attr:`size` is None, else a list of ``size`` values."""

    parameter: Parameter

    @property
    def name(self) -> str:
        return self.parameter.name

    @property
    def space(self) -> FeasibleSpace:
        return self.parameter.feasible_space

    @property
    def numeric(self) -> bool:
        """Whether distance means something: all but categorical."""
        return self.parameter.type is not ParameterType.CATEGORICAL

    @cached_property
    def log(self) -> bool:
        return self.space.distribution in (Distribution.LOG_UNIFORM, Distribution.LOG_NORMAL)

    @cached_property
    def choices(self) -> tuple[str, ...] | None:
        """The list of a categorical or discrete parameter; None for int and double."""
        return self.space.list if self.space.list else None

    @cached_property
    def size(self) -> int | None:
        """How many values there are; None where they are continuous."""
        if self.choices is not None:
            return len(self.choices)
        if self._step is None:
            return None
        return int((Decimal(self.space.max) - Decimal(self.space.min)) // self._step) + 1

    @cached_property
    def _step(self) -> Decimal | None:
        if self.space.step:
            return Decimal(self.space.step)
        return Decimal(1) if self.parameter.type is ParameterType.INT else None

    @cached_property
    def bounds(self) -> tuple[float, float]:
        """Lowest and highest number that can come out; of a discrete list, its extremes."""
        if self.choices is not None:
            numbers = [float(choice) for choice in self.choices]
            return min(numbers), max(numbers)
        if self.size is None:
            return float(self.space.min), float(self.space.max)
        return float(self.value(0)), float(self.value(self.size - 1))

    def value(self, index: int) -> str:
        """The ``index``-th value of a finite dimension, as text."""
        if self.choices is not None:
            return self.choices[index]
        assert self._step is not None
        exact = Decimal(self.space.min) + index * self._step
        if self.parameter.type is ParameterType.INT:
            return str(int(exact))
        return repr(float(exact))

    def index(self, text: str) -> int | None:
        """The inverse of :meth:`value`, the nearest for a number; None for what is not here."""
        if self.choices is not None:
            found = self._index_of.get(text)
            return self._number_of.get(finite(text)) if found is None else found
        number = finite(text)
        if number is None or self._step is None or self.size is None:
            return None
        index = round((number - self.bounds[0]) / float(self._step))
        return min(max(index, 0), self.size - 1)

    @cached_property
    def _index_of(self) -> Mapping[str, int]:
        return {choice: i for i, choice in enumerate(self.space.list)}

    @cached_property
    def _number_of(self) -> Mapping[float | None, int]:
        """A discrete list may be answered as ``0.10`` for ``0.1``."""
        if self.parameter.type is not ParameterType.DISCRETE:
            return {}
        return {finite(choice): i for i, choice in enumerate(self.space.list)}

    # The distribution is over an axis (the value, or its logarithm) between two edges; a stepped
    # parameter owns half a step on either side of each value, so that all cells are fair.

    @cached_property
    def _edges(self) -> tuple[float, float]:
        low, high = self.bounds
        if self._step is not None:
            half = float(self._step) / 2
            low, high = (max(low - half, low / 2) if self.log else low - half), high + half
        return (math.log(low), math.log(high)) if self.log else (low, high)

    @cached_property
    def _truncated(self) -> tuple[NormalDist, float, float] | None:
        """The normal distribution on the axis and its cumulative value at both edges."""
        if self.space.distribution not in (Distribution.NORMAL, Distribution.LOG_NORMAL):
            return None
        low, high = float(self.space.min), float(self.space.max)
        if self.log:
            low, high = math.log(low), math.log(high)
        if high <= low:
            return None
        normal = NormalDist((low + high) / 2, (high - low) / 6)
        return normal, normal.cdf(self._edges[0]), normal.cdf(self._edges[1])

    def from_unit(self, unit: float) -> str:
        """The value at ``unit`` in [0, 1] of the cumulative distribution, as text."""
        if self.choices is not None:
            return self.choices[min(int(unit * len(self.choices)), len(self.choices) - 1)]
        number = self._quantile(unit)
        if self.size is not None:
            return self.value(_clamp_index(number, self.bounds[0], self._step, self.size))
        low, high = self.bounds
        return repr(float(min(max(number, low), high)))  # numpy's numbers have another repr

    def _quantile(self, unit: float) -> float:
        low, high = self._edges
        if self._truncated is None:
            axis = low + unit * (high - low)
        else:
            normal, below, above = self._truncated
            probability = below + unit * (above - below)
            axis = normal.inv_cdf(min(max(probability, 1e-12), 1 - 1e-12))
        return math.exp(axis) if self.log else axis

    def to_unit(self, text: str) -> float | None:
        """Where ``text`` lies in [0, 1] of the cumulative distribution; None for what is not in
        this dimension (a foreign Trial). Of a list, the middle of the entry's cell; a number
        between two steps lies between them here too."""
        if self.choices is not None:
            index = self.index(text)
            return None if index is None else (index + 0.5) / len(self.choices)
        number = finite(text)
        low, high = self.bounds
        if number is None or not low <= number <= high:
            return None
        axis = math.log(number) if self.log else number
        bottom, top = self._edges
        if self._truncated is None:
            return (axis - bottom) / (top - bottom) if top > bottom else 0.5
        normal, below, above = self._truncated
        return (normal.cdf(axis) - below) / (above - below)


def _clamp_index(number: float, low: float, step: Decimal | None, size: int) -> int:
    assert step is not None
    return min(max(round((number - low) / float(step)), 0), size - 1)


@dataclass(frozen=True)
class Space:
    """All dimensions, in the document's order."""

    dimensions: tuple[Dimension, ...]

    @classmethod
    def of(cls, experiment: Experiment) -> Space:
        return cls(tuple(Dimension(parameter) for parameter in experiment.parameters))

    def __len__(self) -> int:
        return len(self.dimensions)

    @cached_property
    def size(self) -> int | None:
        """How many points there are; None where any dimension is continuous."""
        sizes = [dimension.size for dimension in self.dimensions]
        return None if None in sizes else math.prod(size for size in sizes if size is not None)

    def from_unit(self, units: Sequence[float]) -> dict[str, str]:
        """Point of the unit cube, shape ``(len(self),)``, to assignments."""
        return {
            dimension.name: dimension.from_unit(unit)
            for dimension, unit in zip(self.dimensions, units, strict=True)
        }

    def to_unit(self, assignments: Mapping[str, str]) -> list[float] | None:
        """The inverse of :meth:`from_unit`; None where any parameter is missing or foreign."""
        units = []
        for dimension in self.dimensions:
            unit = dimension.to_unit(assignments.get(dimension.name, ""))
            if unit is None:
                return None
            units.append(unit)
        return units
