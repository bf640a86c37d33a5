"""Train the final model on the training and the validation part together, once per seed.

    python -m trial_image.final --output=model --seeds=3 --dataset=data.npz --learning_rate=0.003
    python -m trial_image.final --output=model --like=autokeras --dataset=data.npz

The flags are those of the best Trial of ``trial_image.train``; with ``--like`` the network and the
optimizer are those of the best model in the folder of an AutoKeras search. The folder ``--output``
then holds

    model.keras      takes examples as they come and gives probabilities; seed-1.keras … the others
    saved_model/     the same as model.keras, as a SavedModel
    classes.json     what its outputs mean
    result.json      what it was made of

``model.keras`` is the first seed's, fixed before anyone looks at the test part. Exit codes: 0
trained; 2 wrong flags; 3 the data cannot be had; 4 diverged.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from trial_image.settings import Settings, SettingsError
from trial_image.step_flags import final_flags

if __name__ == "__main__":  # before TensorFlow, which takes seconds to load
    OWN, SETTINGS = final_flags(sys.argv[1:])
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np

from trial_image.callbacks import say
from trial_image.data import Data, DataError, load
from trial_image.own import OwnCodeError
from trial_image.parts import Array, Part
from trial_image.retrain import Recipe, recipe_of, retrain
from trial_image.train import DivergedError, train

EXIT_CODES = {SettingsError: 2, OwnCodeError: 2, DataError: 3, DivergedError: 4}


def main(own: argparse.Namespace, settings: Settings) -> int:
    """Returns the exit code."""
    settings = replace(settings, output_dir="", checkpoint_dir="", metrics="lines")
    try:
        recipe = recipe_of(own.like) if own.like else None
        write(own.output, settings, own.seeds, recipe, own.final_epochs)
    except tuple(EXIT_CODES) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return EXIT_CODES[type(error)]
    return 0


def write(
    folder: Path, settings: Settings, seeds: int, recipe: Recipe | None, epochs: int = 0
) -> None:
    """Train ``seeds`` models and write all that the module's text lists; without ``epochs`` for as
    many as were best in the search."""
    data = load(settings)
    epochs = epochs or (recipe.epochs if recipe else best_epochs(settings, data))
    raw, y = raw_training(settings, data)
    scale = scaling(raw)
    both = replace(data, train=Part(np.asarray(scale(raw), np.float32), y))
    settings = replace(settings, early_stopping_patience=0, epochs=epochs, fail_on_divergence=True)
    folder.mkdir(parents=True, exist_ok=True)
    say("the validation part is learned from too: val_ metrics are no judgement from here on")
    for number in range(seeds):
        one = replace(settings, seed=(settings.seed + number) % 2**32)
        say(f"seed {one.seed}: {len(y)} examples, {epochs} epochs")
        network = retrain(recipe, one.seed, both, epochs) if recipe else train(one, both)
        model = whole(network, scale, raw.shape[1:], data.classes)
        model.save(folder / (f"seed-{number}.keras" if number else "model.keras"))
        if not number:
            model.export(folder / "saved_model", verbose=False)
            parameters = model.count_params()
    result = {
        "examples": len(y),
        "epochs": epochs,
        "seeds": seeds,
        "parameters": parameters,
        "hyperparameters": recipe.hyperparameters if recipe else {},
    }
    (folder / "classes.json").write_text(json.dumps({"classes": list(data.names)}))
    (folder / "result.json").write_text(json.dumps(result))


def best_epochs(settings: Settings, data: Data) -> int:
    """How long to train where nothing is left to watch. With early stopping: as long as was best
    on the validation part, while that is still unseen."""
    if not settings.early_stopping_patience:
        return settings.epochs
    with tempfile.TemporaryDirectory() as folder:
        train(replace(settings, output_dir=folder), data)
        history = json.loads(Path(folder, "result.json").read_text())["history"]
    monitor, mode = settings.early_stopping_monitor, settings.early_stopping_mode
    rising = mode == "max" or (mode == "auto" and "acc" in monitor)
    best = (max if rising else min)(history, key=lambda epoch: epoch[monitor])
    return int(best["epoch"])


def raw_training(settings: Settings, data: Data) -> tuple[Array, Array]:
    """Training and validation part as the file has them, and their targets numbered."""
    with np.load(settings.dataset, allow_pickle=False) as file:
        x, y = file["x_train"], file["y_train"]
    x = (x[..., None] if x.ndim == 3 else x).astype(np.float32)
    if not data.classes:
        return x, y.astype(np.float32)
    return x, np.searchsorted(np.array(data.names), y).astype(np.int32)


def scaling(x: Array) -> keras.layers.Layer:
    """A layer that standardises as the data of a Trial are; a constant channel keeps its scale."""
    axes = tuple(range(x.ndim - 1))
    variance = x.var(axes, dtype=np.float64)
    return keras.layers.Normalization(
        mean=x.mean(axes, dtype=np.float64), variance=np.where(variance > 0, variance, 1)
    )


def whole(
    network: keras.Model, scale: keras.layers.Layer, shape: tuple[int, ...], classes: int
) -> keras.Model:
    """``network`` with its scaling before it and, for classes, probabilities after it."""
    examples = keras.Input(shape, name="examples")
    outputs = network(scale(examples))
    if classes and not gives_probabilities(network):
        kind = "sigmoid" if network.output_shape[-1] == 1 else "softmax"
        outputs = keras.layers.Activation(kind, dtype="float32", name="probabilities")(outputs)
    return keras.Model(examples, outputs, name="final")


def gives_probabilities(network: keras.Model) -> bool:
    last: keras.layers.Layer = network
    while isinstance(last, keras.Model):
        last = last.layers[-1]
    known = keras.activations.softmax, keras.activations.sigmoid
    return isinstance(last, keras.layers.Softmax) or getattr(last, "activation", None) in known


if __name__ == "__main__":
    sys.exit(main(OWN, SETTINGS))
