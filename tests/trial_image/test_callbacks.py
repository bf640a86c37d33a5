"""Metric lines, read by the filter that Katib uses where an Experiment gives none."""

from __future__ import annotations

import re
from datetime import datetime

import keras
import numpy as np
import pytest

from trial_image.callbacks import MetricLines, metric_text, say

KATIB = re.compile(r"([\w|-]+)\s*=\s*([+-]?\d*(\.\d+)?([Ee][+-]?\d+)?)")


def read(line: str) -> dict[str, str]:
    return {match[1]: match[2] for match in KATIB.finditer(line)}


@pytest.mark.parametrize("value", [0.0, 1.0, 0.91, -0.5, 1e-05, 1.5e-9, 123456789.0, 1e30, 2e-300])
def test_katib_reads_the_number_that_was_printed(value: float):
    text = read(metric_text(3, {"val_loss": value}))["val_loss"]
    assert float(text) == pytest.approx(value, rel=1e-5)


def test_katib_reads_every_metric_of_a_line():
    line = metric_text(3, {"loss": 0.3, "accuracy": 0.9, "val_loss": 0.4})
    assert line == "epoch=3 accuracy=0.9 loss=0.3 val_loss=0.4"
    assert read(line) == {"epoch": "3", "accuracy": "0.9", "loss": "0.3", "val_loss": "0.4"}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_value_that_is_not_finite_is_not_printed(value: float):
    assert metric_text(1, {"loss": value, "accuracy": 0.1}) == "epoch=1 accuracy=0.1"


def test_a_line_begins_with_its_time_in_utc(capsys):
    say("hello")
    time, text = capsys.readouterr().out.rstrip().split(" ")
    assert text == "hello"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", time)
    assert datetime.fromisoformat(time).utcoffset().total_seconds() == 0


def test_fit_prints_a_line_per_epoch(capsys):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(loss="mse")
    x = np.zeros((4, 2))
    model.fit(x, x[:, 0], epochs=2, callbacks=[MetricLines()], verbose=0)
    lines = capsys.readouterr().out.splitlines()
    assert [read(line)["epoch"] for line in lines] == ["1", "2"]
    assert all("loss" in read(line) for line in lines)
