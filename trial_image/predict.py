"""Predict the test part of a dataset with every model of a folder.

    python -m trial_image.predict --model=model --dataset=data.npz --output=predictions.npz

``--model`` is a folder as ``trial_image.final`` leaves it, and ``--dataset`` a file of
``trial_image.split``. The file ``--output`` holds ``y``, the true targets [n] (classes numbered),
and ``outputs`` [models, n, classes or 1], those of ``model.keras`` first. Exit codes: 0 written;
3 the model or the data cannot be read.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from trial_image.step_flags import predict_flags

if __name__ == "__main__":  # before TensorFlow, which takes seconds to load
    OWN = predict_flags(sys.argv[1:])
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np

from trial_image.parts import Array

BATCH = 1024


def main(model: Path, dataset: Path, output: Path) -> int:
    """Returns the exit code."""
    try:
        y, outputs = predict(model, dataset)
    except (OSError, ValueError, KeyError) as error:
        print(f"{model} on {dataset}: {error}", file=sys.stderr)  # noqa: T201
        return 3
    output.parent.mkdir(parents=True, exist_ok=True)
    with output.open("wb") as file:
        np.savez(file, y=y, outputs=outputs)
    return 0


def predict(folder: Path, dataset: Path) -> tuple[Array, Array]:
    """The true targets of the test part, and the outputs of every model."""
    names = json.loads((folder / "classes.json").read_text())["classes"]
    with np.load(dataset, allow_pickle=False) as file:
        x, y = file["x_test"], file["y_test"]
    x = (x[..., None] if x.ndim == 3 else x).astype(np.float32)
    outputs = []
    for path in (folder / "model.keras", *sorted(folder.glob("seed-*.keras"))):
        each = keras.models.load_model(path, compile=False).predict(x, BATCH, verbose=0)
        outputs.append(np.hstack([1 - each, each]) if names and each.shape[1] == 1 else each)
    if names:
        return np.searchsorted(np.array(names), y), np.stack(outputs)
    return y, np.stack(outputs)


if __name__ == "__main__":
    sys.exit(main(OWN.model, OWN.dataset, OWN.output))
