"""A Trial goes on from where one like it, or it itself, had come to."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

import trial_image.train
from trial_image.checkpoints import Checkpoints, checkpoint_path
from trial_image.data import Data, Part, load
from trial_image.errors import OutputError
from trial_image.settings import Settings
from trial_image.train import train

# Keras 3.12 converts its variables in a way that NumPy 2 warns of.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

RANDOM = np.random.default_rng(0)


def a_part(examples: int) -> Part:
    x = RANDOM.normal(size=(examples, 3)).astype(np.float32)
    return Part(x, (x.sum(axis=1) > 0).astype(np.int32))


DATA = Data(a_part(64), a_part(32), None, classes=2, names=(0, 1))
TINY = Settings(num_layers=1, units=4, batch_size=16, dropout=0.2)


@pytest.fixture
def trained(monkeypatch) -> list[int]:
    """Grows by one with each epoch that is trained."""
    epochs: list[int] = []
    original = trial_image.train.epoch_function

    def counting(model, part, batch_size, step, **arguments):
        run = original(model, part, batch_size, step, **arguments)

        def epoch(order):
            epochs.append(len(order))
            return run(order)

        return epoch if step.__name__ == "train_step" else run

    monkeypatch.setattr(trial_image.train, "epoch_function", counting)
    return epochs


def rung(folder: Path, epochs: int, **settings) -> keras.Model:
    kept = str(folder) if folder else ""
    return train(replace(TINY, epochs=epochs, checkpoint_dir=kept, **settings), DATA)


def epochs_told(text: str) -> list[str]:
    """The metric lines without their times."""
    return re.findall(r"epoch=.*", text)


def assert_equal_weights(model: keras.Model, other: keras.Model) -> None:
    for weights, others in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(weights, others, rtol=1e-5, atol=1e-6)


CHANGING = {
    "rate and average": {
        "learning_rate_schedule": "exponential",
        "warmup_epochs": 1.5,
        "use_ema": True,
        "batch_normalization": True,
    },
    "plateau": {"learning_rate_schedule": "plateau", "plateau_patience": 1, "optimizer": "sgd"},
    "best epoch": {"early_stopping_patience": 9, "learning_rate": 0.3},
}
"""Settings that keep a state of their own from epoch to epoch."""


@pytest.mark.parametrize("settings", CHANGING.values(), ids=CHANGING)
def test_a_rung_trains_only_the_added_epochs_and_ends_as_if_never_interrupted(
    settings, tmp_path: Path, trained, capsys
):
    whole = train(replace(TINY, epochs=5, **settings), DATA)
    expected = epochs_told(capsys.readouterr().out)
    trained.clear()
    rung(tmp_path, 2, **settings)
    assert len(trained) == 2
    capsys.readouterr()
    resumed = rung(tmp_path, 5, **settings)
    assert len(trained) == 2 + 3
    assert int(resumed.optimizer.iterations) == 5 * 64 // 16
    assert_equal_weights(resumed, whole)
    told = capsys.readouterr().out
    assert epochs_told(told) == expected
    assert "resumed after epoch 2: the epochs up to it are told again, not trained" in told


def test_a_killed_trial_goes_on_after_its_last_whole_epoch(tmp_path: Path, trained, monkeypatch):
    whole = rung(None, 4)
    trained.clear()
    end = Checkpoints.on_epoch_end

    def killed(self, epoch, logs=None):
        if epoch == 2:
            raise KeyboardInterrupt
        end(self, epoch, logs)

    monkeypatch.setattr(Checkpoints, "on_epoch_end", killed)
    with pytest.raises(KeyboardInterrupt):
        rung(tmp_path, 4)
    monkeypatch.setattr(Checkpoints, "on_epoch_end", end)
    resumed = rung(tmp_path, 4)
    assert len(trained) == 3 + 2
    assert_equal_weights(resumed, whole)


def test_a_rung_that_had_ceased_to_improve_is_not_trained_on(tmp_path: Path, trained):
    still = {"learning_rate": 1e-30, "early_stopping_patience": 2, "optimizer": "sgd"}
    rung(tmp_path, 9, **still)
    assert len(trained) == 3
    rung(tmp_path, 27, **still)
    assert len(trained) == 3


def test_the_same_trial_again_trains_nothing(tmp_path: Path, trained):
    first, again = rung(tmp_path, 3), rung(tmp_path, 3)
    assert len(trained) == 3
    assert_equal_weights(first, again)


def test_fewer_epochs_than_a_checkpoint_has_are_trained_anew_beside_it(tmp_path: Path, trained):
    rung(tmp_path, 3)
    shorter = rung(tmp_path, 2)
    assert len(trained) == 3 + 2
    assert_equal_weights(shorter, rung(None, 2))
    trained.clear()
    rung(tmp_path, 4)
    assert len(trained) == 1


def test_other_settings_and_other_data_have_another_checkpoint():
    path = checkpoint_path(TINY, DATA)
    for other in (
        {"units": 5},
        {"seed": 1},
        {"hyperparameters": {"gamma": 2}},
        {"output_dir": "."},
    ):
        assert checkpoint_path(replace(TINY, **other), DATA) != path
    assert checkpoint_path(TINY, replace(DATA, train=a_part(64))) != path


def test_an_edited_model_of_ones_own_has_another_checkpoint(tmp_path: Path):
    paths = set()
    for width in (4, 5):
        (tmp_path / f"{width}").mkdir()
        file = tmp_path / f"{width}" / "own.py"
        file.write_text(f"def build():\n    return {width}\n")
        paths.add(checkpoint_path(replace(TINY, model=f"{file}:build"), DATA))
        file.write_text(f"def build():\n    return {width + 10}\n")
        paths.add(checkpoint_path(replace(TINY, model=f"{file}:build"), DATA))
    assert len(paths) == 4


def test_epochs_and_outputs_make_no_other_checkpoint_unless_the_rate_depends_on_the_last_epoch():
    path = checkpoint_path(TINY, DATA)
    for same in ({"epochs": 99}, {"metrics": "json"}, {"checkpoint_dir": "."}):
        assert checkpoint_path(replace(TINY, **same), DATA) == path
    cosine = replace(TINY, learning_rate_schedule="cosine")
    assert checkpoint_path(replace(cosine, epochs=99), DATA) != checkpoint_path(cosine, DATA)


def some_checkpoints(path: Path) -> tuple[Checkpoints, keras.callbacks.CallbackList]:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile("adam", loss="mse")
    checkpoints = Checkpoints(path)
    return checkpoints, keras.callbacks.CallbackList([checkpoints], model=model)


def test_a_checkpoint_is_replaced_in_one_step(tmp_path: Path):
    checkpoints, callbacks = some_checkpoints(tmp_path / "c.npz")
    for epoch in range(3):
        callbacks.on_epoch_end(epoch, {"loss": 1.0})
    assert [file.name for file in tmp_path.iterdir()] == ["c.npz"]
    assert checkpoints.resume(callbacks, 9) == 3


@pytest.mark.parametrize("damage", ["cut", "other", "empty"])
def test_a_checkpoint_that_does_not_fit_is_told_of_and_not_used(
    damage: str, tmp_path: Path, capsys
):
    checkpoints, callbacks = some_checkpoints(tmp_path / "c.npz")
    callbacks.on_epoch_end(0, {"loss": 1.0})
    if damage == "cut":
        content = (tmp_path / "c.npz").read_bytes()
        (tmp_path / "c.npz").write_bytes(content[:-100])
    else:
        arrays = {"history": "[{}]", "variable0": np.zeros(2)} if damage == "other" else {}
        np.savez(tmp_path / "c.npz", **arrays)
    assert checkpoints.resume(callbacks, 9) == 0
    assert "training begins anew" in capsys.readouterr().out


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="--checkpoint_dir="):
        rung(tmp_path / "file", 1)


def test_without_the_flag_nothing_is_written(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    train(replace(TINY, epochs=1), load(replace(TINY, epochs=1)))
    assert not list(tmp_path.iterdir())
