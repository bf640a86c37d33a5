"""The parameter that multi-fidelity searches spend (epochs, say), apart from those they search."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from katib_experiments.algorithms.base import History
from katib_experiments.experiment.model import Parameter
from katib_experiments.experiment.space import Dimension, Space

Configuration = Mapping[str, str]
"""Assignments of all parameters but the resource."""


@dataclass(frozen=True)
class Budget:
    parameters: tuple[Parameter, ...]
    resource: str
    """``resource_name``: the parameter that is set, not searched."""

    @classmethod
    def of(cls, history: History) -> Budget:
        return cls(history.experiment.parameters, history.settings["resource_name"])

    @cached_property
    def space(self) -> Space:
        """The parameters that are searched."""
        others = (p for p in self.parameters if p.name != self.resource)
        return Space(tuple(map(Dimension, others)))

    @cached_property
    def _dimension(self) -> Dimension:
        return next(Dimension(p) for p in self.parameters if p.name == self.resource)

    def configuration(self, seed: int, number: int) -> Configuration:
        """Draw ``number`` from the declared distributions."""
        units = np.random.default_rng([seed, number]).random(len(self.space))
        return self.space.from_unit(units.tolist())

    def amount(self, resource: float) -> str:
        """The feasible value nearest to ``resource``, as text."""
        dimension = self._dimension
        if dimension.choices is not None:
            return min(dimension.choices, key=lambda choice: abs(float(choice) - resource))
        low, high = dimension.bounds
        nearest = repr(min(max(resource, low), high))
        index = dimension.index(nearest)
        return nearest if index is None else dimension.value(index)

    def assignments(self, configuration: Configuration, amount: str) -> dict[str, str]:
        """In the document's order."""
        return {p.name: configuration.get(p.name, amount) for p in self.parameters}


def halvings(most: float, least: float, eta: float) -> int:
    """How often ``most`` can be divided by ``eta`` without falling below ``least``."""
    # 243 is 3 ** 5, but its logarithm divided by that of 3 is 4.999…
    return max(math.floor(math.log(most / least, eta) + 1e-9), 0)
