"""The learning-rate range test: which rate to begin a search around, from one short training.

Smith 2017, Cyclical Learning Rates for Training Neural Networks, section 3.3; the smoothing and the
steepest fall as in fastai's ``lr_find``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np

from trial_image.callbacks import say
from trial_image.data import Data
from trial_image.model import build
from trial_image.parts import Part, Stream
from trial_image.settings import Settings, SettingsError

SMOOTHING = 0.9
"""Share of the mean of the losses before in the next one."""
DIVERGED = 4.0
"""A smoothed loss so many times the smallest one is a divergence."""


@dataclass(frozen=True, slots=True)
class RangeTest:
    """What a range test found; one entry per step."""

    learning_rates: list[float]
    losses: list[float]
    smoothed_losses: list[float]
    suggested: float | None
    """Around which rate the smoothed loss falls most; None: it never fell."""
    diverged: float | None
    """The rate at which training came apart; None: it did not."""


def range_test(settings: Settings, data: Data) -> RangeTest:
    """Train for ``lr_range_steps`` batches, each at a rate by the same factor higher, until the
    loss diverges. Raises :class:`.SettingsError` where a model's own schedule sets the rate."""
    keras.utils.set_random_seed(settings.seed)
    constant = replace(settings, learning_rate_schedule="constant", warmup_epochs=0.0)
    model = build(constant, data)
    source = batches(settings, data.train)
    rates = np.geomspace(settings.lr_range_min, settings.lr_range_max, settings.lr_range_steps)
    losses: list[float] = []
    for step, rate in enumerate(rates.tolist()):
        set_learning_rate(model, rate)
        model.reset_metrics()
        values = model.train_on_batch(*next(source), return_dict=True)
        losses.append(float(values["loss"]))
        found = judge(rates[: step + 1].tolist(), losses)
        if found.diverged is not None:
            break
        text = f"loss={losses[-1]:.6g} smoothed_loss={found.smoothed_losses[-1]:.6g}"
        say(f"step={step + 1} learning_rate={rate:.6g} {text}")
    report(found)
    return found


def batches(settings: Settings, part: Part) -> Iterator[tuple[Any, Any]]:
    """(x, y) of ``batch_size`` examples, or as a stream has them, without end."""
    random = np.random.default_rng(settings.seed)
    while True:
        if isinstance(part, Stream):
            yield from part.batches
            continue
        order = random.permutation(len(part))
        for start in range(0, len(part), settings.batch_size):
            rows = order[start : start + settings.batch_size]
            yield part.x[rows], part.y[rows]


def set_learning_rate(model: keras.Model, rate: float) -> None:
    try:
        model.optimizer.learning_rate = rate
    except TypeError as error:  # Keras's word for a rate that is a schedule
        raise SettingsError(f"--lr_range_test: the model sets its own rate: {error}") from error


def judge(rates: Sequence[float], losses: Sequence[float]) -> RangeTest:
    """What the ``losses`` at rising ``rates`` say. A loss that is not finite may come last."""
    smoothed: list[float] = []
    mean = 0.0
    for count, loss in enumerate(losses, start=1):
        mean = SMOOTHING * mean + (1 - SMOOTHING) * loss
        smoothed.append(mean / (1 - SMOOTHING**count))
    last = smoothed[-1]
    apart = not math.isfinite(last) or last > DIVERGED * min(smoothed)
    kept = len(smoothed) - apart
    return RangeTest(
        learning_rates=list(rates[:kept]),
        losses=list(losses[:kept]),
        smoothed_losses=smoothed[:kept],
        suggested=steepest(rates[:kept], smoothed[:kept]),
        diverged=rates[len(smoothed) - 1] if apart else None,
    )


def steepest(rates: Sequence[float], losses: Sequence[float]) -> float | None:
    """The rate around which the loss falls most, over a tenth of the steps on either side: between
    two neighbours it wavers more than it falls."""
    reach = max(1, len(losses) // 10)
    falls = np.subtract(losses[2 * reach :], losses[: -2 * reach])
    if not len(falls) or falls.min() >= 0:
        return None
    return float(rates[reach + int(np.argmin(falls))])


def report(found: RangeTest) -> None:
    named = {
        "suggested_learning_rate": found.suggested,
        "diverged_learning_rate": found.diverged,
    }
    given = [f"{name}={value:.6g}" for name, value in named.items() if value is not None]
    say(" ".join(given) or "the loss neither fell nor diverged: no learning rate to suggest")
