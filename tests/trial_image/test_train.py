"""A whole Trial."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from trial_image.data import load
from trial_image.settings import Settings
from trial_image.train import end_on_sigterm, main, train

KATIB = re.compile(r"([\w|-]+)\s*=\s*([+-]?\d*(\.\d+)?([Ee][+-]?\d+)?)")
TINY = {"num_layers": 1, "units": 8, "batch_size": 256, "epochs": 2}
"""A Trial of half a second."""
METRICS = {"epoch", "accuracy", "learning_rate", "loss", "val_accuracy", "val_loss"}


def lines_of(capsys, **settings) -> list[dict[str, float]]:
    """Train; what Katib reads in each line."""
    chosen = Settings(**(TINY | settings))
    train(chosen, load(chosen))
    return read_all(capsys.readouterr().out)


def read_all(text: str) -> list[dict[str, float]]:
    """What is in each line but those on the start weights."""
    return [read(line) for line in text.splitlines() if " initializer of " not in line]


def read(line: str) -> dict[str, float]:
    return {match[1]: float(match[2]) for match in KATIB.finditer(line)}


def test_each_epoch_ends_with_a_line_of_every_metric(capsys):
    lines = lines_of(capsys)
    assert [line["epoch"] for line in lines] == [1, 2]
    assert all(line.keys() == METRICS for line in lines)


def test_training_lowers_the_loss(capsys):
    lines = lines_of(capsys, batch_size=32, epochs=3)
    assert lines[-1]["val_loss"] < lines[0]["val_loss"]


def test_the_same_seed_gives_the_same_values_and_another_gives_others(capsys):
    first, again, other = (lines_of(capsys, seed=seed, dropout=0.2) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_a_run_that_diverges_at_once_says_so_and_gives_the_values_of_the_untrained_model(capsys):
    said, values = lines_of(capsys, optimizer="sgd", learning_rate=1e30)
    assert said == {}
    assert values["epoch"] == 0
    assert values.keys() == METRICS - {"learning_rate"}
    assert values["val_accuracy"] < 0.4


def test_a_run_that_diverges_later_keeps_its_last_finite_values(tmp_path: Path, capsys):
    x = np.random.default_rng(0).normal(size=(60, 2))
    np.savez(tmp_path / "d.npz", x=x, y=x.sum(axis=1))
    steep = {"num_layers": 0, "optimizer": "sgd", "learning_rate": 5.0, "epochs": 100}
    *epochs, said = lines_of(capsys, dataset=str(tmp_path / "d.npz"), **steep)
    assert said == {}
    assert [line["epoch"] for line in epochs] == list(range(1, len(epochs) + 1))
    assert 1 < len(epochs) < 100


def test_training_ends_where_the_validation_loss_has_ceased_to_fall(capsys):
    *epochs, said = lines_of(
        capsys, learning_rate=1e-30, optimizer="sgd", epochs=20, early_stopping_patience=2
    )
    assert len(epochs) == 3
    assert said == {}


def test_a_regression_reports_its_absolute_error(tmp_path: Path, capsys):
    x = np.random.default_rng(0).normal(size=(60, 2))
    np.savez(tmp_path / "d.npz", x=x, y=x.sum(axis=1))
    lines = lines_of(capsys, dataset=str(tmp_path / "d.npz"))
    assert lines[-1].keys() == {"epoch", "learning_rate", "loss", "mae", "val_loss", "val_mae"}


@pytest.mark.slow
def test_good_settings_learn_the_digits(capsys):
    lines = lines_of(capsys, num_layers=2, units=64, batch_size=64, learning_rate=3e-3, epochs=20)
    assert max(line["val_accuracy"] for line in lines) > 0.97


def test_sigterm_ends_a_trial_that_is_deep_in_an_operation():
    receiver, sender = os.pipe()
    pid = os.fork()
    if pid == 0:
        end_on_sigterm()
        os.write(sender, b"1")
        hashlib.pbkdf2_hmac("sha256", b"minutes", b"without", 10**9)  # a look at any signal
        os._exit(0)
    os.read(receiver, 1)
    os.kill(pid, signal.SIGTERM)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 128 + signal.SIGTERM


def test_data_that_cannot_be_had_ends_with_3_and_says_so(monkeypatch, capsys):
    monkeypatch.setattr("trial_image.train.end_on_sigterm", lambda: None)
    assert main(Settings(dataset="none.csv")) == 3
    assert "none.csv: cannot be read" in capsys.readouterr().err


@pytest.mark.slow
def test_a_trial_is_a_program_of_its_own():
    flags = ["--dataset=digits", "--num_layers", "1", "--epochs=2.0"]
    command = [sys.executable, "-m", "trial_image.train", *flags]
    ended = subprocess.run(command, check=True, capture_output=True, text=True)
    assert [line.keys() for line in read_all(ended.stdout)] == [METRICS, METRICS]
    assert "Traceback" not in ended.stderr
