"""The epoch loop over a ``tf.data.Dataset``, inside the graph as that over arrays is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from trial_image.parts import Array, Stream


def stream_function(
    model: keras.Model, stream: Stream, step: Callable[[Any], dict[str, Any]]
) -> Callable[[Array], dict[str, float]]:
    """As :func:`.epoch_function`, for a stream: the order of its examples is its own, and what it
    is asked for goes unheeded. An epoch whose loss ceases to be finite goes through all batches."""

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]
    def epoch() -> dict[str, tf.Tensor]:
        stream.batches.reduce(0.0, lambda _, batch: tf.cast(step(batch)["loss"], tf.float32))
        results: dict[str, tf.Tensor] = model.get_metrics_result()
        return results

    def run(_: Array) -> dict[str, float]:
        model.reset_metrics()
        return {name: float(value) for name, value in epoch().items()}

    return run
