"""The model of a Trial, compiled: ours and the user's."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from trial_image.data import Data, Part
from trial_image.model import build
from trial_image.settings import Settings, SettingsError

PART = Part(np.zeros((4, 2, 2, 1), np.float32), np.zeros(4, np.int32))
OWN = """
import keras

def build(settings, input_shape, classes, heads, depth=1, last=None, compiled=False):
    layers = [keras.layers.Dense(heads) for _ in range(depth)]
    output = keras.layers.Dense(classes, activation=last)
    model = keras.Sequential([keras.layers.Flatten(), *layers, output])
    if compiled:
        model.compile("sgd", "mse")
    return model

def named(input_shape, units):
    return keras.Sequential([keras.Input(input_shape), keras.layers.Dense(units)])

def wrong():
    return "no model"

def binary(last):
    return keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Flatten(),
                             keras.layers.Dense(1, activation=last)])
"""


def some_data(classes: int) -> Data:
    return Data(train=PART, validation=PART, test=PART, classes=classes)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "my_models.py").write_text(OWN)
    yield tmp_path / "my_models.py"
    sys.modules.pop("my_models", None)


def test_a_regression_has_one_output_and_reports_the_absolute_error():
    model = build(Settings(), some_data(classes=0))
    assert model.output_shape == (None, 1)
    assert model.evaluate(PART.x, PART.y, verbose=0, return_dict=True).keys() == {"loss", "mae"}


def test_the_schedule_and_the_optimizer_of_the_settings_are_compiled_in():
    settings = Settings(optimizer="lion", batch_size=2, epochs=3, learning_rate_schedule="cosine")
    made = build(settings, some_data(classes=2)).optimizer
    assert isinstance(made, keras.optimizers.Lion)
    assert made._learning_rate.decay_steps == 6


def test_the_precision_of_the_settings_is_that_of_the_model_and_is_then_reset():
    model = build(Settings(dtype_policy="mixed_float16"), some_data(classes=2))
    assert model.layers[1].dtype_policy.name == "mixed_float16"
    assert (model.layers[1].kernel.dtype, model.layers[1].compute_dtype) == ("float32", "float16")
    assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    assert keras.config.dtype_policy().name == "float32"


def test_an_own_function_gets_what_its_parameters_name(own: Path):
    settings = Settings(model=f"{own}:build", hyperparameters={"heads": 3, "depth": 2})
    model = build(settings, some_data(classes=5))
    assert [layer.units for layer in model.layers[1:]] == [3, 3, 5]
    assert isinstance(model.optimizer, keras.optimizers.Adam)
    named = build(Settings(model=f"{own}:named", units=1), some_data(classes=0))
    assert named.layers[0].units == 1


def test_a_model_that_comes_compiled_stays_as_it_is(own: Path):
    own_flags = {"heads": 3, "compiled": True}
    model = build(Settings(model=f"{own}:build", hyperparameters=own_flags), some_data(classes=2))
    assert isinstance(model.optimizer, keras.optimizers.SGD)
    assert model.loss == "mse"


@pytest.mark.parametrize(("last", "logits"), [("softmax", False), ("linear", True)])
def test_probabilities_are_told_from_logits(own: Path, last: str, logits: bool):
    own_flags = {"heads": 3, "last": last}
    model = build(Settings(model=f"{own}:build", hyperparameters=own_flags), some_data(classes=5))
    assert model.loss._fn_kwargs["from_logits"] is logits


@pytest.mark.parametrize("last", ["sigmoid", "linear"])
def test_one_output_is_enough_for_two_classes(own: Path, last: str):
    x = np.array([-1.0, -1.0, 1.0, 1.0], np.float32).repeat(4).reshape(4, 2, 2, 1)
    data = replace(some_data(classes=2), train=Part(x, np.array([0, 0, 1, 1], np.int32)))
    model = build(Settings(model=f"{own}:binary", hyperparameters={"last": last}), data)
    model.layers[-1].set_weights([np.full((4, 1), 0.1), np.array([0.05])])
    logs = model.evaluate(data.train.x, data.train.y, verbose=0, return_dict=True)
    assert logs["accuracy"] == 1
    assert logs["loss"] == pytest.approx((np.log1p(np.exp(-0.35)) + np.log1p(np.exp(-0.45))) / 2)


@pytest.mark.parametrize(
    ("function", "flags", "problem"),
    [
        ("wrong", {}, "returns a str, not a keras.Model"),
        ("build", {}, "--model: its function needs --heads, which is not given"),
        ("binary", {"last": None}, r"outputs \(None, 1\): must be \(None, 5\) for this data"),
    ],
)
def test_an_own_function_that_does_not_fit_is_an_error(own, function, flags, problem):
    settings = Settings(model=f"{own}:{function}", hyperparameters=flags)
    with pytest.raises(SettingsError, match=problem):
        build(settings, some_data(classes=5))
