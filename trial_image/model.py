"""The model of a Trial, compiled."""

from __future__ import annotations

from typing import Any

import keras

from trial_image.data import Data
from trial_image.network import network
from trial_image.optimizers import optimizer
from trial_image.own import own_function
from trial_image.own_arguments import call_own
from trial_image.schedules import learning_rate
from trial_image.settings import Settings, SettingsError


def build(settings: Settings, data: Data) -> keras.Model:
    """The model that the settings describe, or that the user's function returns, compiled.

    It has an output per class, or one for a regression. Raises :class:`.SettingsError`.
    """
    shape = tuple(data.train.x.shape[1:])
    previous = keras.config.dtype_policy()
    keras.config.set_dtype_policy(settings.dtype_policy)
    try:
        if settings.model:
            function = own_function("--model", settings.model)
            model = call_own("--model", function, settings, input_shape=shape, classes=data.classes)
        else:
            model = network(settings, shape, data.classes)
    finally:
        keras.config.set_dtype_policy(previous)
    if not isinstance(model, keras.Model):
        kind = type(model).__name__
        raise SettingsError(f"--model: {settings.model} returns a {kind}, not a keras.Model")
    if not model.built:
        model(data.train.x[:1])
    if not model.compiled:
        compile_model(model, settings, data)
    return model


def compile_model(model: keras.Model, settings: Settings, data: Data) -> None:
    """With the loss and the metric of the task, and the optimizer of the settings."""
    steps_per_epoch = data.train.steps(settings.batch_size)
    loss, metric = loss_and_metric(model, data.classes)
    model.compile(
        optimizer=optimizer(settings, learning_rate(settings, steps_per_epoch)),
        loss=loss,
        metrics=[metric],
        jit_compile=settings.jit_compile,
    )


def loss_and_metric(model: keras.Model, classes: int) -> tuple[Any, Any]:
    """Of a model with an output per class (for two classes one is enough) or with one value.

    Outputs are logits unless the last layer's activation is softmax or sigmoid.
    """
    outputs = model.output_shape[-1] if isinstance(model.output_shape, tuple) else None
    allowed = {0: [1], 2: [2, 1]}.get(classes, [classes])
    if outputs not in allowed:
        raise SettingsError(
            f"--model: received a model with outputs {model.output_shape}: "
            f"must be (None, {allowed[0]}) for this data"
        )
    if not classes:
        return "mse", "mae"
    last = getattr(model.layers[-1], "activation", None)
    logits = last not in (keras.activations.softmax, keras.activations.sigmoid)
    if outputs == 1:
        accuracy = keras.metrics.BinaryAccuracy("accuracy", threshold=0.0 if logits else 0.5)
        return keras.losses.BinaryCrossentropy(from_logits=logits), accuracy
    return keras.losses.SparseCategoricalCrossentropy(from_logits=logits), "accuracy"
