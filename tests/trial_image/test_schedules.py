"""The learning rate of each step and epoch, against its formula."""

from __future__ import annotations

import math

import keras
import numpy as np
import pytest

from trial_image.schedules import (
    current_learning_rate,
    first_learning_rate,
    learning_rate,
    schedule_callbacks,
)
from trial_image.settings import Settings

STEPS = 10
"""Per epoch."""


def rates(epochs: int = 4, **settings) -> list[float]:
    """At the first step of each epoch."""
    schedule = learning_rate(Settings(learning_rate=0.8, epochs=epochs, **settings), STEPS)
    return [float(schedule(epoch * STEPS)) for epoch in range(epochs)]


def test_a_constant_rate_is_a_number_that_a_callback_may_set():
    assert learning_rate(Settings(learning_rate=0.8), STEPS) == 0.8
    assert learning_rate(Settings(learning_rate_schedule="plateau"), STEPS) == 0.001


def test_an_exponential_decay_multiplies_the_rate_by_its_factor_in_so_many_epochs():
    found = rates(learning_rate_schedule="exponential", decay_rate=0.5, decay_epochs=2)
    assert found == pytest.approx([0.8 * 0.5 ** (epoch / 2) for epoch in range(4)])


def test_an_exponential_decay_is_continuous():
    settings = Settings(learning_rate=0.8, learning_rate_schedule="exponential", decay_rate=0.5)
    schedule = learning_rate(settings, STEPS)
    assert float(schedule(5)) == pytest.approx(0.8 * math.sqrt(0.5))


def test_a_rate_steps_down_with_the_first_step_after_each_boundary():
    steps = {"learning_rate_schedule": "step", "decay_boundaries": (1.0, 3.0)}
    assert rates(**steps) == pytest.approx([0.8, 0.08, 0.08, 0.008])
    assert rates(**steps, decay_factors=(0.5, 0.25)) == pytest.approx([0.8, 0.4, 0.4, 0.1])
    assert rates(**steps, warmup_epochs=0.5)[1:] == pytest.approx([0.08, 0.08, 0.008])
    schedule = learning_rate(Settings(learning_rate=0.8, **steps), STEPS)
    assert [float(schedule(step)) for step in (9, 10)] == pytest.approx([0.8, 0.08])


def test_a_cosine_falls_to_its_share_at_the_end():
    found = rates(learning_rate_schedule="cosine", alpha=0.1)
    cosine = [(1 + math.cos(math.pi * epoch / 4)) / 2 for epoch in range(4)]
    assert found == pytest.approx([0.8 * (0.9 * share + 0.1) for share in cosine])


def test_a_cosine_with_warm_up_begins_to_fall_after_it():
    found = rates(epochs=5, learning_rate_schedule="cosine", warmup_epochs=1)
    cosine = [(1 + math.cos(math.pi * epoch / 4)) / 2 for epoch in range(4)]
    assert found == pytest.approx([0.8 / STEPS, *(0.8 * share for share in cosine)])


def test_a_warm_up_rises_evenly_from_the_first_step_and_then_leaves_the_rate_alone():
    schedule = learning_rate(Settings(learning_rate=0.8, warmup_epochs=0.4), STEPS)
    found = [float(schedule(step)) for step in range(6)]
    assert found == pytest.approx([0.2, 0.4, 0.6, 0.8, 0.8, 0.8])


def test_the_rate_grows_with_the_batch_where_its_base_is_given():
    settings = {"learning_rate": 0.1, "batch_size": 256}
    assert first_learning_rate(Settings(**settings)) == 0.1
    assert first_learning_rate(Settings(**settings, base_batch_size=64)) == pytest.approx(0.4)


@pytest.mark.filterwarnings(
    "ignore:__array__ implementation:DeprecationWarning"
)  # Keras's callback
def test_at_a_plateau_the_rate_falls_and_not_below_its_floor():
    settings = Settings(
        learning_rate_schedule="plateau",
        plateau_factor=0.5,
        plateau_patience=2,
        min_learning_rate=0.3,
    )
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.8))
    callbacks = keras.callbacks.CallbackList(schedule_callbacks(settings), model=model)
    callbacks.on_train_begin()
    found = []
    for epoch, loss in enumerate([3.0, 2.0, 2.0, 2.0, 2.0, 2.0]):
        callbacks.on_epoch_end(epoch, {"val_loss": loss})
        found.append(current_learning_rate(model))
    assert found == pytest.approx([0.8, 0.8, 0.8, 0.4, 0.4, 0.3])


def test_the_graph_takes_the_rate_of_each_step():
    settings = Settings(learning_rate=1.0, learning_rate_schedule="exponential", decay_rate=0.5)
    optimizer = keras.optimizers.SGD(learning_rate(settings, steps_per_epoch=1))
    weight = keras.Variable(0.0)
    for _ in range(3):
        optimizer.apply([np.float32(-1.0)], [weight])
    assert float(weight) == pytest.approx(1 + 0.5 + 0.25)
