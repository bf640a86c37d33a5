"""Start weights: their limits and deviations, against the formulas."""

from __future__ import annotations

import math

import keras
import numpy as np
import pytest

from trial_image.initializers import fans, initializer_name, spread_text, spreads
from trial_image.network import network
from trial_image.settings import INITIALIZERS, Settings


def first(**settings):
    """The first hidden layer [64, 300] of a perceptron, and how it was drawn."""
    keras.utils.set_random_seed(0)
    model = network(Settings(units=300, **settings), (64,), classes=10)
    return model.layers[1].kernel.numpy(), next(spreads(model))


def test_glorot_uniform_is_within_the_root_of_six_over_both_fans():
    weights, spread = first(activation="tanh")
    limit = math.sqrt(6 / (64 + 300))
    assert (spread.initializer, spread.limit) == ("GlorotUniform", pytest.approx(limit))
    assert 0.99 * limit < np.abs(weights).max() <= limit
    assert weights.std() == pytest.approx(spread.stddev, rel=0.02)


def test_he_normal_has_the_deviation_of_the_root_of_two_over_the_inputs():
    weights, spread = first(activation="relu")
    assert (spread.initializer, spread.stddev) == ("HeNormal", pytest.approx(math.sqrt(2 / 64)))
    assert weights.std() == pytest.approx(math.sqrt(2 / 64), rel=0.02)
    assert 0.95 * spread.limit < np.abs(weights).max() <= spread.limit


@pytest.mark.parametrize(
    ("activation", "name"),
    [("relu", "he_normal"), ("leaky_relu", "he_normal"), ("tanh", "glorot_uniform")],
)
def test_without_a_choice_it_follows_the_activation(activation: str, name: str):
    assert initializer_name("auto", activation) == name
    assert initializer_name("orthogonal", activation) == "orthogonal"


def test_every_initializer_of_keras_has_its_name():
    """But ``constant``, which is ``zeros`` without a value, and ``stft``, which is for signals."""
    names = {
        name
        for name, kind in vars(keras.initializers).items()
        if isinstance(kind, type) and name == name.lower()
    }
    assert {"auto", *names} - set(INITIALIZERS) == {"constant", "stft"}


@pytest.mark.parametrize("name", INITIALIZERS[1:])
def test_every_initializer_of_keras_starts_every_kernel(name: str):
    model = network(Settings(num_layers=1, kernel_initializer=name), (8,), classes=3)
    wanted = type(keras.initializers.get(name)).__name__
    assert [spread.initializer for spread in spreads(model)] == [wanted, wanted]


def test_what_has_no_formula_is_reported_as_found():
    weights, spread = first(kernel_initializer="orthogonal")
    assert spread.limit == pytest.approx(np.abs(weights).max())
    assert spread.stddev == pytest.approx(weights.std(), rel=1e-5)


def test_a_convolution_has_a_fan_of_its_whole_window():
    assert fans((3, 3, 4, 8)) == (36, 72)


def test_the_line_says_what_was_used():
    _, spread = first(activation="tanh")
    assert spread_text(spread).partition(": ")[2] == (
        "GlorotUniform fan_in=64 fan_out=300 limit=0.128388 stddev=0.0741249"
    )
