from __future__ import annotations

from pathlib import Path

import pytest

from katib_experiments.engine.metrics import collector_of, observation_of
from katib_experiments.engine.runner import OUTPUT
from katib_experiments.errors import RunnerError
from katib_experiments.experiment.model import CollectorKind, MetricLog, MetricsCollector
from katib_experiments.metrics import DEFAULT_FILTER, UNAVAILABLE, Text, reduce, timestamp
from tests.support.builders import an_experiment

METRICS = ("val_loss", "accuracy")


def values(line: str, metrics=METRICS, filters=()) -> list[tuple[str, str]]:
    return [(log.name, log.value) for log in Text(metrics, filters).parse(line)]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("val_loss=0.5", [("val_loss", "0.5")]),
        ("epoch 1: val_loss = 0.5, accuracy = .9", [("val_loss", "0.5"), ("accuracy", ".9")]),
        ("val_loss=-1.5e-3", [("val_loss", "-1.5e-3")]),
        ("val_loss=1 val_loss=2", [("val_loss", "1"), ("val_loss", "2")]),
        ("my_val_loss=3", []),
        ("val_loss|accuracy=3", []),
        ("val_loss: 0.5", []),
        ("val_loss=nan", [("val_loss", "")]),
        ("val_loss=inf", [("val_loss", "")]),
        ("val_loss=12.", [("val_loss", "12")]),
        ("loss=0.5", []),
        ("", []),
    ],
)
def test_the_default_filter_finds_what_katibs_finds(line, found):
    assert values(line) == found


def test_other_filters_replace_the_default_and_each_one_reads_the_whole_line():
    filters = (r"{metricName: ([\w|-]+), metricValue: ((-?\d+)(\.\d+)?)}", DEFAULT_FILTER)
    line = "accuracy=0.1 {metricName: val_loss, metricValue: 0.3}"
    assert values(line, filters=filters) == [("val_loss", "0.3"), ("accuracy", "0.1")]
    assert values(line, filters=filters[:1]) == [("val_loss", "0.3")]


def test_filters_are_split_at_semicolons_as_katib_splits_them():
    assert values("a accuracy:1", filters=(r"(\w+)=(\d+);(\w+):(\d+)",)) == [("accuracy", "1")]


@pytest.mark.parametrize("wrong", ["(unclosed", r"(\w+)=\d+"])
def test_a_filter_that_cannot_work_is_refused(wrong):
    with pytest.raises(RunnerError, match="metrics filter"):
        Text(METRICS, (wrong,))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:01Z", 1.0),
        ("1970-01-01T00:00:01.5Z", 1.5),
        ("1970-01-01T00:00:01.123456789Z", 1.123456789),
        ("1970-01-01T01:00:00+01:00", 0.0),
        ("2026-01-01T00:00:00.000001Z", 1767225600.000001),
        ("2026-01-01", None),
        ("2026-01-01 00:00:00Z", None),
        ("2026-13-01T00:00:00Z", None),
        ("20260101T000000Z", None),
        ("epoch=1", None),
    ],
)
def test_only_rfc_3339_is_a_timestamp(text, seconds):
    assert timestamp(text) == (seconds if seconds is None else pytest.approx(seconds, abs=1e-7))


@pytest.mark.parametrize(
    ("line", "time"),
    [
        ("1970-01-01T00:00:07Z accuracy=0.5", 7.0),
        ("accuracy=0.5", 0.0),
        ("at 1970-01-01T00:00:07Z accuracy=0.5", 0.0),
    ],
)
def test_a_line_is_timed_by_its_first_word(line, time):
    (log,) = Text(METRICS).parse(line)
    assert log.time == time


def logs(*pairs: tuple[float, str]) -> list[MetricLog]:
    return [MetricLog(time, "accuracy", value) for time, value in pairs]


def test_a_log_is_reduced_to_its_least_greatest_and_latest_text():
    metric = reduce(logs((1, "0.5"), (2, "0.90"), (3, "1e-1"), (4, "0.7")))["accuracy"]
    assert (metric.min, metric.max, metric.latest) == ("1e-1", "0.90", "0.7")


def test_the_latest_is_by_time_and_of_equal_times_the_last():
    assert reduce(logs((2, "0.5"), (1, "0.6")))["accuracy"].latest == "0.5"
    assert reduce(logs((0, "0.5"), (0, "0.6")))["accuracy"].latest == "0.6"
    assert reduce(logs((5, "0.5"), (0, "0.6")))["accuracy"].latest == "0.5"


def test_of_equal_values_the_first_text_is_kept():
    metric = reduce(logs((0, "0.5"), (0, "0.50")))["accuracy"]
    assert (metric.min, metric.max) == ("0.5", "0.5")


