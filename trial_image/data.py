"""The data of a Trial: read, split in three, standardised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from trial_image.files import read
from trial_image.own_data import read_own
from trial_image.parts import Array, DataError, Part, Source, Stream
from trial_image.settings import Settings, kind_of

__all__ = ["Array", "Data", "DataError", "Part", "Stream", "load", "split_off", "task_of"]

SPLIT_SEED = 20260101
"""Of the split alone: Trials of every ``--seed`` are judged on the same examples."""

Task = Literal["classification", "regression"]


@dataclass(frozen=True, slots=True)
class Data:
    train: Part
    validation: Part
    test: Part | None
    """For the final model alone; no Trial looks at it. None: streams came without one."""
    classes: int
    """How many; 0: the targets are numbers, not classes."""
    names: tuple[Any, ...] = ()
    """What the data calls each class, by its number."""
    scale: tuple[Array, Array] | None = None
    """Mean and deviation of each channel or column before they were standardised."""


def load(settings: Settings) -> Data:
    """Read ``settings.dataset``, split what has no parts, and standardise it by what the training
    part shows; streams of the user's own stay as they are.

    Images are [n, height, width, channels], tables [n, columns]. Raises :class:`.DataError`.
    """
    source = read_own(settings) if kind_of(settings.dataset) == "function" else read(settings)
    if isinstance(source.train, Stream):
        return _streamed(source, settings)
    source, names = _numbered(_checked(source), settings)
    train, validation, test = _parts(source, settings, stratified=bool(names))
    mean, deviation = _moments(train.x.astype(np.float32))

    def ready(part: Part) -> Part:
        x = part.x.astype(np.float32)
        x -= mean
        x /= deviation
        return Part(x, part.y.astype(np.int32 if names else np.float32))

    scale = (mean, deviation)
    return Data(ready(train), ready(validation), ready(test), len(names), names, scale)


def _checked(source: Source) -> Source:
    shape = source.train.x.shape[1:]
    for part in (source.train, source.validation, source.test):
        if part is None:
            continue
        if len(part.x) != len(part.y):
            raise DataError(f"--dataset: x has {len(part.x)} examples and y {len(part.y)}")
        if part.x.shape[1:] != shape:
            raise DataError("--dataset: the examples of two parts have not one shape")
    return source


def _numbered(source: Source, settings: Settings) -> tuple[Source, tuple[Any, ...]]:
    """With the number of its class for each target, and what the numbers stand for; as it is, and
    nothing, for a regression."""
    if task_of(source.train.y, settings.task) == "regression":
        return source, ()
    names = np.unique(source.train.y)
    if len(names) < 2:
        raise DataError("--dataset: all examples are of one class")

    def numbered(part: Part | None) -> Part | None:
        return None if part is None else Part(part.x, _positions(part.y, names))

    train = Part(source.train.x, np.searchsorted(names, source.train.y))
    parts = Source(train, numbered(source.validation), numbered(source.test))
    return parts, tuple(names.tolist())


def _parts(source: Source, settings: Settings, *, stratified: bool) -> tuple[Part, Part, Part]:
    """Training, validation and test part; those that are missing are split off the first."""
    x, y = source.train.x, source.train.y
    strata = y if stratified else np.zeros(len(y))
    random, rows = np.random.default_rng(SPLIT_SEED), np.arange(len(y))
    test, validation = source.test, source.validation
    if test is None:
        rows, held = split_off(rows, strata, settings.test_split, random)
        test = Part(x[held], y[held])
    if validation is None:
        rows, held = split_off(rows, strata, settings.validation_split, random)
        validation = Part(x[held], y[held])
    if not (len(rows) and len(validation)):
        raise DataError(f"--dataset: {len(y)} examples are too few for the shares asked for")
    rows = _fraction(rows, strata, settings.data_fraction)
    return Part(x[rows], y[rows]), validation, test


def _streamed(source: Source, settings: Settings) -> Data:
    train, validation = source.train, source.validation
    assert isinstance(train, Stream)
    assert validation is not None
    if settings.data_fraction < 1:
        raise DataError("--data_fraction: is for arrays; a tf.data.Dataset can be cut by its maker")
    whole = np.issubdtype(train.y.dtype, np.integer)
    if settings.task == "regression" or (settings.task == "auto" and not whole):
        return Data(train, validation, source.test, classes=0)
    classes = train.highest + 1
    return Data(train, validation, source.test, classes, tuple(range(classes)))


def task_of(y: Array, asked: str) -> Task:
    numeric = np.issubdtype(y.dtype, np.number)
    if numeric and not np.isfinite(y).all():
        raise DataError("--dataset: the target must be finite everywhere")
    if asked == "regression" and not numeric:
        raise DataError("--task=regression: the target must be numbers, and it has names")
    if asked == "auto":
        many = numeric and ((y != np.round(y)).any() or len(np.unique(y)) > 100)
        return "regression" if many else "classification"
    return "regression" if asked == "regression" else "classification"


def _positions(y: Array, names: Array) -> Array:
    """Where each of ``y`` stands in the sorted ``names``."""
    if unknown := set(y.tolist()) - set(names.tolist()):
        raise DataError(f"--dataset: a part has classes that training lacks: {unknown}")
    return np.searchsorted(names, y)


def split_off(
    rows: Array, strata: Array, share: float, random: np.random.Generator
) -> tuple[Array, Array]:
    """``rows`` in two, the second with ``share`` of every stratum, to half an example.

    scikit-learn's ``train_test_split`` refuses a stratum of one example; a table may have one.
    """
    first, second = [], []
    for stratum in np.unique(strata[rows]):
        members = random.permutation(rows[strata[rows] == stratum])
        cut = round(share * len(members))
        first.append(members[cut:])
        second.append(members[:cut])
    return np.sort(np.concatenate(first)), np.sort(np.concatenate(second))


def _fraction(rows: Array, strata: Array, share: float) -> Array:
    """``share`` of every stratum of ``rows``, at least one example of it. A larger share holds all
    of a smaller one, so that learning curves over the amount of data are of one growing set."""
    random = np.random.default_rng(SPLIT_SEED)
    kept = []
    for stratum in np.unique(strata[rows]):
        members = random.permutation(rows[strata[rows] == stratum])
        kept.append(members[: max(1, round(share * len(members)))])
    return np.sort(np.concatenate(kept))


def _moments(x: Array) -> tuple[Array, Array]:
    """Mean and standard deviation of each channel or column; a constant one keeps its scale."""
    axes = tuple(range(x.ndim - 1))
    mean = x.mean(axes, dtype=np.float64).astype(np.float32)
    deviation = np.sqrt(np.square(x - mean).mean(axes, dtype=np.float64))
    return mean, np.where(deviation > 0, deviation, 1).astype(np.float32)
