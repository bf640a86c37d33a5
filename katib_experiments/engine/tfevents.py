"""Scalars from TensorFlow event files, without TensorFlow.

An event file is a row of records (length, checksum, payload, checksum); a payload is the protocol
buffer ``tensorflow.Event``. The few fields needed are found by walking the wire format. Field
numbers: tensorflow/core/util/event.proto, framework/summary.proto, framework/tensor.proto.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from katib_experiments.experiment.model import MetricLog

# DataType -> numpy's name: float, double, int32, int64, half. Others are no scalars worth tuning.
_TYPES = {1: "<f4", 2: "<f8", 3: "<i4", 9: "<i8", 19: "<f2"}
_PACKED = {5: "<f4", 6: "<f8"}
_VARINTS = {7: np.int32, 10: np.int64}


class EventFiles:
    """Every event file under a directory, read on from where the last call ended.

    As Katib's collector has it: a metric ``accuracy`` takes the tags that start with that, a metric
    ``test/accuracy`` only those in a directory whose path ends with ``test``.
    """

    def __init__(self, directory: Path, metrics: tuple[str, ...]) -> None:
        self._directory = directory
        self._metrics = [(metric, *metric.rpartition("/")[::2]) for metric in metrics]
        self._offsets: dict[Path, int] = {}

    def read(self, *, final: bool = False) -> Iterator[MetricLog]:  # noqa: ARG002 (as other sources)
        """Values written since the last call; a record that is not whole yet waits."""
        for path in sorted(self._directory.rglob("*")):
            if path.is_file():
                yield from self._file(path)

    def _file(self, path: Path) -> Iterator[MetricLog]:
        with path.open("rb") as file:
            file.seek(self._offsets.get(path, 0))
            data = file.read()
        read = 0
        for record, end in _records(data):
            read = end
            for time, tag, value in _scalars(record):
                for metric, parent, name in self._metrics:
                    if tag.startswith(name) and str(path.parent).endswith(parent):
                        yield MetricLog(time, metric, value)
        self._offsets[path] = self._offsets.get(path, 0) + read


def _records(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Each whole record and where it ends."""
    position = 0
    while position + 12 <= len(data):
        (length,) = struct.unpack_from("<Q", data, position)
        end = position + 12 + length + 4
        if end > len(data):
            return
        yield data[position + 12 : end - 4], end
        position = end


def _scalars(record: bytes) -> Iterator[tuple[float, str, str]]:
    """Time, tag and value of each scalar of an Event; nothing from a record that is none."""
    try:
        fields = list(_fields(record))
        time = next((float(_double(value)) for number, value in fields if number == 1), 0.0)
        for number, summary in fields:
            if number == 5 and isinstance(summary, bytes):
                for entry, value in _fields(summary):
                    if entry == 1 and isinstance(value, bytes):
                        yield from _value(time, dict(_fields(value)))
    except (ValueError, LookupError, AssertionError, TypeError, struct.error):
        return


def _value(time: float, fields: dict[int, int | bytes]) -> Iterator[tuple[float, str, str]]:
    tag = fields.get(1, b"")
    assert isinstance(tag, bytes)
    if isinstance(simple := fields.get(2), bytes):
        yield time, tag.decode(), str(np.frombuffer(simple, "<f4")[0])
    elif isinstance(tensor := fields.get(8), bytes):
        number = _tensor(dict(_fields(tensor)))
        if number is not None:
            yield time, tag.decode(), str(number)


def _tensor(fields: dict[int, int | bytes]) -> object | None:
    """The one number of a TensorProto, or None where it holds not exactly one."""
    kind = _TYPES.get(int(fields.get(1, 0)))
    if kind is None:
        return None
    if isinstance(content := fields.get(4), bytes):
        array = np.frombuffer(content, kind)
        return array[0] if len(array) == 1 else None
    for number, packed in _PACKED.items():
        if isinstance(content := fields.get(number), bytes):
            array = np.frombuffer(content, packed)
            return array[0] if len(array) == 1 else None
    for number, integer in _VARINTS.items():
        found = fields.get(number)
        if isinstance(found, bytes):
            value, end = _varint(found, 0)
            found = value if end == len(found) else None
        if isinstance(found, int):
            return integer(found - (1 << 64) if found >> 63 else found)
    return None


def _double(value: int | bytes) -> float:
    assert isinstance(value, bytes)
    (number,) = struct.unpack("<d", value)
    return float(number)


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Field numbers and values: an int for a varint, the raw bytes for everything else."""
    position = 0
    while position < len(data):
        key, position = _varint(data, position)
        wire = key & 7
        if wire == 0:
            value, position = _varint(data, position)
            yield key >> 3, value
            continue
        if wire == 2:
            size, position = _varint(data, position)
        else:
            size = {1: 8, 5: 4}[wire]
        if position + size > len(data):
            raise ValueError("the message ends inside a field")
        yield key >> 3, data[position : position + size]
        position += size


def _varint(data: bytes, position: int) -> tuple[int, int]:
    result = shift = 0
    while True:
        byte = data[position]
        position += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result, position
        shift += 7
