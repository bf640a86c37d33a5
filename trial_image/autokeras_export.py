"""What a search leaves of its best model."""

from __future__ import annotations

import json
import os
from pathlib import Path

import keras
from autokeras.keras_layers import CastToFloat32

from trial_image.autokeras_picture import picture
from trial_image.autokeras_settings import SearchSettings
from trial_image.autokeras_text import Vocabulary
from trial_image.autokeras_trials import Row, write
from trial_image.data import Data
from trial_image.result import with_scale


def export(
    settings: SearchSettings, data: Data, best: keras.Model, row: Row, vocabulary: Vocabulary | None
) -> None:
    """Write the model ``best`` of the trial ``row`` and all that describes it."""
    folder = Path(settings.output_dir)
    model = plain(best)
    write(folder / "summary.txt", summary(model))
    write(folder / "architecture.svg", picture(model))
    model = vocabulary.before(model) if vocabulary else before_standardising(model, data)
    draft = folder / ".best_model.keras"
    model.save(draft)
    os.replace(draft, folder / "best_model.keras")  # noqa: PTH105
    write(folder / "classes.json", json.dumps(meaning(data), indent=1))
    result = {
        "objective": settings.objective,
        **{name: row[name] for name in ("trial", "epoch", "score", "metrics", "hyperparameters")},
        "parameters": model.count_params(),
        "model_bytes": (folder / "best_model.keras").stat().st_size,
        "settings": settings.flags(),
    }
    write(folder / "result.json", json.dumps(result, indent=1))


def plain(model: keras.Model) -> keras.Model:
    """``model`` without AutoKeras's cast at its beginning, so that it can be loaded where there is
    no AutoKeras; the layers and weights are shared."""
    start = next(
        (layer.output for layer in model.layers if isinstance(layer, CastToFloat32)), model.input
    )
    return keras.Model(start, model.output, name="best_model")


def before_standardising(model: keras.Model, data: Data) -> keras.Model:
    """The model that takes data as they were read; images in a row as images."""
    shape = data.train.x.shape[1:]
    if len(model.input_shape) - 1 < len(shape):
        model = keras.Sequential([keras.Input(shape), keras.layers.Flatten(), model])
    return with_scale(model, data)


def meaning(data: Data) -> dict[str, object]:
    """What the outputs of the model are."""
    if not data.classes:
        return {"classes": [], "output": "the value"}
    outputs = "the probability of each class, in this order"
    if data.classes == 2:
        outputs = "the probability of the second class"
    return {"classes": list(data.names), "output": outputs}


def summary(model: keras.Model) -> str:
    lines: list[str] = []
    model.summary(line_length=100, expand_nested=True, print_fn=lines.append)
    return "\n".join(lines) + "\n"
