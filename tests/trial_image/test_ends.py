"""How a Trial ends, and what it leaves."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from trial_image.data import load
from trial_image.settings import Settings
from trial_image.train import main, train

# Keras 3.12 converts its variables in a way that NumPy 2 warns of.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture
def ended(monkeypatch, capsys):
    """Run a Trial; its exit code and its last words."""
    monkeypatch.setattr("trial_image.train.end_on_sigterm", lambda: None)

    def run(**settings) -> tuple[int, str]:
        code = main(Settings(**({"num_layers": 0, "batch_size": 512, "epochs": 1} | settings)))
        return code, capsys.readouterr().err

    return run


class ArrayMemoryError(MemoryError):
    """As NumPy has one."""


@pytest.mark.parametrize(
    "error",
    [tf.errors.ResourceExhaustedError(None, None, "OOM when allocating"), ArrayMemoryError("OOM")],
)
def test_out_of_memory_ends_with_5_and_says_what_helps(error, ended, monkeypatch):
    def exhausted(*_) -> None:
        raise error

    monkeypatch.setattr("trial_image.train.train", exhausted)
    code, words = ended()
    assert code == 5
    assert re.search("out of memory; a smaller --batch_size needs less: .*OOM", words)


@pytest.mark.parametrize(
    "place", [{"metrics": "json", "metrics_file": "file/m.log"}, {"output_dir": "file/out"}]
)
def test_a_result_that_cannot_be_left_ends_with_6(place, ended, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("")
    code, words = ended(**place)
    assert code == 6
    assert "cannot be written" in words


def test_what_is_left_is_the_model_of_the_best_epoch(tmp_path: Path):
    settings = Settings(output_dir=str(tmp_path), learning_rate=0.5, epochs=4, batch_size=512)
    data = load(settings)
    train(settings, data)
    result = json.loads((tmp_path / "result.json").read_text())
    losses = [epoch["val_loss"] for epoch in result["history"]]
    assert result["validation"]["loss"] == pytest.approx(min(losses), rel=1e-4)
    model = keras.saving.load_model(tmp_path / "model.keras")
    raw = data.validation.x * data.scale[1] + data.scale[0]
    predicted = model.predict(raw, verbose=0).argmax(axis=1)
    assert np.mean(predicted == data.validation.y) == pytest.approx(
        result["validation"]["accuracy"]
    )


@pytest.mark.slow
def test_sigterm_leaves_the_metrics_and_the_checkpoint_of_the_epochs_before(tmp_path: Path):
    flags = ["--epochs=100000", "--num_layers=1", f"--checkpoint_dir={tmp_path}"]
    command = [sys.executable, "-m", "trial_image.train", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as trial:
        lines = []
        for line in trial.stdout:
            lines.append(line)
            if "epoch=3" in line:
                trial.send_signal(signal.SIGTERM)
    assert trial.returncode == 128 + signal.SIGTERM
    told = sum("val_accuracy=" in line for line in lines)
    (file,) = tmp_path.glob("*.npz")
    with np.load(file) as checkpoint:
        kept = len(json.loads(str(checkpoint["history"])))
    assert told - 1 <= kept <= told
    assert kept >= 2
