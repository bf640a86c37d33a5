"""From the lines that a Trial writes to metric values, and from those to its observation, by the
rules of Katib's metrics collectors.

Source: Katib v0.19.0, ``file-metricscollector.go`` (which lines and values count) and
``trial_controller_util.go`` (how a log becomes min, max and latest).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from katib_experiments.errors import RunnerError
from katib_experiments.experiment.model import CollectorKind, Experiment, Metric, MetricLog

DEFAULT_FILTER = r"([\w|-]+)\s*=\s*([+-]?\d*(\.\d+)?([Ee][+-]?\d+)?)"
"""Katib's filter where the document names none: ``name=value`` anywhere in a line."""

UNAVAILABLE = "unavailable"
"""Katib's value of a metric that was never reported."""

_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)", re.ASCII)


@dataclass(slots=True)
class Reduction:
    """One metric's log on its way to min, max and latest."""

    min: str = UNAVAILABLE
    max: str = UNAVAILABLE
    latest: str = UNAVAILABLE
    _bounds: tuple[float, float] | None = None
    _time: float = 0.0

    def add(self, log: MetricLog) -> None:
        """Take in one finite value; the latest is the one with the latest time, of equal times
        the last added."""
        value = float(log.value)
        low, high = self._bounds or (value, value)
        if self._bounds is None or value < low:
            self.min, low = log.value, value
        if self._bounds is None or value > high:
            self.max, high = log.value, value
        self._bounds = low, high
        if self.latest == UNAVAILABLE or log.time >= self._time:
            self.latest, self._time = log.value, log.time

    def metric(self, name: str) -> Metric:
        return Metric(name, self.min, self.max, self.latest)


def reduce(logs: Iterable[MetricLog]) -> dict[str, Metric]:
    """The observation that a whole log comes to, by metric name."""
    reductions: dict[str, Reduction] = {}
    for log in logs:
        reductions.setdefault(log.name, Reduction()).add(log)
    return {name: reduction.metric(name) for name, reduction in reductions.items()}


def timestamp(text: str) -> float | None:
    """An RFC 3339 time as seconds since the epoch, or None where ``text`` is none."""
    match = _RFC3339.fullmatch(text)
    if match is None:
        return None
    moment, fraction, zone = match.groups()
    try:
        seconds = datetime.fromisoformat(moment + ("+00:00" if zone == "Z" else zone)).timestamp()
    except ValueError:
        return None
    return seconds + float(f"0.{fraction or 0}")


class Format(Protocol):
    """How one line becomes metric values."""

    def parse(self, line: str) -> Iterable[MetricLog]: ...


class Text:
    """``TEXT``: every filter finds names and values anywhere in a line; a line that begins with an
    RFC 3339 time and a space is timed by it."""

    def __init__(self, metrics: tuple[str, ...], filters: Iterable[str] = ()) -> None:
        # Katib hands the filters over joined with ";" and splits them there again.
        joined = ";".join(filters)
        self._filters = [_compiled(text) for text in (joined or DEFAULT_FILTER).split(";") if text]
        self._metrics = metrics

    def parse(self, line: str) -> Iterator[MetricLog]:
        if not any(metric in line for metric in self._metrics):
            return
        first, space, _ = line.partition(" ")
        time = (timestamp(first) if space else None) or 0.0
        for pattern in self._filters:
            for match in pattern.finditer(line):
                name = match[1].strip() if match[1] else ""
                if name in self._metrics:
                    yield MetricLog(time, name, (match[2] or "").strip())


def _compiled(text: str) -> re.Pattern[str]:
    try:
        pattern = re.compile(text, re.ASCII)
    except re.error as error:
        raise RunnerError(f'metrics filter "{text}" is no regular expression: {error}') from None
    if pattern.groups < 2:
        raise RunnerError(f'metrics filter "{text}" must have two groups, a name and a value')
    return pattern


class Json:
    """``JSON``: one object per line, metric values as strings (Katib ignores numbers), the time
    under ``timestamp``."""

    def __init__(self, metrics: tuple[str, ...], notes: Counter[str]) -> None:
        self._metrics = metrics
        self._notes = notes

    def parse(self, line: str) -> Iterator[MetricLog]:
        if not line:
            return
        try:
            found = json.loads(line)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            self._notes["a line that is no JSON object"] += 1
            return
        time = _json_time(found.get("timestamp"))
        for name in self._metrics:
            value = found.get(name)
            if isinstance(value, str):
                yield MetricLog(time, name, value.strip())
            elif value is not None:
                self._notes[f"{name} that is no JSON string"] += 1


def _json_time(value: object) -> float:
    if isinstance(value, str):
        return timestamp(value) or 0.0
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    return 0.0


def format_of(experiment: Experiment, notes: Counter[str]) -> Format:
    """How the lines of the Experiment's Trials are read; ``notes`` counts what is left out.

    Raises RunnerError for a filter that is no regular expression with two groups.
    """
    spec, metrics = experiment.metrics_collector, experiment.objective.metrics
    if spec.kind is CollectorKind.FILE and spec.file_format == "JSON":
        return Json(metrics, notes)
    return Text(metrics, spec.filters)
