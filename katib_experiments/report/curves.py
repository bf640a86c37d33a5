"""Learning curves and the generalization gap, as numbers.

An epoch is the ordinal of a metric's report within its Trial. A validation metric and its training
twin go together: ``val_accuracy`` with ``accuracy``, ``validation_loss`` with ``train_loss``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from katib_experiments.backend import Outcome
from katib_experiments.experiment.model import Trial, TrialCondition, finite
from katib_experiments.report.figures import Point, best_point, plural, points, short

_VALIDATION = re.compile(r"^(val|valid|validation)[_-]", re.IGNORECASE)
_TRAINING = re.compile(r"^(train|training)[_-]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Curve:
    """One metric of one Trial over its epochs; None where a value was not finite."""

    trial: Trial
    values: Sequence[float | None]


@dataclass(frozen=True)
class Panel:
    """All Trials' curves of one quantity, on training and validation data."""

    name: str
    """The quantity, ``accuracy``."""
    training_metric: str = ""
    """Empty where there is none."""
    validation_metric: str = ""
    training: Sequence[Curve] = ()
    validation: Sequence[Curve] = ()
    best: str = ""
    """Name of the best Trial."""

    @property
    def early_stopped(self) -> int:
        names = {
            curve.trial.name
            for curve in (*self.validation, *self.training)
            if curve.trial.condition is TrialCondition.EARLY_STOPPED
        }
        return len(names)

    @property
    def sentence(self) -> str:
        curves = self.validation or self.training
        lengths = [len(curve.values) for curve in curves]
        low, high = min(lengths), max(lengths)
        epochs = plural(high, "report") if low == high else f"{low} to {high} reports"
        text = f"{plural(len(curves), 'Trial')} with {epochs} each"
        if self.early_stopped:
            text += f", {self.early_stopped} stopped early"
        best = next((curve for curve in curves if curve.trial.name == self.best), None)
        last = next((v for v in reversed(best.values) if v is not None), None) if best else None
        return text + (f"; the best Trial ends at {short(last)}." if last is not None else ".")


def panels(outcome: Outcome) -> list[Panel]:
    """A panel for each quantity that any Trial reported more than once, the objective's first."""
    curves = _curves(outcome)
    best = best_point(outcome)
    pairs: dict[str, list[str]] = {}
    for metric in outcome.experiment.objective.metrics:
        if any(len(curve.values) > 1 for curve in curves.get(metric, ())):
            pairs.setdefault(quantity(metric), ["", ""])[_is_validation(metric)] = metric
    return [
        Panel(
            name,
            training,
            validation,
            curves.get(training, ()),
            curves.get(validation, ()),
            best.trial.name if best else "",
        )
        for name, (training, validation) in pairs.items()
    ]


def _is_validation(metric: str) -> bool:
    return _VALIDATION.match(metric) is not None


def quantity(metric: str) -> str:
    """``val_accuracy`` and ``train_accuracy`` are both ``accuracy``."""
    return _TRAINING.sub("", _VALIDATION.sub("", metric))


def _curves(outcome: Outcome) -> dict[str, list[Curve]]:
    """Metric -> its curves, in the order of Trials."""
    found: dict[str, list[Curve]] = {}
    for trial in outcome.trials:
        series: dict[str, list[float | None]] = {}
        for log in outcome.logs.get(trial.name, ()):
            series.setdefault(log.name, []).append(finite(log.value))
        for metric, values in series.items():
            found.setdefault(metric, []).append(Curve(trial, values))
    return found


@dataclass(frozen=True)
class Gaps:
    """How much better each Trial is on the data that it was trained on, at its last epoch."""

    name: str
    points: Sequence[Point]
    gaps: Sequence[float]
    """Of the points; positive where training looks better than validation."""
    best: str

    @property
    def best_gap(self) -> float | None:
        pairs = zip(self.points, self.gaps, strict=True)
        return next((gap for point, gap in pairs if point.trial.name == self.best), None)

    @property
    def sentence(self) -> str:
        text = f"The median Trial is {short(abs(median(self.gaps)))} "
        text += "better" if median(self.gaps) >= 0 else "worse"
        text += " on training data than on validation data at its last epoch"
        if self.best_gap is None:
            return text + "."
        side = "" if self.best_gap >= 0 else " the other way"
        return f"{text}; the best one's gap is {short(abs(self.best_gap))}{side}."


def gaps(outcome: Outcome) -> Gaps | None:
    """The gap in the objective's own quantity; None unless some Trial reported both sides."""
    objective = outcome.experiment.objective
    name = quantity(objective.metric)
    panel = next((each for each in panels(outcome) if each.name == name), None)
    best = best_point(outcome)
    if panel is None or not panel.training or not panel.validation or best is None:
        return None
    training = {curve.trial.name: curve.values for curve in panel.training}
    validation = {curve.trial.name: curve.values for curve in panel.validation}
    sign = 1 if objective.maximize else -1
    found = []
    for point in points(outcome):
        trained = training.get(point.trial.name, ())
        pair = _last_pair(trained, validation.get(point.trial.name, ()))
        if pair is not None:
            found.append((point, sign * (pair[0] - pair[1])))
    if not found:
        return None
    return Gaps(name, [point for point, _ in found], [gap for _, gap in found], best.trial.name)


def _last_pair(
    training: Sequence[float | None], validation: Sequence[float | None]
) -> tuple[float, float] | None:
    pairs = zip(training, validation, strict=False)
    both = [(t, v) for t, v in pairs if t is not None and v is not None]
    return both[-1] if both else None
