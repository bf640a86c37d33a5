"""How the learning rate goes on: a number, a function of the step, or at a plateau's mercy."""

from __future__ import annotations

from typing import Any

import keras
from keras.optimizers.schedules import LearningRateSchedule

from trial_image.settings import Settings


class LinearWarmup(LearningRateSchedule):  # type: ignore[misc]
    """``schedule`` behind ``warmup_steps`` steps in which its first rate is reached evenly.

    The rate of step s (from 0) is (s + 1) / warmup_steps of it: no step is lost at a rate of 0.
    Goyal et al. 2017, Accurate, Large Minibatch SGD, section 2.2.
    """

    def __init__(self, schedule: LearningRateSchedule | float, warmup_steps: int) -> None:
        self.schedule = schedule
        self.warmup_steps = warmup_steps

    def __call__(self, step: Any) -> Any:  # noqa: ANN401
        step = keras.ops.cast(step, "float32")
        share = keras.ops.minimum((step + 1) / self.warmup_steps, 1.0)
        after = keras.ops.maximum(step - self.warmup_steps, 0.0)
        return share * (self.schedule(after) if callable(self.schedule) else self.schedule)

    def get_config(self) -> dict[str, Any]:
        return {"schedule": self.schedule, "warmup_steps": self.warmup_steps}


def first_learning_rate(settings: Settings) -> float:
    """``learning_rate``, scaled with the batch size where a ``base_batch_size`` is given: the
    linear rule of Goyal et al. 2017, section 2.1."""
    if not settings.base_batch_size:
        return settings.learning_rate
    return settings.learning_rate * settings.batch_size / settings.base_batch_size


def learning_rate(settings: Settings, steps_per_epoch: int) -> float | LearningRateSchedule:
    """What to give an optimizer as its ``learning_rate``: a function of the step, or, for the
    constant schedule and for a plateau, a number. Epochs may be fractions; steps are whole."""
    rate = first_learning_rate(settings)
    warmup = round(settings.warmup_epochs * steps_per_epoch)
    schedules = keras.optimizers.schedules
    after: float | LearningRateSchedule = rate
    match settings.learning_rate_schedule:
        case "exponential":
            steps = settings.decay_epochs * steps_per_epoch
            after = schedules.ExponentialDecay(rate, steps, settings.decay_rate)
        case "step":
            # Keras changes the value after its boundary; the first step of an epoch is to have it
            ends = [round(b * steps_per_epoch) - warmup - 1 for b in settings.decay_boundaries]
            after = schedules.PiecewiseConstantDecay(ends, stepped_rates(settings))
        case "cosine":
            steps = settings.epochs * steps_per_epoch - warmup
            after = schedules.CosineDecay(rate, max(steps, 1), settings.alpha)
    return LinearWarmup(after, warmup) if warmup else after


def stepped_rates(settings: Settings) -> list[float]:
    """The rate before, between and after the boundaries."""
    rates = [first_learning_rate(settings)]
    factors = settings.decay_factors
    if len(factors) == 1:
        factors *= len(settings.decay_boundaries)
    for factor in factors:
        rates.append(rates[-1] * factor)
    return rates


def schedule_callbacks(settings: Settings) -> list[keras.callbacks.Callback]:
    """What must look at the metrics to set the rate."""
    if settings.learning_rate_schedule != "plateau":
        return []
    return [
        keras.callbacks.ReduceLROnPlateau(
            monitor="val_loss",
            factor=settings.plateau_factor,
            patience=settings.plateau_patience,
            min_lr=settings.min_learning_rate,
        )
    ]


def current_learning_rate(model: keras.Model) -> float:
    """The rate of the model's next step."""
    return float(model.optimizer.learning_rate)
