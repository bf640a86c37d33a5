"""What a Trial says while it trains."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime

import keras


def now() -> str:
    """The time in RFC 3339, by which Katib orders metrics."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def say(text: str) -> None:
    """Print ``text`` behind the time."""
    print(f"{now()} {text}", flush=True)  # noqa: T201


def metric_values(epoch: int, logs: Mapping[str, float]) -> dict[str, str]:
    """The epoch and every metric by name, each value as the text that is reported everywhere.

    Values that are not finite are left out: Katib's filter would read ``nan`` as an empty value,
    which Katib then takes for the best one.
    """
    finite = {name: value for name, value in sorted(logs.items()) if math.isfinite(value)}
    return {"epoch": str(epoch), **{name: f"{value:.6g}" for name, value in finite.items()}}


def metric_text(epoch: int, logs: Mapping[str, float]) -> str:
    """``epoch=3 accuracy=0.91 loss=0.31``, with numbers that Katib's default filter reads whole."""
    return " ".join(f"{name}={value}" for name, value in metric_values(epoch, logs).items())


class MetricLines(keras.callbacks.Callback):  # type: ignore[misc]
    """One line per epoch with every metric.

    Example::

        model.fit(x, y, validation_data=(u, v), callbacks=[MetricLines()], verbose=0)
    """

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        say(metric_text(epoch + 1, logs or {}))
