"""The epoch loop inside the graph.

Computes what ``Model.fit`` and ``Model.evaluate`` compute, through the same ``train_step`` and
``test_step``, but enters Python once per epoch instead of once per step, and traces the step once.
For models as small as a search's on tables that is less than half of the CPU time of ``fit``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from trial_image.parts import Array, Part, Stream
from trial_image.streams import stream_function

Logs = dict[str, float]
Step = Callable[[Any], dict[str, Any]]


EVALUATION_BATCH = 1024
"""Examples per step where nothing is learned and so only memory sets the limit."""


def prepare(model: keras.Model, part: Part) -> list[str]:
    """Create every variable that a step needs: one made while tracing has the step traced twice.

    Returns the names of the model's metrics.
    """
    outputs = model(part.x[:1])
    model.optimizer.build(model.trainable_variables)
    return list(model.compute_metrics(part.x[:1], part.y[:1], outputs))


def epoch_function(
    model: keras.Model,
    part: Part,
    batch_size: int,
    step: Step,
    *,
    steps_per_execution: int = 0,
    jit_compile: bool = False,
) -> Callable[[Array], Logs]:
    """A function that takes ``step`` over ``part`` in a given order of its examples, and returns
    the model's metrics over them. It ends early, with a loss that is not finite, where the loss
    ceases to be finite.

    ``step`` is ``model.train_step``, ``model.test_step`` or of their kind. ``steps_per_execution``
    of them run between two returns to Python; 0: all.
    """
    if isinstance(part, Stream):
        return stream_function(model, part, step)
    x, y = tf.constant(part.x), tf.constant(part.y)
    if jit_compile:
        step = tf.function(step, jit_compile=True, autograph=False)

    @tf.function(autograph=False, input_signature=[tf.TensorSpec([None], tf.int32)])  # type: ignore[untyped-decorator]
    def steps(order: tf.Tensor) -> dict[str, tf.Tensor]:
        def batch(start: tf.Tensor, _: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            rows = order[start : start + batch_size]
            logs = step((tf.gather(x, rows), tf.gather(y, rows)))
            return start + batch_size, logs["loss"]

        def unfinished(start: tf.Tensor, loss: tf.Tensor) -> tf.Tensor:
            return (start < tf.size(order)) & tf.math.is_finite(loss)

        # parallel_iterations: one step must see the weights of the step before.
        tf.while_loop(unfinished, batch, (0, 0.0), parallel_iterations=1)
        results: dict[str, tf.Tensor] = model.get_metrics_result()
        return results

    def run(order: Array) -> Logs:
        model.reset_metrics()
        examples = steps_per_execution * batch_size or len(order)
        logs: Logs = {}
        for start in range(0, len(order), examples):
            values = steps(tf.constant(order[start : start + examples], tf.int32))
            logs = {name: float(value) for name, value in values.items()}
            if not math.isfinite(logs["loss"]):
                break
        return logs

    return run


def evaluation(model: keras.Model, part: Part) -> Logs:
    """The model's metrics over ``part``, once; by Keras's own loop."""
    if isinstance(part, Stream):
        values = model.evaluate(part.batches, verbose=0, return_dict=True)
    else:
        values = model.evaluate(part.x, part.y, EVALUATION_BATCH, verbose=0, return_dict=True)
    return {name: float(value) for name, value in values.items()}
