"""The networks that a Trial has without a model of the user's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras

from trial_image.augmentation import augmentation, check_images
from trial_image.initializers import initializer_name
from trial_image.settings import Settings

Layers = Iterator[keras.layers.Layer]
Shape = tuple[int, ...]


def network(settings: Settings, shape: Shape, classes: int) -> keras.Model:
    """``--architecture`` for examples of ``shape``, with one logit per class, or one value where
    there are no classes. Raises :class:`.SettingsError`."""
    hidden_layers = {"mlp": perceptron, "cnn": convolutions}[settings.architecture]
    return keras.Sequential(
        [
            keras.Input(shape),
            *augmentation(settings, shape),
            *hidden_layers(settings, shape),
            keras.layers.Dense(
                classes or 1,
                kernel_initializer=initializer_name(settings.kernel_initializer, "linear"),
                kernel_regularizer=regularizer(settings),
                # half precision is too coarse for a loss
                dtype="float64" if settings.dtype_policy == "float64" else "float32",
            ),
        ]
    )


def perceptron(settings: Settings, _shape: Shape) -> Layers:
    """``num_layers`` hidden Dense layers over the flattened input."""
    yield keras.layers.Flatten()
    for _ in range(settings.num_layers):
        yield from hidden(settings, keras.layers.Dense, units=settings.units)
        yield from dropout(settings)


def convolutions(settings: Settings, shape: Shape) -> Layers:
    """``num_layers`` convolutions, each with a pooling that halves the sides while they can be,
    then a Dense layer. ``filters`` double with each pooling, so that layers cost about the same."""
    check_images("--architecture=cnn", shape)
    filters, side = settings.filters, min(shape[:2])
    for _ in range(settings.num_layers):
        yield from hidden(
            settings,
            keras.layers.Conv2D,
            filters=filters,
            kernel_size=settings.kernel_size,
            padding="same",
        )
        if side >= 2:
            yield keras.layers.MaxPooling2D()
            filters, side = filters * 2, side // 2
        yield from dropout(settings)
    yield keras.layers.Flatten()
    yield from hidden(settings, keras.layers.Dense, units=settings.units)
    yield from dropout(settings)


def hidden(settings: Settings, kind: type[keras.layers.Layer], **shape: Any) -> Layers:  # noqa: ANN401
    """A layer with its activation, and where asked for a normalization between the two, which
    makes a bias before it pointless (Ioffe and Szegedy 2015, section 3.2)."""
    normalized = settings.batch_normalization
    yield kind(
        **shape,
        activation=None if normalized else settings.activation,
        use_bias=not normalized,
        kernel_initializer=initializer_name(settings.kernel_initializer, settings.activation),
        kernel_regularizer=regularizer(settings),
    )
    if normalized:
        yield keras.layers.BatchNormalization()
        yield keras.layers.Activation(settings.activation)


def dropout(settings: Settings) -> Layers:
    if settings.dropout:
        yield keras.layers.Dropout(settings.dropout)


def regularizer(settings: Settings) -> keras.regularizers.Regularizer | None:
    if not (settings.l1 or settings.l2):
        return None
    return keras.regularizers.L1L2(settings.l1, settings.l2)
