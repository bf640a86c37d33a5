"""The start weights: which initializer, and what came of it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

RECTIFIERS = ("relu", "leaky_relu")
TRUNCATION = 0.87962566103423978
"""Standard deviation of a normal distribution of deviation 1 that is cut at -2 and 2."""


def initializer_name(name: str, activation: str) -> str:
    """``auto``: He normal before a rectifier, which halves the variance (He et al. 2015), else
    Glorot uniform (Glorot and Bengio 2010)."""
    if name != "auto":
        return name
    return "he_normal" if activation in RECTIFIERS else "glorot_uniform"


@dataclass(frozen=True, slots=True)
class Spread:
    """How the kernel of a layer was drawn."""

    layer: str
    initializer: str
    fan_in: int
    fan_out: int
    limit: float
    """No weight is further from 0: by the initializer's formula, or as found where it has none."""
    stddev: float
    """By the formula, or as found."""


def spreads(model: keras.Model) -> Iterator[Spread]:
    """Of every layer with a kernel, in the model's order. To be called before training."""
    for layer in model._flatten_layers(include_self=False):
        kernel, initializer = (
            getattr(layer, name, None) for name in ("kernel", "kernel_initializer")
        )
        if kernel is None or initializer is None:
            continue
        fan_in, fan_out = fans(tuple(kernel.shape))
        limit, stddev = formula(initializer, fan_in, fan_out) or found(kernel.numpy())
        yield Spread(layer.name, type(initializer).__name__, fan_in, fan_out, limit, stddev)


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """Inputs and outputs of one unit, of a kernel [window …, inputs, outputs]."""
    window = math.prod(shape[:-2])
    return window * math.prod(shape[-2:-1]), window * shape[-1]


def formula(
    initializer: keras.initializers.Initializer, fan_in: int, fan_out: int
) -> tuple[float, float] | None:
    """(limit, standard deviation) of the initializers whose variance is scale / fan."""
    if not isinstance(initializer, keras.initializers.VarianceScaling):
        return None
    fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}
    stddev = math.sqrt(initializer.scale / fan[initializer.mode])
    match initializer.distribution:
        case "uniform":
            return math.sqrt(3) * stddev, stddev
        case "truncated_normal":
            return 2 * stddev / TRUNCATION, stddev
    return None


def found(kernel: NDArray[Any]) -> tuple[float, float]:
    """(largest absolute value, standard deviation)."""
    return float(np.abs(kernel).max()), float(kernel.std(dtype=np.float64))


def spread_text(spread: Spread) -> str:
    """One line; by Katib's default filter it has the metrics fan_in, fan_out, limit and stddev."""
    return (
        f"initializer of {spread.layer}: {spread.initializer} fan_in={spread.fan_in} "
        f"fan_out={spread.fan_out} limit={spread.limit:.6g} stddev={spread.stddev:.6g}"
    )
