"""Data from files: arrays, tables, idx files, folders of images, and what Keras downloads."""

from __future__ import annotations

import contextlib
import csv
import gzip
import os
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits

from trial_image.own import found
from trial_image.parts import Array, DataError, Part, Source
from trial_image.settings import IDX_DATASETS, Settings, kind_of

FLOAT32_MAX = float(np.finfo(np.float32).max)


def read(settings: Settings) -> Source:
    """What ``settings.dataset`` names, a function apart. Raises :class:`.DataError`."""
    name = settings.dataset
    if reader := _READERS.get(kind_of(name)):
        return reader(found(name), settings)
    if name == "digits":
        digits = load_digits()
        return Source(Part(digits.images[..., None], digits.target))
    folder = settings.data_dir or os.environ.get(f"{name.upper()}_DIR", "")
    if folder and name in IDX_DATASETS:
        return _read_idx(found(folder))
    return _download(name)


def _read_idx(folder: Path) -> Source:
    """The four files that MNIST and Fashion-MNIST are published as, packed or not."""
    x, y, test_x, test_y = (
        _idx(folder, f"{part}-{kind}-ubyte")
        for part in ("train", "t10k")
        for kind in ("images-idx3", "labels-idx1")
    )
    return Source(Part(x[..., None], y), test=Part(test_x[..., None], test_y))


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


def _download(name: str) -> Source:
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
    return Source(Part(x, y.ravel()), test=Part(test_x, test_y.ravel()))


def _read_npz(path: Path, _: Settings) -> Source:
    """Arrays ``x`` and ``y``, or Keras's ``x_train y_train x_test y_test``."""
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            arrays = dict(file)
    except (OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: cannot be read: {error}") from error
    if {"x_train", "y_train", "x_test", "y_test"} <= arrays.keys():
        test = Part(numeric(path, arrays["x_test"]), arrays["y_test"].ravel())
        train = Part(numeric(path, arrays["x_train"]), arrays["y_train"].ravel())
        return Source(train, test=test)
    if {"x", "y"} <= arrays.keys():
        return Source(Part(numeric(path, arrays["x"]), arrays["y"].ravel()))
    raise DataError(
        f"{path}: has the arrays {sorted(arrays)}; must have x and y, "
        "or x_train, y_train, x_test and y_test"
    )


def numeric(place: object, x: Array) -> Array:
    """``x`` where it can be learned from; images without channels get one."""
    if x.ndim < 2 or not np.issubdtype(x.dtype, np.number) or not np.isfinite(x).all():
        raise DataError(f"{place}: x must be finite numbers of shape [examples, features …]")
    return x[..., None] if x.ndim == 3 else x


def _read_csv(path: Path, settings: Settings) -> Source:
    """A table with a header."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            header, *rows = [row for row in csv.reader(file) if row]
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read as a table with a header: {error}") from error
    for number, row in enumerate(rows, start=1):
        if len(row) != len(header):
            raise DataError(f"{path}: row {number} has {len(row)} cells, the header {len(header)}")
    cells = np.array(rows).T if rows else np.empty((len(header), 0))
    return _table(path, header, cells, settings.target)


def _read_parquet(path: Path, settings: Settings) -> Source:
    # Imported here: no other format needs the package, which is large.
    try:
        from pyarrow import ArrowException, parquet  # noqa: PLC0415
    except ImportError:
        raise DataError(f"{path}: needs the package pyarrow, which is not installed") from None
    try:
        table = parquet.read_table(path)
    except (OSError, ArrowException) as error:
        raise DataError(f"{path}: cannot be read as a table: {error}") from error
    columns = [column.to_numpy() for column in table.itercolumns()]
    return _table(path, table.column_names, columns, settings.target)


def _table(path: Path, header: Sequence[str], columns: Iterable[Array], target: str) -> Source:
    """Every column but the target must be finite numbers."""
    if len(set(header)) < len(header):
        raise DataError(f"{path}: two columns have one name: {', '.join(header)}")
    table = dict(zip(header, columns, strict=True))
    if len(header) < 2 or not len(table[header[0]]):
        raise DataError(f"{path}: must have a column beside the target, and rows")
    target = target or header[-1]
    if target not in table:
        raise DataError(f'--target: received "{target}": must be one of {", ".join(header)}')
    y = table.pop(target)
    if not np.issubdtype(y.dtype, np.number):
        with contextlib.suppress(ValueError):  # otherwise its values are names of classes
            y = y.astype(str).astype(np.float64)
    return Source(Part(np.stack([_column(path, *each) for each in table.items()], axis=1), y))


def _column(path: Path, name: str, cells: Array) -> Array:
    for number, cell in enumerate(cells, start=1):
        with contextlib.suppress(ValueError):
            if abs(float(cell)) <= FLOAT32_MAX:
                continue
        raise DataError(
            f'{path}: row {number}, column {name}: received "{cell}": must be a finite number'
        )
    return np.array([float(cell) for cell in cells], np.float32)


def _read_images(folder: Path, settings: Settings) -> Source:
    """A folder of images (JPEG, PNG, BMP or GIF) per class, resized."""
    try:
        batches = keras.utils.image_dataset_from_directory(
            folder,
            label_mode="int",
            color_mode=settings.color_mode,
            image_size=(settings.image_size, settings.image_size),
            shuffle=False,
            verbose=False,
        )
        x, y = map(np.concatenate, zip(*batches.as_numpy_iterator(), strict=True))
    except (OSError, ValueError, tf.errors.OpError) as error:
        raise DataError(f"{folder}: has no folders of images that can be read: {error}") from error
    return Source(Part(x, np.array(batches.class_names)[y]))


_READERS: dict[str, Callable[[Path, Settings], Source]] = {
    "csv": _read_csv,
    "images": _read_images,
    "npz": _read_npz,
    "parquet": _read_parquet,
}
