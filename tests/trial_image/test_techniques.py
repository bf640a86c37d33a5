"""What the techniques do to a whole training."""

from __future__ import annotations

import re
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf

from trial_image.data import Data, Part, load
from trial_image.settings import Settings, SettingsError
from trial_image.train import main, train

BASE = Settings(num_layers=1, units=8, batch_size=16, epochs=4, learning_rate=0.01)


def some_data(examples: int = 64) -> Data:
    """Of the four columns the first alone decides."""
    x = np.random.default_rng(0).normal(size=(examples, 4)).astype(np.float32)
    part = Part(x, (x[:, 0] > 0).astype(np.int32))
    return Data(train=part, validation=part, test=part, classes=2)


def values(text: str, name: str) -> list[float]:
    return [float(value) for value in re.findall(rf" {name}=(\S+)", text)]


def best(settings: Settings) -> Settings:
    return replace(settings, early_stopping_patience=3, epochs=12, learning_rate=0.3)


def test_the_rate_of_each_epoch_is_printed_and_is_that_of_the_formula(capsys):
    decay = {"learning_rate_schedule": "exponential", "decay_rate": 0.5}
    train(replace(BASE, **decay), some_data())
    found = values(capsys.readouterr().out, "learning_rate")
    assert found == pytest.approx([0.01, 0.005, 0.0025, 0.00125])


@pytest.mark.filterwarnings(
    "ignore:__array__ implementation:DeprecationWarning"
)  # Keras's callback
def test_at_a_plateau_the_rate_falls_while_training(capsys):
    flat = {"learning_rate_schedule": "plateau", "plateau_patience": 1, "optimizer": "sgd"}
    train(replace(BASE, **flat, learning_rate=1e-9), some_data())
    found = values(capsys.readouterr().out, "learning_rate")
    assert found == pytest.approx([1e-9, 1e-9, 1e-10, 1e-11])


def test_l1_drives_the_weights_of_useless_columns_to_zero_and_l2_shrinks_all():
    fit = replace(BASE, num_layers=0, epochs=40, optimizer="sgd", learning_rate=0.1)
    free, l1, l2 = (
        np.abs(train(settings, some_data()).layers[-1].kernel.numpy()).sum(axis=1)
        for settings in (fit, replace(fit, l1=0.1), replace(fit, l2=0.1))
    )
    assert l1[1:].max() < 0.05 < 0.3 < l1[0]
    assert free[1:].max() > 0.05
    assert l2.max() < free.max()


def test_the_weights_of_the_best_epoch_are_restored_stopped_or_not(capsys):
    for settings in (best(BASE), replace(best(BASE), epochs=4)):
        data = some_data()
        noise = np.random.default_rng(1).integers(0, 2, len(data.train.y), np.int32)
        data = replace(data, validation=Part(data.train.x, noise))  # gets worse with learning
        model = train(settings, data)
        losses = values(capsys.readouterr().out, "val_loss")
        assert losses.index(min(losses)) < len(losses) - 1
        found = model.evaluate(*astuple(data.validation), verbose=0, return_dict=True)["loss"]
        assert found == pytest.approx(min(losses), rel=1e-4)


def astuple(part: Part) -> tuple:
    return part.x, part.y


def test_progress_smaller_than_asked_for_stops_training(capsys):
    train(replace(best(BASE), early_stopping_min_delta=10.0), some_data())
    assert "stopped after epoch 4: val_loss has ceased to improve" in capsys.readouterr().out


def test_progress_may_be_that_of_any_metric(capsys):
    monitor = {"early_stopping_monitor": "val_accuracy", "learning_rate": 1e-9}
    train(replace(best(BASE), **monitor), some_data())
    assert "stopped after epoch 4: val_accuracy has" in capsys.readouterr().out


def test_a_metric_that_the_model_lacks_is_an_error():
    wrong = replace(best(BASE), early_stopping_monitor="val_mae")
    with pytest.raises(
        SettingsError, match="must be one of accuracy, loss, val_accuracy, val_loss"
    ):
        train(wrong, some_data())


@pytest.mark.parametrize("way", [{"jit_compile": True}, {"steps_per_execution": 3}])
def test_how_the_steps_are_run_changes_no_value(way: dict, capsys):
    train(BASE, some_data(70))
    expected = capsys.readouterr().out
    train(replace(BASE, **way), some_data(70))
    found = capsys.readouterr().out
    for name in ("loss", "val_loss", "accuracy"):
        assert values(found, name) == pytest.approx(values(expected, name), rel=1e-3)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_training_in_half_precision_learns(policy: str, capsys):
    model = train(replace(BASE, dtype_policy=policy, learning_rate=0.03), some_data())
    losses = values(capsys.readouterr().out, "loss")
    assert losses[-1] < losses[0]
    assert model.layers[1].kernel.dtype == "float32"


