"""Texts for a search: read from a table, split, and turned into numbers by a layer of Keras's."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from trial_image.autokeras_settings import SearchSettings
from trial_image.data import SPLIT_SEED, Array, Data, DataError, Part, split_off


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of the training part. AutoKeras would tokenize outside of the model, which could
    then not be used without it; this layer becomes the first one of the best model."""

    layer: keras.layers.TextVectorization

    @property
    def size(self) -> int:
        return int(self.layer.vocabulary_size())

    def numbers(self, part: Part) -> Part:
        """Words as numbers [n, words]: 0 none, 1 unknown, then by falling frequency."""
        return Part(np.asarray(self.layer(tf.constant(part.x)), np.int32), part.y)

    def before(self, model: keras.Model) -> keras.Model:
        """``model``, taking texts [n] instead of numbers."""
        texts = keras.Input((), dtype="string", name="text")
        return keras.Model(texts, model(self.layer(texts)))


def load_texts(settings: SearchSettings) -> tuple[Data, Vocabulary]:
    """Read a .csv file of texts and targets, and split it. Raises :class:`.DataError`."""
    texts, targets = _read(Path(settings.data.dataset), settings.text, settings.data.target)
    names: Array = np.array([])
    if settings.goal == "classification":
        names, y = np.unique(targets, return_inverse=True)
    else:
        y = _numbers(targets)
    strata, random = y if len(names) else np.zeros(len(y)), np.random.default_rng(SPLIT_SEED)
    kept, held = split_off(np.arange(len(y)), strata, settings.data.test_split, random)
    train, validation = split_off(kept, strata, settings.data.validation_split, random)
    if len(names) == 1 or not (len(train) and len(validation)):
        raise DataError(f"{settings.data.dataset}: has too few examples, or one class alone")
    layer = keras.layers.TextVectorization(
        max_tokens=settings.max_tokens, output_sequence_length=settings.output_sequence_length
    )
    layer.adapt(tf.constant(texts[train]))
    vocabulary = Vocabulary(layer)
    data = Data(
        train=vocabulary.numbers(Part(texts[train], y[train])),
        validation=vocabulary.numbers(Part(texts[validation], y[validation])),
        test=vocabulary.numbers(Part(texts[held], y[held])),
        classes=len(names),
        names=tuple(names.tolist()),
    )
    return data, vocabulary


def _read(path: Path, text: str, target: str) -> tuple[Array, Array]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            table = csv.DictReader(file)
            rows = list(table)
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read as a table with a header: {error}") from error
    header = list(table.fieldnames or ())
    if len(header) < 2 or not rows:
        raise DataError(f"{path}: must have a column of texts, a column of targets, and rows")
    text, target = text or header[0], target or header[-1]
    for flag, name in (("--text", text), ("--target", target)):
        if name not in header:
            raise DataError(f'{flag}: received "{name}": must be one of {", ".join(header)}')
    if text == target:
        raise DataError(f'--text: received "{text}": must be another column than the target')
    for number, row in enumerate(rows, start=1):
        if row[text] is None or row[target] is None:
            raise DataError(f"{path}: row {number} has fewer cells than the header")
    return np.array([row[text] for row in rows]), np.array([row[target] for row in rows])


def _numbers(targets: Array) -> Array:
    try:
        y = targets.astype(np.float32)
    except ValueError as error:
        raise DataError("--task=text_regression: the target must be numbers") from error
    if not np.isfinite(y).all():
        raise DataError("--dataset: the target must be finite everywhere")
    return y
