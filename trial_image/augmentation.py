"""Images that differ a little each time they are learned from."""

from __future__ import annotations

from collections.abc import Iterator

import keras

from trial_image.settings import Settings, SettingsError

Shape = tuple[int, ...]


def augmentation(settings: Settings, shape: Shape) -> Iterator[keras.layers.Layer]:
    """Layers that change images at random while training, and do nothing at any other time.

    ``shape`` is that of an example. What a shift, a turn or a zoom uncovers repeats the edge.
    """
    flip, shift = settings.random_flip, settings.random_translation
    turn, zoom = settings.random_rotation, settings.random_zoom
    if flip != "none" or shift or turn or zoom:
        check_images("--random_flip, _translation, _rotation and _zoom", shape)
    if flip != "none":
        yield keras.layers.RandomFlip(flip)
    if shift:
        yield keras.layers.RandomTranslation(shift, shift, fill_mode="nearest")
    if turn:
        yield keras.layers.RandomRotation(turn, fill_mode="nearest")
    if zoom:
        yield keras.layers.RandomZoom(zoom, fill_mode="nearest")


def check_images(flag: str, shape: Shape) -> None:
    """Raises :class:`.SettingsError` where ``shape`` is not [height, width, channels]."""
    if len(shape) != 3:
        raise SettingsError(f"{flag}: is for images; the examples have the shape {list(shape)}")
