"""The data of a Trial: read, split in three, standardised."""

from __future__ import annotations

import contextlib
import csv
import gzip
import os
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from trial_image.settings import IDX_DATASETS, Settings

SPLIT_SEED = 20260101
"""Of the split alone: Trials of every ``--seed`` are judged on the same examples."""

FLOAT32_MAX = float(np.finfo(np.float32).max)

Array = NDArray[Any]
Task = Literal["classification", "regression"]


class DataError(Exception):
    """The data cannot be had or is not usable; the text is meant for the user."""


@dataclass(frozen=True, slots=True)
class Part:
    """Examples ``x`` [n, …] (float32) and their targets ``y`` [n] (int32 classes or float32)."""

    x: Array
    y: Array


@dataclass(frozen=True, slots=True)
class Data:
    train: Part
    validation: Part
    test: Part
    """For the final model alone; no Trial looks at it."""
    classes: int
    """How many; 0: the targets are numbers, not classes."""
    names: tuple[Any, ...] = ()
    """What the data calls each class, by its number."""


def load(settings: Settings) -> Data:
    """Read ``settings.dataset``, split it and standardise it by what the training part shows.

    Images are [n, height, width, channels], tables [n, columns]. Raises :class:`DataError`.
    """
    x, y, test = _read(settings)
    for part in (Part(x, y), test or Part(x, y)):
        if len(part.x) != len(part.y):
            raise DataError(f"--dataset: x has {len(part.x)} examples and y {len(part.y)}")
        if part.x.shape[1:] != x.shape[1:]:
            raise DataError("--dataset: the examples for the test have another shape")
    classes, names = 0, np.array([])
    if _task(y, settings.task) == "classification":
        names, y = np.unique(y, return_inverse=True)
        classes = len(names)
        test = test and Part(test.x, _positions(test.y, names))
        if classes < 2:
            raise DataError("--dataset: all examples are of one class")
    random = np.random.default_rng(SPLIT_SEED)
    strata = y if classes else np.zeros(len(y))
    rest = np.arange(len(y))
    if test is None:
        rest, held = _split(rest, strata, settings.test_split, random)
        test = Part(x[held], y[held])
    train, validation = _split(rest, strata, settings.validation_split, random)
    if not (len(train) and len(validation)):
        raise DataError(f"--dataset: {len(y)} examples are too few for the shares asked for")
    train = _fraction(train, strata, settings.data_fraction)
    mean, deviation = _moments(x[train].astype(np.float32))

    def ready(x: Array, y: Array) -> Part:
        x = x.astype(np.float32)
        x -= mean
        x /= deviation
        return Part(x, y.astype(np.int32 if classes else np.float32))

    return Data(
        train=ready(x[train], y[train]),
        validation=ready(x[validation], y[validation]),
        test=ready(test.x, test.y),
        classes=classes,
        names=tuple(names.tolist()),
    )


def _read(settings: Settings) -> tuple[Array, Array, Part | None]:
    """x, y and, where the data comes with one, the test part."""
    name = settings.dataset
    if name == "digits":
        digits = load_digits()
        return digits.images[..., None], digits.target, None
    if name.endswith(".csv"):
        return *_read_csv(Path(name), settings.target), None
    if name.endswith(".npz"):
        return _read_npz(Path(name))
    folder = settings.data_dir or os.environ.get(f"{name.upper()}_DIR", "")
    if folder and name in IDX_DATASETS:
        return _read_idx(Path(folder))
    return _download(name)


def _read_idx(folder: Path) -> tuple[Array, Array, Part]:
    """The four files that MNIST and Fashion-MNIST are published as, packed or not."""
    x, y, test_x, test_y = (
        _idx(folder, f"{part}-{kind}-ubyte")
        for part in ("train", "t10k")
        for kind in ("images-idx3", "labels-idx1")
    )
    return x[..., None], y, Part(test_x[..., None], test_y)


