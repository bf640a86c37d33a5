"""Every optimizer of Keras's by name, with the arguments that were given."""

from __future__ import annotations

import inspect
from typing import Any

import keras
from keras.optimizers.schedules import LearningRateSchedule

from trial_image.rules import rows
from trial_image.settings import Settings, SettingsError

VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "momentum": ("sgd", {"momentum": 0.9}),
    "nesterov": ("sgd", {"momentum": 0.9, "nesterov": True}),
    # Keras's 1e-30 times 1e-30 is 0 in float32: an input that is always 0 makes weights NaN.
    "adafactor": ("adafactor", {"epsilon_1": 1e-16}),
}
"""Optimizers of Keras's with arguments of ours, which flags of the same names replace."""


def optimizer(
    settings: Settings, learning_rate: float | LearningRateSchedule
) -> keras.optimizers.Optimizer:
    """Raises :class:`.SettingsError` for arguments that the optimizer has not."""
    name, arguments = VARIANTS.get(settings.optimizer, (settings.optimizer, {}))
    kind = optimizer_class(name)
    arguments = arguments | given_arguments(settings)
    accepted = inspect.signature(kind).parameters
    if foreign := [argument for argument in arguments if argument not in accepted]:
        takes = [argument for argument in accepted if argument in rows(Settings)]
        raise SettingsError(
            "\n".join(
                f"--{argument}: is no argument of --optimizer={settings.optimizer}, "
                f"which takes {', '.join(takes)}"
                for argument in foreign
            )
        )
    try:
        return kind(learning_rate=learning_rate, **arguments)
    except ValueError as error:
        raise SettingsError(f"--optimizer={settings.optimizer}: {error}") from error


def optimizer_class(name: str) -> type[keras.optimizers.Optimizer]:
    """The class whose name is ``name`` in small letters."""
    classes = {attribute.lower(): kind for attribute, kind in vars(keras.optimizers).items()}
    if name not in classes:
        raise SettingsError(f"--optimizer={name}: Keras {keras.__version__} does not have it")
    return classes[name]  # type: ignore[no-any-return]


def given_arguments(settings: Settings) -> dict[str, Any]:
    """The optimizer's arguments among the settings: those without a default of ours."""
    named = {
        name: getattr(settings, name) for name, row in rows(Settings).items() if row.default is None
    }
    return {name: value for name, value in named.items() if value is not None}
