"""What each flag of the model changes in it."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from trial_image.augmentation import augmentation
from trial_image.network import network
from trial_image.settings import ACTIVATIONS, Settings, SettingsError

IMAGE = (8, 8, 1)
layers = keras.layers


def kinds(model: keras.Model) -> list[str]:
    return [type(layer).__name__ for layer in model.layers]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_is_one_of_keras(name: str):
    assert callable(keras.activations.get(name))


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_perceptron_has_the_hidden_layers_asked_for_and_one_output_per_class(count: int):
    model = network(Settings(num_layers=count, units=7), IMAGE, classes=5)
    widths = [layer.units for layer in model.layers if isinstance(layer, layers.Dense)]
    assert widths == [7] * count + [5]


def test_a_convolutional_network_halves_the_sides_and_doubles_the_filters():
    model = network(Settings(architecture="cnn", filters=4, num_layers=4), IMAGE, classes=5)
    shapes = [layer.output.shape[1:] for layer in model.layers if "Conv2D" in type(layer).__name__]
    assert shapes == [(8, 8, 4), (4, 4, 8), (2, 2, 16), (1, 1, 32)]
    assert kinds(model)[-3:] == ["Flatten", "Dense", "Dense"]


def test_convolutions_of_a_table_are_refused():
    with pytest.raises(SettingsError, match=r"--architecture=cnn: is for images; .* shape \[4\]"):
        network(Settings(architecture="cnn"), (4,), classes=5)


@pytest.mark.parametrize("architecture", ["mlp", "cnn"])
def test_normalization_stands_between_a_layer_without_a_bias_and_its_activation(architecture: str):
    settings = Settings(num_layers=1, architecture=architecture, batch_normalization=True)
    model = network(settings, IMAGE, classes=5)
    at = kinds(model).index("BatchNormalization")
    assert kinds(model)[at + 1] == "Activation"
    assert not model.layers[at - 1].use_bias
    assert model.layers[at - 1].activation is keras.activations.linear


def test_normalization_is_by_the_batch_while_training_and_by_what_was_learned_otherwise():
    model = network(Settings(num_layers=1, batch_normalization=True), (3,), classes=2)
    x = np.random.default_rng(0).normal(5, 2, (64, 3)).astype(np.float32)
    at = kinds(model).index("BatchNormalization")
    normalized = keras.Sequential(model.layers[: at + 1])
    assert np.abs(normalized(x, training=True).numpy().mean(0)).max() < 1e-5
    assert np.abs(normalized(x, training=False).numpy().mean(0)).max() > 1


def test_dropout_follows_every_hidden_layer_and_is_off_at_evaluation():
    model = network(Settings(num_layers=2, dropout=0.3), IMAGE, classes=2)
    assert [layer.rate for layer in model.layers if isinstance(layer, layers.Dropout)] == [0.3, 0.3]
    x = np.ones((4, *IMAGE), np.float32)
    first, again = (model(x, training=False).numpy() for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert (model(x, training=True).numpy() != first).any()


def test_the_penalties_are_those_of_the_formulas():
    model = network(Settings(num_layers=1, l1=0.5, l2=0.25), (3,), classes=2)
    kernels = np.concatenate([layer.kernel.numpy().ravel() for layer in model.layers[1:]])
    expected = 0.5 * np.abs(kernels).sum() + 0.25 * np.square(kernels).sum()
    assert float(sum(model.losses)) == pytest.approx(expected, rel=1e-5)
    assert not network(Settings(), (3,), classes=2).losses


def test_images_are_changed_while_training_alone():
    settings = Settings(
        random_flip="horizontal", random_translation=0.2, random_rotation=0.1, random_zoom=0.2
    )
    model = keras.Sequential([keras.Input(IMAGE), *augmentation(settings, IMAGE)])
    x = np.random.default_rng(0).random((16, *IMAGE)).astype(np.float32)
    np.testing.assert_array_equal(model(x, training=False), x)
    assert (model(x, training=True).numpy() != x).mean() > 0.5
    assert kinds(model) == ["RandomFlip", "RandomTranslation", "RandomRotation", "RandomZoom"]


def test_a_shift_is_no_larger_than_its_share_of_the_side():
    shift = keras.Sequential([*augmentation(Settings(random_translation=0.125), IMAGE)])
    x = np.zeros((200, *IMAGE), np.float32)
    x[:, 4, 4] = 1
    rows, columns = np.nonzero(shift(x, training=True).numpy().sum((0, 3)))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (3, 5, 3, 5)


def test_no_layer_is_added_for_what_is_off():
    assert kinds(network(Settings(num_layers=1), IMAGE, classes=2)) == ["Flatten", "Dense", "Dense"]


def test_a_table_cannot_be_turned_over():
    with pytest.raises(SettingsError, match=r"--random_flip.* is for images"):
        network(Settings(random_flip="vertical"), (4,), classes=5)


@pytest.mark.parametrize(("policy", "compute"), [("mixed_float16", "float16"), ("float32",) * 2])
def test_the_last_layer_is_never_in_half_precision(policy: str, compute: str):
    keras.config.set_dtype_policy(policy)
    try:
        model = network(Settings(dtype_policy=policy), IMAGE, classes=2)
    finally:
        keras.config.set_dtype_policy("float32")
    assert [layer.compute_dtype for layer in model.layers[-2:]] == [compute, "float32"]
