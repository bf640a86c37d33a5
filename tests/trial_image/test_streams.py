"""The epoch loop over a tf.data.Dataset computes what Keras's own loop computes."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from trial_image.epochs import prepare
from trial_image.parts import Stream
from trial_image.streams import stream_function

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
