"""What the report shows, as numbers: no drawing here, so that tests assert values.

Every function takes an :class:`~katib_experiments.backend.Outcome`. A Trial counts where Katib
counts it: ended as Succeeded or EarlyStopped with a finite objective. Trials are numbered from 1 in
the order in which they were made.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import quantiles

from katib_experiments.backend import Outcome
from katib_experiments.errors import RunnerError
from katib_experiments.experiment.model import (
    Objective,
    Trial,
    TrialCondition,
    finite,
)
from katib_experiments.experiment.template import primary_container, render


@dataclass(frozen=True, slots=True)
class Point:
    """A Trial that counts: its number and its objective."""

    number: int
    trial: Trial
    value: float


def points(outcome: Outcome) -> list[Point]:
    """The Trials that count, in order."""
    found = []
    for number, trial in enumerate(outcome.trials, 1):
        value = trial.value(outcome.experiment.objective)
        counts = trial.condition in (TrialCondition.SUCCEEDED, TrialCondition.EARLY_STOPPED)
        if counts and value is not None:
            found.append(Point(number, trial, value))
    return found


def better(objective: Objective, value: float, other: float) -> bool:
    return value > other if objective.maximize else value < other


def best_point(outcome: Outcome) -> Point | None:
    """The best Trial that counts; the earliest of equals."""
    best: Point | None = None
    for point in points(outcome):
        if best is None or better(outcome.experiment.objective, point.value, best.value):
            best = point
    return best


def short(value: float) -> str:
    """A number for reading: four significant digits."""
    return f"{value:.4g}"


def readable(text: str) -> str:
    """A parameter's value for reading: a long number shortened, anything else as it is."""
    value = finite(text) if len(text) > 8 else None
    return text if value is None else short(value)


def plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def duration(seconds: float) -> str:
    """``95.2`` as ``1 min 35 s``: the two largest units, the second one unless it is 0."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for size, unit, smaller, name in _UNITS:
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size} {unit} {rest} {name}" if rest else f"{whole // size} {unit}"
    return f"{whole} s"


_UNITS = ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s"))


@dataclass(frozen=True)
class Headline:
    """The Experiment in a few words and numbers."""

    best: Point | None
    counts: Mapping[TrialCondition, int]
    """Of the conditions that occur, in the order of :class:`TrialCondition`."""
    seconds: float | None
    """From the start to the completion, or to the last thing known while it runs."""
    training_seconds: float
    """Of all Trials together."""
    goal_reached: bool


def headline(outcome: Outcome) -> Headline:
    best = best_point(outcome)
    counted = Counter(trial.condition for trial in outcome.trials)
    return Headline(
        best=best,
        counts={each: counted[each] for each in TrialCondition if counted[each]},
        seconds=_elapsed(outcome),
        training_seconds=sum(trial_seconds(trial) or 0.0 for trial in outcome.trials),
        goal_reached=best is not None and outcome.experiment.objective.reached(best.value),
    )


def _elapsed(outcome: Outcome) -> float | None:
    status = outcome.status
    if status.start_time is None:
        return None
    known = [condition.time for condition in status.conditions]
    known += [trial.completion_time or trial.start_time or 0.0 for trial in outcome.trials]
    end = status.completion_time or max(known, default=status.start_time)
    return max(end - status.start_time, 0.0)


def trial_seconds(trial: Trial) -> float | None:
    """How long a Trial ran; None while it has no start or no end."""
    if trial.start_time is None or trial.completion_time is None:
        return None
    return max(trial.completion_time - trial.start_time, 0.0)


def command(outcome: Outcome, trial: Trial) -> str:
    """The command that a Trial ran, for a shell; ``--name=value`` of each parameter where the
    template has no command or belongs to the cluster."""
    try:
        manifest = render(outcome.experiment, trial.name, trial.assignments)
        container = primary_container(manifest, outcome.experiment)
    except (KeyError, RunnerError):
        container = {}
    words = [str(word) for word in (*container.get("command", ()), *container.get("args", ()))]
    if not all(any(value in word for word in words) for value in trial.assignments.values()):
        words = [f"--{name}={value}" for name, value in trial.assignments.items()]
    return shlex.join(words)


@dataclass(frozen=True)
class Progress:
    """The objective in the order of Trials, and the best so far."""

    points: Sequence[Point]
    best: Sequence[float]
    """The best of the points up to each one."""
    without_value: Sequence[tuple[int, Trial]]
    """Trials that ended and do not count."""
    total: int
    maximize: bool
    goal: float | None

    @property
    def best_number(self) -> int | None:
        """The number of the best Trial."""
        return self.points[self.best.index(self.best[-1])].number if self.best else None

    @property
    def recent(self) -> tuple[int, float]:
        """How many Trials the last third is (at most 10), and what they gained on the best."""
        last = min(10, len(self.best) // 3)
        return last, abs(self.best[-1] - self.best[-1 - last]) if last else 0.0

    @property
    def sentence(self) -> str:
        if not self.points:
            return f"None of {plural(self.total, 'Trial')} has a finite objective yet."
        last, gain = self.recent
        text = f"Best after {self.best_number} of {plural(self.total, 'Trial')}"
        if last:
            brought = f"brought {short(gain)}" if gain else "brought nothing more"
            text += f"; the last {last} {brought}" if last > 1 else f"; the last one {brought}"
        if self.goal is not None:
            reached = self.best[-1] >= self.goal if self.maximize else self.best[-1] <= self.goal
            text += f". The goal of {short(self.goal)} has {'' if reached else 'not '}been reached"
        return text + "."


def progress(outcome: Outcome) -> Progress:
    objective = outcome.experiment.objective
    counting = points(outcome)
    best: list[float] = []
    for point in counting:
        keep = best and not better(objective, point.value, best[-1])
        best.append(best[-1] if keep else point.value)
    numbers = {point.number for point in counting}
    ended = [(n, t) for n, t in enumerate(outcome.trials, 1) if t.condition.ended]
    return Progress(
        points=counting,
        best=best,
        without_value=[(number, trial) for number, trial in ended if number not in numbers],
        total=len(outcome.trials),
        maximize=objective.maximize,
        goal=objective.goal,
    )


def value_range(objective: Objective, values: Sequence[float]) -> tuple[float, float]:
    """The range that colours span, (worst, best): far outliers on the bad side (beyond three
    interquartile ranges) do not stretch it."""
    best, worst = (max, min) if objective.maximize else (min, max)
    if len(values) < 4:
        return worst(values), best(values)
    low, _, high = quantiles(values, n=4, method="inclusive")
    fence = low - 3 * (high - low) if objective.maximize else high + 3 * (high - low)
    return best(worst(values), fence), best(values)


def wide(values: Sequence[float]) -> bool:
    """Whether positive values span so many magnitudes that their axis must be logarithmic."""
    return bool(values) and min(values) > 0 and max(values) / min(values) > 100
