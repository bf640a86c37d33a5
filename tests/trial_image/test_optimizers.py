"""Optimizers by name, with the arguments that were given."""

from __future__ import annotations

import inspect

import keras
import numpy as np
import pytest

from trial_image.optimizers import VARIANTS, optimizer
from trial_image.rules import rows
from trial_image.settings import OPTIMIZERS, Settings, SettingsError

NOT_FLAGS = {"self", "name", "kwargs", "loss_scale_factor"}
CLASSES = {
    name.lower(): kind
    for name, kind in vars(keras.optimizers).items()
    if isinstance(kind, type) and name not in ("Optimizer", "LossScaleOptimizer", "Muon")
}


def test_every_optimizer_of_keras_has_a_name():
    assert {VARIANTS.get(name, (name, {}))[0] for name in OPTIMIZERS} == CLASSES.keys()


@pytest.mark.parametrize("name", CLASSES)
def test_every_argument_of_an_optimizer_is_a_flag(name: str):
    assert (
        inspect.signature(CLASSES[name].__init__).parameters.keys() - NOT_FLAGS
        <= rows(Settings).keys()
    )


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_steps_against_the_gradient_at_the_learning_rate_given(name: str):
    made = optimizer(Settings(optimizer=name), learning_rate=0.25)
    weights = keras.Variable([[1.0, 1.0], [1.0, 1.0]])
    made.apply([keras.ops.ones((2, 2))], [weights])
    assert float(made.learning_rate) == 0.25
    assert weights.numpy().max() < 1


@pytest.mark.parametrize(("name", "nesterov"), [("momentum", False), ("nesterov", True)])
def test_momentum_is_gradient_descent_with_a_memory(name: str, nesterov: bool):
    made = optimizer(Settings(optimizer=name), 0.1)
    assert isinstance(made, keras.optimizers.SGD)
    assert (made.momentum, made.nesterov) == (0.9, nesterov)
    assert optimizer(Settings(optimizer=name, momentum=0.5), 0.1).momentum == 0.5


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_no_optimizer_makes_nan_of_inputs_that_are_always_zero(name: str):
    made = optimizer(Settings(optimizer=name), learning_rate=0.25)
    weights = keras.Variable([[1.0, 1.0], [1.0, 1.0]])
    made.apply([keras.ops.array([[1.0, 0.0], [0.0, 0.0]])], [weights])
    assert np.isfinite(weights.numpy()).all()


def test_arguments_that_were_not_given_are_those_of_keras():
    given = optimizer(Settings(optimizer="adam", beta_1=0.8, clipnorm=2.0), 0.1).get_config()
    plain = keras.optimizers.Adam(learning_rate=0.1).get_config()
    assert {name for name in plain if plain[name] != given[name]} == {"beta_1", "clipnorm"}


def test_arguments_that_the_optimizer_lacks_are_errors_all_at_once():
    with pytest.raises(SettingsError) as caught:
        optimizer(Settings(optimizer="sgd", beta_1=0.8, rho=0.9), 0.1)
    rho, beta = sorted(str(caught.value).splitlines(), reverse=True)
    assert rho.startswith(
        "--rho: is no argument of --optimizer=sgd, which takes learning_rate, mom"
    )
    assert beta.startswith("--beta_1: is no argument of --optimizer=sgd")


def test_arguments_that_keras_refuses_together_are_an_error():
    with pytest.raises(SettingsError, match="--optimizer=adam: Only one of `clipnorm`"):
        optimizer(Settings(optimizer="adam", clipnorm=1.0, clipvalue=1.0), 0.1)
