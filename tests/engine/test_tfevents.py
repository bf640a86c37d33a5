from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.types_pb2 import DT_DOUBLE, DT_FLOAT, DT_HALF, DT_INT64, DT_STRING

from katib_experiments.engine.tfevents import EventFiles


def record(event: Event) -> bytes:
    """As TFRecord frames it; the checksums are not looked at."""
    data = event.SerializeToString()
    return struct.pack("<Q", len(data)) + b"----" + data + b"----"


def scalar(tag: str, value: float, time: float = 1.0) -> bytes:
    summary = Summary(value=[Summary.Value(tag=tag, simple_value=value)])
    return record(Event(wall_time=time, summary=summary))


def tensor(tag: str, **fields) -> bytes:
    value = Summary.Value(tag=tag, tensor=TensorProto(**fields))
    return record(Event(wall_time=2.0, summary=Summary(value=[value])))


def read(directory: Path, *metrics: str) -> list[tuple[float, str, str]]:
    logs = EventFiles(directory, metrics or ("accuracy",)).read()
    return [(log.time, log.name, log.value) for log in logs]


def test_old_scalars_are_read(tmp_path):
    header = record(Event(wall_time=0.5, file_version="brain.Event:2"))
    events = header + scalar("accuracy", 0.1, 1.5) + scalar("loss", 3.0)
    (tmp_path / "events.out.tfevents.1").write_bytes(events)
    assert read(tmp_path) == [(1.5, "accuracy", "0.1")]


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"dtype": DT_FLOAT, "float_val": [0.1]}, "0.1"),
        ({"dtype": DT_FLOAT, "tensor_content": np.float32(0.1).tobytes()}, "0.1"),
        ({"dtype": DT_DOUBLE, "double_val": [0.1]}, "0.1"),
        ({"dtype": DT_DOUBLE, "tensor_content": np.float64(1 / 3).tobytes()}, str(1 / 3)),
        ({"dtype": DT_HALF, "tensor_content": np.float16(0.5).tobytes()}, "0.5"),
        ({"dtype": DT_INT64, "int64_val": [-7]}, "-7"),
    ],
)
def test_tensors_of_tensorflow_2_are_read(tmp_path, fields, text):
    (tmp_path / "events").write_bytes(tensor("accuracy", **fields))
    assert read(tmp_path) == [(2.0, "accuracy", text)]


@pytest.mark.parametrize(
    "fields",
    [
        {"dtype": DT_STRING, "string_val": [b"text"]},
        {"dtype": DT_FLOAT, "float_val": [0.1, 0.2]},
        {"dtype": DT_FLOAT},
    ],
)
def test_what_is_no_scalar_is_left_out(tmp_path, fields):
    (tmp_path / "events").write_bytes(tensor("accuracy", **fields))
    assert read(tmp_path) == []


def test_a_metric_with_a_directory_takes_only_what_is_in_it(tmp_path):
    for folder, value in (("train", 0.25), ("test", 0.75)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "events").write_bytes(scalar("accuracy", value))
    assert read(tmp_path, "test/accuracy") == [(1.0, "test/accuracy", "0.75")]
    assert [log[2] for log in read(tmp_path, "accuracy")] == ["0.75", "0.25"]


def test_a_tag_counts_by_its_beginning_as_in_katib(tmp_path):
    (tmp_path / "events").write_bytes(scalar("accuracy_1", 0.5) + scalar("val_accuracy", 0.25))
    assert read(tmp_path) == [(1.0, "accuracy", "0.5")]


def test_a_file_is_read_on_and_a_torn_record_waits(tmp_path):
    files = EventFiles(tmp_path, ("accuracy",))
    whole = scalar("accuracy", 0.5) + scalar("accuracy", 0.75)
    path = tmp_path / "events"
    path.write_bytes(whole[:-9])
    assert [log.value for log in files.read()] == ["0.5"]
    path.write_bytes(whole)
    assert [log.value for log in files.read()] == ["0.75"]
    assert list(files.read()) == []


def test_files_that_hold_no_events_harm_nobody(tmp_path):
    (tmp_path / "noise").write_bytes(struct.pack("<Q", 6) + b"----\xff\xff\xff\xff\xff\xff----")
    (tmp_path / "text").write_text("accuracy=0.9")
    assert read(tmp_path) == []
    assert read(tmp_path / "missing") == []


@pytest.mark.slow
def test_what_tensorflow_itself_writes_is_read(tmp_path):
    tensorflow = pytest.importorskip("tensorflow")
    with tensorflow.summary.create_file_writer(str(tmp_path / "validation")).as_default():
        for step, value in enumerate((0.5, 0.625)):
            tensorflow.summary.scalar("epoch_accuracy", value, step=step)
    logs = read(tmp_path, "validation/epoch_accuracy")
    assert [log[2] for log in logs] == ["0.5", "0.625"]
