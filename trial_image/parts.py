"""What data is: examples with their targets, in parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import tensorflow as tf
from numpy.typing import NDArray

Array = NDArray[Any]


class DataError(Exception):
    """The data cannot be had or is not usable; the text is meant for the user."""


@dataclass(frozen=True, slots=True)
class Part:
    """Examples ``x`` [n, …] (float32) and their targets ``y`` [n] (int32 classes or float32)."""

    x: Array
    y: Array

    def __len__(self) -> int:
        return len(self.y)

    def steps(self, batch_size: int) -> int:
        """How many batches make an epoch."""
        return -(-len(self) // batch_size)


@dataclass(frozen=True, slots=True)
class Stream(Part):
    """A ``tf.data.Dataset`` of the user's own, which may be larger than memory: ``batches`` of
    (x [batch, …], y [batch]) in an order of its own.

    ``x`` and ``y`` are its first batch.
    """

    batches: tf.data.Dataset
    examples: int
    """How many it has in all."""
    highest: int
    """The largest target, as a whole number: of classes from 0 on, one less than there are."""

    def __len__(self) -> int:
        return self.examples

    def steps(self, batch_size: int) -> int:  # noqa: ARG002 - it has batches of its own
        return -(-len(self) // len(self.y))


@dataclass(frozen=True, slots=True)
class Source:
    """What was read, before any of it is split or standardised. A missing part is split off."""

    train: Part
    validation: Part | None = None
    test: Part | None = None
