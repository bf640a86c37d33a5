"""The epoch loop in the graph computes what Keras's own loop computes."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from trial_image.data import Part
from trial_image.epochs import epoch_function, prepare

EXAMPLES = 50
ORDER = np.arange(EXAMPLES)


def a_part(seed: int = 0) -> Part:
    random = np.random.default_rng(seed)
    x = random.normal(size=(EXAMPLES, 6)).astype(np.float32)
    return Part(x, (x[:, 0] > 0).astype(np.int32))


def a_model(optimizer: str = "sgd", *middle: keras.layers.Layer) -> keras.Model:
    keras.utils.set_random_seed(3)
    layers = [keras.layers.Dense(8, activation="relu"), *middle, keras.layers.Dense(2)]
    model = keras.Sequential([keras.Input((6,)), *layers])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=optimizer, loss=loss, metrics=["accuracy"])
    return model


def assert_equal(logs: dict[str, float], others: dict[str, float]) -> None:
    assert logs == pytest.approx(others, rel=1e-5)


@pytest.mark.parametrize("batch_size", [16, 25, 64], ids=["rest", "even", "one"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_epochs_leave_the_weights_and_metrics_that_fit_leaves(optimizer: str, batch_size: int):
    part, ours, theirs = a_part(), a_model(optimizer), a_model(optimizer)
    prepare(ours, part)
    epoch = epoch_function(ours, part, batch_size, ours.train_step)
    logs = [epoch(ORDER) for _ in range(3)]
    fitted = theirs.fit(part.x, part.y, batch_size, epochs=3, shuffle=False, verbose=0)
    for weights, others in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(weights, others, rtol=1e-4, atol=1e-6)
    assert_equal(logs[-1], {name: values[-1] for name, values in fitted.history.items()})


def test_layers_with_a_state_of_their_own_keep_it():
    layers = (keras.layers.BatchNormalization(), keras.layers.Dropout(0.5, seed=1))
    others = (keras.layers.BatchNormalization(), keras.layers.Dropout(0.5, seed=1))
    part, ours, theirs = a_part(), a_model("sgd", *layers), a_model("sgd", *others)
    prepare(ours, part)
    epoch_function(ours, part, 16, ours.train_step)(ORDER)
    theirs.fit(part.x, part.y, 16, shuffle=False, verbose=0)
    np.testing.assert_allclose(
        ours.predict(part.x, verbose=0), theirs.predict(part.x, verbose=0), rtol=1e-4, atol=1e-6
    )


def test_an_evaluation_gives_what_evaluate_gives_and_changes_no_weight():
    part, model = a_part(1), a_model()
    prepare(model, part)
    before = model.get_weights()
    logs = epoch_function(model, part, 16, model.test_step)(ORDER)
    assert_equal(logs, model.evaluate(part.x, part.y, 16, verbose=0, return_dict=True))
    for weights, others in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(weights, others)


def test_examples_are_taken_in_the_order_given():
    part, ours, theirs = a_part(), a_model(), a_model()
    order = np.random.default_rng(5).permutation(EXAMPLES)[:30]
    prepare(ours, part)
    epoch_function(ours, part, 8, ours.train_step)(order)
    theirs.fit(part.x[order], part.y[order], 8, shuffle=False, verbose=0)
    np.testing.assert_allclose(ours.get_weights()[0], theirs.get_weights()[0], rtol=1e-4, atol=1e-6)


def test_an_epoch_ends_where_the_loss_ceases_to_be_finite():
    part, model = a_part(), a_model()
    prepare(model, part)
    # One unit becomes infinite. NaN would not do: relu may make 0 of it.
    part.x[20] = np.inf * np.sign(model.layers[0].get_weights()[0][:, 0])
    logs = epoch_function(model, part, 10, model.train_step)(ORDER)
    assert not np.isfinite(logs["loss"])
    assert int(model.optimizer.iterations) == 3


def test_a_step_is_traced_once():
    part, model = a_part(), a_model("adam")
    prepare(model, part)
    traced = []

    def step(data):
        traced.append(data)
        return model.train_step(data)

    epoch = epoch_function(model, part, 16, step)
    epoch(ORDER)
    epoch(ORDER[::-1])
    assert len(traced) == 1
