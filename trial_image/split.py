"""Read a dataset once and keep its test part apart, so that every later step sees the same split.

    python -m trial_image.split --dataset=digits --output=data.npz

The file holds ``x_train y_train x_test y_test`` as they were read, neither standardised nor
numbered: ``trial_image.train --dataset=data.npz`` takes it, and always splits the same validation
part off the training part. Exit codes: 0 written; 2 wrong flags; 3 the data cannot be had.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from trial_image.settings import Settings, kind_of
from trial_image.step_flags import split_flags

if __name__ == "__main__":  # before TensorFlow, which takes seconds to load
    OUTPUT, SETTINGS = split_flags(sys.argv[1:])
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np

from trial_image.data import SPLIT_SEED, DataError, split_off, task_of
from trial_image.files import read
from trial_image.own import OwnCodeError
from trial_image.own_data import read_own
from trial_image.parts import Part, Source, Stream


def main(output: Path, settings: Settings) -> int:
    """Returns the exit code."""
    try:
        own = kind_of(settings.dataset) == "function"
        train, test = split(read_own(settings) if own else read(settings), settings)
    except (DataError, OwnCodeError) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2 if isinstance(error, OwnCodeError) else 3
    output.parent.mkdir(parents=True, exist_ok=True)
    with output.open("wb") as file:
        np.savez(file, x_train=train.x, y_train=train.y, x_test=test.x, y_test=test.y)
    return 0


def split(source: Source, settings: Settings) -> tuple[Part, Part]:
    """What may be learned from, and the test part: the one that a Trial splits off when it reads
    the dataset itself. A validation part of the source's own is learned from.

    Raises :class:`.DataError`.
    """
    if isinstance(source.train, Stream):
        raise DataError("--dataset: a tf.data.Dataset cannot be written to a file of arrays")
    x, y = source.train.x, source.train.y
    if len(x) != len(y):
        raise DataError(f"--dataset: x has {len(x)} examples and y {len(y)}")
    test = source.test
    if test is None:
        strata = y if task_of(y, settings.task) == "classification" else np.zeros(len(y))
        random = np.random.default_rng(SPLIT_SEED)
        rows, held = split_off(np.arange(len(y)), strata, settings.test_split, random)
        x, y, test = x[rows], y[rows], Part(x[held], y[held])
    if source.validation is not None:
        x = np.concatenate([x, source.validation.x])
        y = np.concatenate([y, source.validation.y])
    if not (len(y) and len(test)):
        raise DataError(f"--dataset: {len(y)} examples are too few for a test part")
    return Part(x, y), test


if __name__ == "__main__":
    sys.exit(main(OUTPUT, SETTINGS))
