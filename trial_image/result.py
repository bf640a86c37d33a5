"""What a Trial leaves behind: its best model, and all there is to say of it."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

import keras

from trial_image.data import Data
from trial_image.epochs import evaluation
from trial_image.errors import OutputError
from trial_image.settings import Settings

REPEATS = 20
"""Predictions of which the median time is the latency."""

Logs = Mapping[str, float]


class History(keras.callbacks.Callback):  # type: ignore[misc]
    """The metrics of each epoch, in :attr:`epochs`."""

    def __init__(self) -> None:
        super().__init__()
        self.epochs: list[dict[str, float]] = []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epochs.append({"epoch": epoch + 1, **(logs or {})})


def write_result(
    model: keras.Model, settings: Settings, data: Data, history: list[dict[str, float]]
) -> None:
    """Write ``model.keras``, ``result.json`` and, where asked for, the SavedModel ``export`` to
    ``settings.output_dir``. Both models take data as they were before they were standardised, and
    give what the model gives: logits, if it is one of ours. Raises :class:`.OutputError`."""
    folder = Path(settings.output_dir)
    file = folder / "model.keras"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        whole = with_scale(model, data)
        whole.save(file)
        if settings.export_model:
            whole.export(folder / "export", verbose=False)
        result = {
            **measured(model, data, settings.batch_size),
            "model_bytes": file.stat().st_size,
            "classes": list(data.names),
            "settings": asdict(settings),
            "history": history,
        }
        text = json.dumps(finite(result), indent=2, default=str)
        part = folder / ".result.json"
        part.write_text(text + "\n", encoding="utf-8")
        part.replace(folder / "result.json")
    except OSError as error:
        raise OutputError(f"--output_dir={folder}: cannot be written: {error}") from error


def with_scale(model: keras.Model, data: Data) -> keras.Model:
    """The model behind a layer that standardises its input, where the data were standardised."""
    if data.scale is None:
        return model
    mean, deviation = data.scale
    layer = keras.layers.Normalization(axis=-1, mean=mean, variance=deviation**2)
    return keras.Sequential([keras.Input(data.train.x.shape[1:]), layer, model])


def measured(model: keras.Model, data: Data, batch_size: int) -> dict[str, Any]:
    """What the model is and does: its metrics on the training and the validation part, both as
    they are without dropout, and what follows from them."""
    train, validation = evaluation(model, data.train), evaluation(model, data.validation)
    return {
        "train": train,
        "validation": validation,
        "generalization_gap": {name: validation[name] - train[name] for name in train},
        **errors(train, validation),
        "parameters": model.count_params(),
        "inference": {"batch_size": batch_size, "seconds": latency(model, data, batch_size)},
    }


def errors(train: Logs, validation: Logs) -> dict[str, float]:
    """Bias, the error on what was learned from: large where the model is too small or too little
    trained. Variance, by how much more it errs on what it has not seen: large where it learns by
    heart. The error is 1 - accuracy, or the loss where there is no accuracy."""
    known, unseen = (
        1 - values["accuracy"] if "accuracy" in values else values["loss"]
        for values in (train, validation)
    )
    return {"bias": known, "variance": unseen - known}


def latency(model: keras.Model, data: Data, batch_size: int) -> float:
    """Seconds until the predictions for one batch are there: the median, after a first one that
    is not counted since it compiles."""
    batch = data.validation.x[:batch_size]
    model.predict_on_batch(batch)
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        model.predict_on_batch(batch)
        seconds.append(time.perf_counter() - start)
    return median(seconds)


def finite(value: Any) -> Any:  # noqa: ANN401
    """``value`` with null for each number that JSON has no word for."""
    if isinstance(value, Mapping):
        return {key: finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
