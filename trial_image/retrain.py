"""The best model of an AutoKeras search, trained anew from start weights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from trial_image.data import Data, DataError


@dataclass(frozen=True, slots=True)
class Recipe:
    """What the search found: a network, and how it was trained."""

    model: keras.Model
    hyperparameters: Mapping[str, Any]
    """What the search chose, ``optimizer`` and ``learning_rate`` among it."""
    batch_size: int
    epochs: int
    """Of the best epoch: with the validation part learned from nothing says when to stop."""


def recipe_of(folder: Path) -> Recipe:
    """From the folder that ``trial_image.autokeras_search`` leaves. Raises :class:`.DataError`."""
    try:
        result = json.loads((folder / "result.json").read_text())
        model = keras.models.load_model(folder / "best_model.keras", compile=False)
        return Recipe(
            model=model,
            hyperparameters=result["hyperparameters"],
            batch_size=int(result["settings"]["batch_size"]),
            epochs=int(result["epoch"]),
        )
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"--like={folder}: is no folder of an AutoKeras search: {error}") from error


def retrain(recipe: Recipe, seed: int, data: Data, epochs: int) -> keras.Model:
    """The network with new start weights, trained on ``data.train``."""
    keras.utils.set_random_seed(seed)
    network = keras.models.clone_model(_without_scale(recipe.model))
    loss = "mse"
    if data.classes:
        single = network.output_shape[-1] == 1
        loss = "binary_crossentropy" if single else "sparse_categorical_crossentropy"
    network.compile(_optimizer(recipe), loss)
    network.fit(
        data.train.x,
        data.train.y,
        batch_size=recipe.batch_size,
        epochs=epochs,
        verbose=0,
    )
    return network


def _without_scale(model: keras.Model) -> keras.Model:
    """The model of data that are standardised already; a search leaves that of raw data."""
    first, *others = model.layers
    if not isinstance(first, keras.layers.Normalization):
        return model
    return keras.Sequential([keras.Input(model.input_shape[1:]), *others])


def _optimizer(recipe: Recipe) -> keras.optimizers.Optimizer:
    kinds: Mapping[str, Any] = {
        "adam": keras.optimizers.Adam,
        "sgd": keras.optimizers.SGD,
        "adam_weight_decay": keras.optimizers.AdamW,
    }
    chosen = recipe.hyperparameters
    return kinds[chosen["optimizer"]](learning_rate=float(chosen["learning_rate"]))
