"""The model of a Trial: a multilayer perceptron, compiled."""

from __future__ import annotations

import keras

from trial_image.data import Data
from trial_image.settings import Settings

VARIANTS = {
    "momentum": ("sgd", {"momentum": 0.9}),
    "nesterov": ("sgd", {"momentum": 0.9, "nesterov": True}),
}
"""Names of ours for an optimizer of Keras's with arguments."""


def build(settings: Settings, data: Data) -> keras.Model:
    """``num_layers`` hidden Dense layers over the flattened input, with one logit per class, or
    one value for a regression; compiled."""
    initializer = "he_normal" if settings.activation == "relu" else "glorot_uniform"
    layers: list[keras.layers.Layer] = [
        keras.Input(data.train.x.shape[1:]),
        keras.layers.Flatten(),
    ]
    for _ in range(settings.num_layers):
        layers.append(
            keras.layers.Dense(
                settings.units, activation=settings.activation, kernel_initializer=initializer
            )
        )
        if settings.dropout:
            layers.append(keras.layers.Dropout(settings.dropout))
    layers.append(keras.layers.Dense(data.classes or 1))
    model = keras.Sequential(layers)
    if data.classes:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(optimizer=optimizer(settings), loss=loss, metrics=["accuracy"])
    else:
        model.compile(optimizer=optimizer(settings), loss="mse", metrics=["mae"])
    return model


def optimizer(settings: Settings) -> keras.optimizers.Optimizer:
    name, arguments = VARIANTS.get(settings.optimizer, (settings.optimizer, {}))
    config = {"learning_rate": settings.learning_rate, **arguments}
    return keras.optimizers.get({"class_name": name, "config": config})