def test_a_metric_that_was_never_reported_is_unavailable():
    experiment = an_experiment(metric="accuracy", additional=("loss",))
    found = observation_of(experiment, reduce(logs((0, "0.5"))), available=True)
    assert list(found) == ["accuracy", "loss"]
    assert (found["accuracy"].latest, found["loss"].latest) == ("0.5", UNAVAILABLE)
    missing = observation_of(experiment, reduce(logs((0, "0.5"))), available=False)
    assert missing["accuracy"].max == UNAVAILABLE


def reading(tmp_path: Path, kind=CollectorKind.STDOUT, **spec):
    """A collector of accuracy and loss, and the file that it reads."""
    collector = MetricsCollector(kind, **spec)
    experiment = an_experiment(metric="accuracy", additional=("loss",), metrics_collector=collector)
    file = tmp_path / (spec["path"].lstrip("/") if spec.get("path") else OUTPUT)
    file.parent.mkdir(parents=True, exist_ok=True)
    return collector_of(experiment, tmp_path), file


def found(collector, **final) -> list[str]:
    return [log.value for log in collector.read(**final)]


def test_a_growing_file_gives_each_whole_line_once(tmp_path):
    collector, file = reading(tmp_path)
    assert found(collector) == [], "no file yet"
    with file.open("w", buffering=1) as output:
        output.write("accuracy=0.1\naccuracy=0.")
        output.flush()
        assert found(collector) == ["0.1"]
        output.write("25\n")
        assert found(collector) == ["0.25"]
        output.write("accuracy=0.3")
        output.flush()
        assert found(collector) == []
        assert found(collector, final=True) == ["0.3"]
        assert found(collector, final=True) == []


def test_a_file_that_is_written_anew_is_read_anew(tmp_path):
    collector, file = reading(tmp_path)
    file.write_text("accuracy=0.1\naccuracy=0.2\n")
    assert found(collector) == ["0.1", "0.2"]
    file.write_text("accuracy=0.3\n")
    assert found(collector) == ["0.3"]


def test_bytes_that_are_no_text_harm_nobody(tmp_path):
    collector, file = reading(tmp_path)
    file.write_bytes(b"\xff\xfe\x00 accuracy=0.5\r\n\x1b[1m accuracy=0.6\n")
    assert found(collector) == ["0.5", "0.6"]


def test_values_that_are_not_finite_are_left_out_and_counted(tmp_path):
    collector, file = reading(tmp_path, filters=(r"(\w+)=(\S+)",))
    file.write_text("accuracy=nan\naccuracy=0.5\naccuracy=-inf\nloss=tensor(1.)\n")
    assert found(collector) == ["0.5"]
    assert collector.note == (
        "Left out: 2 × accuracy without a finite value, 1 × loss without a finite value"
    )


def test_a_file_collector_reads_its_path_below_the_trials_directory(tmp_path):
    collector, file = reading(tmp_path, CollectorKind.FILE, path="/var/log/katib/metrics.log")
    file.write_text("accuracy=0.5\n")
    (tmp_path / OUTPUT).write_text("accuracy=0.1\n")
    assert found(collector) == ["0.5"]


def test_json_lines_hold_metrics_as_strings(tmp_path):
    collector, file = reading(tmp_path, CollectorKind.FILE, path="/m.log", file_format="JSON")
    file.write_text(
        '{"accuracy": "0.5", "loss": "1.5", "timestamp": "1970-01-01T00:00:09Z"}\n'
        "\n"
        '{"accuracy": " 0.6 ", "timestamp": 12.25}\n'
        '{"epoch": 3}\n'
    )
    read = collector.read()
    assert [(log.time, log.name, log.value) for log in read] == [
        (9.0, "accuracy", "0.5"),
        (9.0, "loss", "1.5"),
        (12.25, "accuracy", "0.6"),
    ]
    assert collector.note == ""


def test_what_json_lines_hold_otherwise_is_left_out_and_told_of(tmp_path):
    collector, file = reading(tmp_path, CollectorKind.FILE, path="/m.log", file_format="JSON")
    file.write_text('{"accuracy": 0.5}\nnot json\n[1]\n{"accuracy": "0.7"}\n')
    assert found(collector) == ["0.7"]
    assert collector.note == (
        "Left out: 1 × accuracy that is no JSON string, 2 × a line that is no JSON object"
    )


@pytest.mark.parametrize("kind", ["Push", "Custom", "PrometheusMetric"])
def test_collectors_that_need_a_cluster_are_refused(tmp_path, kind):
    with pytest.raises(RunnerError, match=f"kind: {kind} needs a Katib cluster"):
        reading(tmp_path, CollectorKind(kind))
