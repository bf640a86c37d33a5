"""Data from a function of the user's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from trial_image.files import numeric
from trial_image.own import own_function
from trial_image.own_arguments import call_own
from trial_image.parts import Array, DataError, Part, Source, Stream
from trial_image.settings import Settings

SHAPES = (
    "must return (x, y), or two or three of training, validation and test part, each of them "
    "(x, y) or a tf.data.Dataset of (x, y)"
)


def read_own(settings: Settings) -> Source:
    """What the function that ``settings.dataset`` names returns.

    Arrays (x, y) are split as a file's are; of parts, the last of three is for the test. A
    ``tf.data.Dataset`` may have batches or single examples, which are put into batches of
    ``batch_size``; it is neither split nor standardised. Raises :class:`DataError`.
    """
    function = own_function("--dataset", settings.dataset)
    returned = call_own("--dataset", function, settings)
    problem = f"--dataset={settings.dataset}: {SHAPES}"
    if not isinstance(returned, list | tuple) or len(returned) not in (2, 3):
        raise DataError(f"{problem}, not {_described(returned)}")
    if len(returned) == 2 and not any(isinstance(each, _PARTS) for each in returned):
        return Source(_arrays(settings, returned))
    parts: list[Part] = []
    for each in returned:
        if isinstance(each, tf.data.Dataset):
            parts.append(_stream(settings, each))
        elif isinstance(each, list | tuple) and len(each) == 2:
            parts.append(_arrays(settings, each))
        else:
            raise DataError(f"{problem}, not {_described(returned)}")
    if len({type(part) for part in parts}) > 1:
        raise DataError(f"{problem}, all of one kind")
    return Source(*parts)


_PARTS = (tf.data.Dataset, list, tuple)


def _described(returned: object) -> str:
    kind = type(returned).__name__
    if isinstance(returned, list | tuple):
        return f"a {kind} of {', '.join(type(each).__name__ for each in returned) or 'nothing'}"
    return f"a {kind}"


def _arrays(settings: Settings, pair: Sequence[Any]) -> Part:
    x, y = map(np.asarray, pair)
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1:
        shape = list(y.shape)
        raise DataError(
            f"--dataset={settings.dataset}: y has the shape {shape}: must be [examples]"
        )
    return Part(numeric(f"--dataset={settings.dataset}", x), y)


def _stream(settings: Settings, batches: tf.data.Dataset) -> Stream:
    """Read once, to count its examples."""
    specs = batches.element_spec
    if not (isinstance(specs, tuple) and len(specs) == 2):
        raise DataError(f"--dataset={settings.dataset}: a tf.data.Dataset must have pairs (x, y)")
    if specs[1].shape.rank == 0:
        batches = batches.batch(settings.batch_size)
    if int(batches.cardinality()) == tf.data.INFINITE_CARDINALITY:
        raise DataError(f"--dataset={settings.dataset}: a tf.data.Dataset must end")
    examples = highest = 0
    first: tuple[Array, Array] | None = None
    for x, y in batches.as_numpy_iterator():
        first = first or (x, y)
        examples += len(y)
        highest = max(highest, int(y.max()))
    if first is None:
        raise DataError(f"--dataset={settings.dataset}: a tf.data.Dataset is empty")
    return Stream(*first, batches=batches, examples=examples, highest=highest)