def _idx(folder: Path, name: str) -> Array:
    """One idx file: two zero bytes, the type (8: unsigned byte), the rank, a big-endian size per
    axis, then the values."""
    for path in (folder / f"{name}.gz", folder / name):
        if path.is_file():
            break
    else:
        raise DataError(f"{folder}: has neither {name}.gz nor {name}")
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        if content[:3] != b"\0\0\x08":
            raise ValueError("not of unsigned bytes")
        rank = content[3]
        shape = np.frombuffer(content, ">u4", rank, offset=4)
        return np.frombuffer(content, np.uint8, offset=4 + 4 * rank).reshape(shape)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise DataError(f"{path}: is no idx file: {error}") from error


def _download(name: str) -> tuple[Array, Array, Part]:
    """From Keras's cache (``KERAS_HOME``), or through it from the network."""
    try:
        (x, y), (test_x, test_y) = getattr(keras.datasets, name).load_data()
    except Exception as error:  # Keras raises a bare Exception where the network fails
        raise DataError(
            f"--dataset={name}: cannot be downloaded ({error}); without a network give its files "
            "with --data_dir, or take --dataset=digits, which needs none"
        ) from error
    if x.ndim == 3:
        x, test_x = x[..., None], test_x[..., None]
    return x, y.ravel(), Part(test_x, test_y.ravel())


def _read_npz(path: Path) -> tuple[Array, Array, Part | None]:
    """Arrays ``x`` and ``y``, or Keras's ``x_train y_train x_test y_test``."""
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            arrays = dict(file)
    except (OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: cannot be read: {error}") from error
    if {"x_train", "y_train", "x_test", "y_test"} <= arrays.keys():
        test = Part(_numeric(path, arrays["x_test"]), arrays["y_test"].ravel())
        return _numeric(path, arrays["x_train"]), arrays["y_train"].ravel(), test
    if {"x", "y"} <= arrays.keys():
        return _numeric(path, arrays["x"]), arrays["y"].ravel(), None
    raise DataError(
        f"{path}: has the arrays {sorted(arrays)}; must have x and y, "
        "or x_train, y_train, x_test and y_test"
    )


def _numeric(path: Path, x: Array) -> Array:
    if x.ndim < 2 or not np.issubdtype(x.dtype, np.number) or not np.isfinite(x).all():
        raise DataError(f"{path}: x must be finite numbers of shape [examples, features …]")
    return x[..., None] if x.ndim == 3 else x


def _read_csv(path: Path, target: str) -> tuple[Array, Array]:
    """A table with a header; every column but the target must be finite numbers."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            header, *rows = [row for row in csv.reader(file) if row]
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read as a table with a header: {error}") from error
    if len(header) < 2 or not rows:
        raise DataError(f"{path}: must have a column beside the target, and rows")
    if len(set(header)) < len(header):
        raise DataError(f"{path}: two columns have one name: {', '.join(header)}")
    target = target or header[-1]
    if target not in header:
        raise DataError(f'--target: received "{target}": must be one of {", ".join(header)}')
    for number, row in enumerate(rows, start=1):
        if len(row) != len(header):
            raise DataError(f"{path}: row {number} has {len(row)} cells, the header {len(header)}")
    columns = dict(zip(header, np.array(rows).T, strict=True))
    y = columns.pop(target)
    with contextlib.suppress(ValueError):  # otherwise its values are names of classes
        y = y.astype(np.float64)
    return np.stack([_column(path, *column) for column in columns.items()], axis=1), y


def _column(path: Path, name: str, cells: Array) -> Array:
    for number, cell in enumerate(cells, start=1):
        with contextlib.suppress(ValueError):
            if abs(float(cell)) <= FLOAT32_MAX:
                continue
        raise DataError(
            f'{path}: row {number}, column {name}: received "{cell}": must be a finite number'
        )
    return np.array([float(cell) for cell in cells], np.float32)


def _task(y: Array, asked: str) -> Task:
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
        raise DataError(f"--dataset: the test part has classes that training lacks: {unknown}")
    return np.searchsorted(names, y)


def _split(
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
