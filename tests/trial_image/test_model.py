"""The model that the settings describe."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from trial_image.data import Data, Part
from trial_image.model import build
from trial_image.settings import ACTIVATIONS, Settings

PART = Part(np.zeros((4, 2, 2, 1), np.float32), np.zeros(4, np.int32))


def some_data(classes: int) -> Data:
    return Data(train=PART, validation=PART, test=PART, classes=classes)


@pytest.mark.parametrize("layers", [0, 1, 3])
def test_a_model_has_the_hidden_layers_asked_for_and_one_output_per_class(layers: int):
    model = build(Settings(num_layers=layers, units=7), some_data(classes=5))
    widths = [layer.units for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    assert widths == [7] * layers + [5]


def test_a_regression_has_one_output_and_reports_the_absolute_error():
    model = build(Settings(), some_data(classes=0))
    assert model.output_shape == (None, 1)
    assert model.evaluate(PART.x, PART.y, verbose=0, return_dict=True).keys() == {"loss", "mae"}


def test_dropout_follows_every_hidden_layer():
    model = build(Settings(num_layers=2, dropout=0.3), some_data(classes=2))
    rates = [layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    assert rates == [0.3, 0.3]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_is_one_of_keras(name: str):
    assert callable(keras.activations.get(name))