def test_a_convolutional_network_learns_from_images_that_change(capsys):
    images = np.zeros((60, 6, 6, 1), np.float32)
    images[::2, :3] = 1
    part = Part(images, (np.arange(60) % 2).astype(np.int32))
    changes = {"random_flip": "horizontal", "random_translation": 0.1, "batch_normalization": True}
    settings = replace(BASE, architecture="cnn", filters=4, epochs=8, **changes)
    train(settings, Data(train=part, validation=part, test=part, classes=2))
    assert max(values(capsys.readouterr().out, "val_accuracy")) > 0.9


def test_the_average_of_the_weights_is_what_remains():
    last, average = (
        train(settings, some_data()).layers[-1].kernel.numpy()
        for settings in (BASE, replace(BASE, use_ema=True, ema_momentum=0.9))
    )
    assert np.abs(average).sum() != pytest.approx(np.abs(last).sum(), rel=1e-3)


@pytest.mark.parametrize("fails", [False, True])
def test_a_divergence_ends_with_0_or_where_asked_with_4(fails: bool, monkeypatch, capsys):
    monkeypatch.setattr("trial_image.train.end_on_sigterm", lambda: None)
    steep = {"optimizer": "sgd", "learning_rate": 1e30, "fail_on_divergence": fails}
    assert main(replace(BASE, **steep)) == (4 if fails else 0)
    captured = capsys.readouterr()
    assert "diverged in epoch 1" in captured.out
    assert np.isfinite(values(captured.out, "val_accuracy")).all()
    assert ("--fail_on_divergence" in captured.err) == fails


def test_an_argument_that_the_optimizer_lacks_ends_with_2(monkeypatch, capsys):
    monkeypatch.setattr("trial_image.train.end_on_sigterm", lambda: None)
    assert main(replace(BASE, optimizer="sgd", beta_1=0.8)) == 2
    assert "--beta_1: is no argument of --optimizer=sgd" in capsys.readouterr().err


def test_a_flag_that_the_users_function_lacks_ends_with_2(monkeypatch, capsys):
    monkeypatch.setattr("trial_image.train.end_on_sigterm", lambda: None)
    own = {"model": "keras.applications:ResNet50", "hyperparameters": {"heads": 4}}
    assert main(replace(BASE, **own)) == 2
    assert "--heads: no such flag, nor a parameter of your function" in capsys.readouterr().err


def test_a_memory_that_grows_and_determinism_are_asked_of_tensorflow(monkeypatch):
    asked = []
    config = tf.config.experimental
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda _: ["gpu"])
    monkeypatch.setattr(config, "set_memory_growth", lambda *given: asked.append(given))
    monkeypatch.setattr(config, "enable_op_determinism", lambda: asked.append("deterministic"))
    monkeypatch.setattr("trial_image.train.end_on_sigterm", lambda: None)
    monkeypatch.setattr("trial_image.train.train", lambda *_: None)
    assert main(replace(BASE, deterministic=True)) == 0
    assert main(replace(BASE, gpu_memory_growth=False)) == 0
    assert asked == [("gpu", True), "deterministic", ("gpu", False)]


def test_a_smaller_share_of_the_data_is_within_a_larger_and_keeps_the_classes_in_proportion():
    whole, half, tenth = (load(Settings(data_fraction=share)) for share in (1.0, 0.5, 0.1))
    raw = [rows_of(data) for data in (whole, half, tenth)]
    assert raw[2] < raw[1] < raw[0]
    for data, share in ((half, 0.5), (tenth, 0.1)):
        counts = np.bincount(data.train.y) / np.bincount(whole.train.y)
        np.testing.assert_allclose(counts, share, atol=0.01)
        assert len(data.validation.y) == len(whole.validation.y)


def rows_of(data: Data) -> set[bytes]:
    """The training examples, each as its brightest pixels, which no standardising moves."""
    order = np.argsort(data.train.x.reshape(len(data.train.y), -1), axis=1, kind="stable")
    return {row.tobytes() for row in order}


def test_no_setting_of_keras_is_left_behind():
    train(replace(BASE, dtype_policy="mixed_bfloat16", epochs=1), some_data())
    assert keras.config.dtype_policy().name == "float32"
