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
from trial_image.parts import Part, Stream
from trial_image.result import with_scale
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
    data = load(replace(settings, data_fraction=1.0))
    epochs = epochs or (recipe.epochs if recipe else best_epochs(settings, data))
    both = together(data)
    settings = replace(settings, early_stopping_patience=0, epochs=epochs, fail_on_divergence=True)
    folder.mkdir(parents=True, exist_ok=True)
    say("the validation part is learned from too: val_ metrics are no judgement from here on")
    for number in range(seeds):
        one = replace(settings, seed=(settings.seed + number) % 2**32)
        say(f"seed {one.seed}: {len(both.train)} examples, {epochs} epochs")
        network = retrain(recipe, one.seed, both, epochs) if recipe else train(one, both)
        model = whole(network, both)
        model.save(folder / (f"seed-{number}.keras" if number else "model.keras"))
        if not number:
            model.export(folder / "saved_model", verbose=False)
            parameters = model.count_params()
    result = {
        "examples": len(both.train),
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


def together(data: Data) -> Data:
    """With the validation part in the training part, both standardised as in the search."""
    if isinstance(data.train, Stream):
        raise DataError("--dataset: the parts of a tf.data.Dataset cannot be put together")
    parts = data.train, data.validation
    x, y = (np.concatenate([getattr(part, name) for part in parts]) for name in ("x", "y"))
    return replace(data, train=Part(x, y))


def whole(network: keras.Model, data: Data) -> keras.Model:
    """``network`` with its scaling before it and, for classes, probabilities after it."""
    scaled = with_scale(network, data)
    outputs = scaled.outputs[0]
    if data.classes and not gives_probabilities(network):
        kind = "sigmoid" if outputs.shape[-1] == 1 else "softmax"
        outputs = keras.layers.Activation(kind, dtype="float32", name="probabilities")(outputs)
    return keras.Model(scaled.inputs[0], outputs, name="final")


def gives_probabilities(network: keras.Model) -> bool:
    last: keras.layers.Layer = network
    while isinstance(last, keras.Model):
        last = last.layers[-1]
    known = keras.activations.softmax, keras.activations.sigmoid
    return isinstance(last, keras.layers.Softmax) or getattr(last, "activation", None) in known


if __name__ == "__main__":
    sys.exit(main(OWN, SETTINGS))
