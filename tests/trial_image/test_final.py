"""The final model: of every example but the test part's, once per seed."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np
import pytest

from trial_image.data import Data, Part, load
from trial_image.final import best_epochs, gives_probabilities, together, whole, write
from trial_image.predict import predict
from trial_image.result import with_scale
from trial_image.retrain import Recipe, retrain
from trial_image.settings import Settings
from trial_image.step_flags import final_flags

# Keras 3.12 converts its variables in a way that NumPy 2 warns of.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """120 examples of two classes with names, apart by a wide margin, of scales far from 1."""
    random = np.random.default_rng(0)
    y = np.array(["no", "yes"])[np.arange(120) % 2]
    x = random.normal(size=(120, 2)) * [1, 100] + np.where(y == "yes", 8, 0)[:, None] * [1, 100]
    path = tmp_path / "data.npz"
    np.savez(path, x_train=x[:100], y_train=y[:100], x_test=x[100:], y_test=y[100:])
    return path


@pytest.mark.slow
def test_the_models_take_raw_examples_and_give_probabilities(table: Path, tmp_path: Path):
    settings = Settings(dataset=str(table), epochs=20, batch_size=10, learning_rate=0.01)
    write(tmp_path / "model", settings, seeds=2, recipe=None)
    y, outputs = predict(tmp_path / "model", table)
    assert outputs.shape == (2, 20, 2)
    assert np.allclose(outputs.sum(-1), 1, atol=1e-5)
    assert (outputs.argmax(-1) == y).mean() > 0.9
    assert json.loads((tmp_path / "model/classes.json").read_text()) == {"classes": ["no", "yes"]}
    assert json.loads((tmp_path / "model/result.json").read_text())["examples"] == 100
    assert (tmp_path / "model/saved_model/saved_model.pb").is_file()


@pytest.mark.slow
def test_with_early_stopping_the_best_epoch_is_found_before_the_validation_part_is_used(table):
    settings = Settings(
        dataset=str(table), epochs=4, early_stopping_patience=2, learning_rate=1e-9, batch_size=100
    )
    assert best_epochs(settings, load(settings)) in (1, 2, 3, 4)
    assert best_epochs(Settings(epochs=7), load(settings)) == 7


@pytest.mark.parametrize(("units", "activation"), [(1, None), (1, "sigmoid"), (3, "softmax")])
def test_outputs_become_probabilities_once(units: int, activation: str | None):
    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(units, activation)])
    part = Part(np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32), np.zeros(50))
    model = whole(network, Data(part, part, part, max(units, 2)))
    outputs = model.predict(part.x, verbose=0)
    assert ((outputs >= 0) & (outputs <= 1)).all()
    assert (model.layers[-1].name == "probabilities") == (activation is None)


def test_the_validation_part_is_learned_from_too(table: Path):
    data = load(Settings(dataset=str(table)))
    both = together(data)
    assert len(both.train) == len(data.train) + len(data.validation) == 100
    assert both.train.y.tolist() == [*data.train.y, *data.validation.y]


def test_fewer_than_one_seed_is_refused(capsys):
    with pytest.raises(SystemExit) as ended:
        final_flags(["--output=model", "--seeds=0"])
    assert ended.value.code == 2
    assert '--seeds: received "0": must be at least 1' in capsys.readouterr().err


def test_a_softmax_layer_is_not_followed_by_another():
    layers = [keras.Input((2,)), keras.layers.Dense(3), keras.layers.Softmax()]
    inner = keras.Sequential(layers)
    assert gives_probabilities(inner)
    assert gives_probabilities(keras.Sequential([keras.Input((2,)), inner]))


@pytest.mark.slow
def test_a_network_of_autokeras_is_trained_anew_whether_it_scales_its_inputs_or_not(table: Path):
    data = load(Settings(dataset=str(table)))
    inputs = keras.Input((2,))
    inner = keras.Model([inputs], [keras.layers.Dense(1, "sigmoid")(inputs)])
    chosen = {"optimizer": "sgd", "learning_rate": 0.5}
    for found in (inner, with_scale(inner, data)):
        recipe = Recipe(found, chosen, batch_size=8, epochs=10)
        network = retrain(recipe, 0, data, recipe.epochs)
        predicted = network.predict(data.train.x, verbose=0)[:, 0] > 0.5
        assert (predicted == data.train.y).mean() > 0.95
        assert np.allclose(
            whole(network, data).predict(raw(table)[:5], verbose=0),
            network.predict(scaled(raw(table)[:5], data), verbose=0),
            atol=1e-5,
        )


def raw(table: Path) -> np.ndarray:
    with np.load(table) as file:
        return file["x_train"].astype(np.float32)


def scaled(x: np.ndarray, data: Data) -> np.ndarray:
    mean, deviation = data.scale
    return (x - mean) / deviation
