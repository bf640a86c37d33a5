"""The epoch loop over a tf.data.Dataset computes what Keras's own loop computes."""

from __future__ import annotations

import re
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf

from trial_image.data import Data
from trial_image.epochs import prepare
from trial_image.parts import Stream
from trial_image.settings import Settings
from trial_image.streams import stream_function
from trial_image.train import train

# Keras 3.12 converts its variables in a way that NumPy 2 warns of.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

X = np.random.default_rng(0).normal(size=(50, 6)).astype(np.float32)
Y = (X[:, 0] > 0).astype(np.int32)
BATCHES = tf.data.Dataset.from_tensor_slices((X, Y)).batch(16)
STREAM = Stream(X[:16], Y[:16], BATCHES, examples=50, highest=1)


def a_model() -> keras.Model:
    keras.utils.set_random_seed(3)
    hidden = [keras.layers.Dense(8, activation="relu"), keras.layers.Dropout(0.2, seed=1)]
    model = keras.Sequential([keras.Input((6,)), *hidden, keras.layers.Dense(2)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer="adam", loss=loss, metrics=["accuracy"])
    prepare(model, STREAM)
    return model


def test_epochs_leave_the_weights_and_metrics_that_fit_leaves():
    ours, theirs = a_model(), a_model()
    epoch = stream_function(ours, STREAM, ours.train_step)
    logs = [epoch(np.arange(50)) for _ in range(2)]
    fitted = theirs.fit(BATCHES, epochs=2, verbose=0)
    for weights, others in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(weights, others, rtol=1e-4, atol=1e-6)
    assert logs[-1] == pytest.approx({name: values[-1] for name, values in fitted.history.items()})


def test_an_evaluation_gives_what_evaluate_gives_and_changes_no_weight():
    model = a_model()
    before = model.get_weights()
    logs = stream_function(model, STREAM, model.test_step)(np.arange(50))
    assert logs == pytest.approx(model.evaluate(BATCHES, verbose=0, return_dict=True))
    for weights, others in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(weights, others)


def test_a_trial_trains_on_streams(capsys, tmp_path):
    data = Data(STREAM, STREAM, None, classes=2, names=(0, 1))
    settings = Settings(epochs=2, units=8, output_dir=str(tmp_path), checkpoint_dir=str(tmp_path))
    model = train(settings, data)
    assert int(model.optimizer.iterations) == 2 * 4
    assert len(re.findall("val_accuracy=", capsys.readouterr().out)) == 2
    train(replace(settings, epochs=3), data)
    assert "resumed after epoch 2" in capsys.readouterr().out
    assert (tmp_path / "result.json").is_file()


def test_a_stream_that_diverges_at_once_gives_the_values_of_the_untrained_model(capsys):
    data = Data(STREAM, STREAM, None, classes=2, names=(0, 1))
    train(Settings(epochs=2, optimizer="sgd", learning_rate=1e30), data)
    *_, last = capsys.readouterr().out.splitlines()
    assert re.search("epoch=0 .*val_loss=", last)
