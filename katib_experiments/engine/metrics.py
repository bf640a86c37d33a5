"""From the lines that a Trial writes to its metrics, by the rules of Katib's metrics collectors.

Source: Katib v0.19.0, ``file-metricscollector.go`` (which lines and values count) and
``trial_controller_util.go`` (how a log becomes min, max and latest). On purpose other than there:
values that are not finite and lines that are no JSON are left out and told of, where Katib takes
them in or gives up.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from katib_experiments.engine.launch import DEFAULT_PATHS
from katib_experiments.engine.runner import OUTPUT
from katib_experiments.errors import RunnerError
from katib_experiments.experiment.model import (
    CollectorKind,
    Experiment,
    Metric,
    MetricLog,
    MetricsCollector,
    finite,
)

DEFAULT_FILTER = r"([\w|-]+)\s*=\s*([+-]?\d*(\.\d+)?([Ee][+-]?\d+)?)"
"""Katib's filter where the document names none: ``name=value`` anywhere in a line."""

UNAVAILABLE = "unavailable"
"""Katib's value of a metric that was never reported."""

_CHUNK = 1 << 24  # bytes read in one turn of the loop

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


class LineTail:
    """The lines of a growing file, each one once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._rest = b""

    def read(self, *, final: bool = False) -> Iterator[str]:
        """Whole lines written since the last call (of much output, the first part); with ``final``
        all that is left, and an unterminated last one. A file that was begun anew is read anew."""
        try:
            with self._path.open("rb") as file:
                if file.seek(0, os.SEEK_END) < self._offset:
                    self._offset, self._rest = 0, b""
                file.seek(self._offset)
                data = file.read(-1 if final else _CHUNK)
        except OSError:
            data = b""
        self._offset += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        if final and self._rest:
            lines.append(self._rest)
            self._rest = b""
        return (line.decode(errors="replace") for line in lines)


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


@dataclass(slots=True)
class Collector:
    """Reads what one Trial reports, while it runs."""

    source: _Source
    notes: Counter[str] = field(default_factory=Counter)
    """What was left out, and how often."""

    def read(self, *, final: bool = False) -> list[MetricLog]:
        """The finite values reported since the last call, in the order written."""
        logs = []
        for log in self.source.read(final=final):
            if finite(log.value) is None:
                self.notes[f"{log.name} without a finite value"] += 1
            else:
                logs.append(log)
        return logs

    @property
    def note(self) -> str:
        """What was left out, as text for the Trial's message; empty where nothing was."""
        parts = [f"{count} × {what}" for what, count in self.notes.items()]
        return f"Left out: {', '.join(parts)}" if parts else ""


class _Source(Protocol):
    def read(self, *, final: bool = False) -> Iterable[MetricLog]: ...


@dataclass(slots=True)
class _Lines:
    tail: LineTail
    format: Format

    def read(self, *, final: bool = False) -> Iterator[MetricLog]:
        for line in self.tail.read(final=final):
            yield from self.format.parse(line)


def collector_of(experiment: Experiment, directory: Path) -> Collector:
    """What reads the metrics of a Trial whose folder is ``directory``.

    Raises RunnerError for a collector that needs a cluster (Push, Custom, PrometheusMetric) and
    for a filter that is no regular expression with two groups.
    """
    spec, metrics = experiment.metrics_collector, experiment.objective.metrics
    notes: Counter[str] = Counter()
    if spec.kind is CollectorKind.TENSORFLOW_EVENT:
        # Imported here: it needs numpy, and nothing else of the engine does.
        from katib_experiments.engine.tfevents import EventFiles  # noqa: PLC0415

        return Collector(EventFiles(inside(directory, spec), metrics), notes)
    if spec.kind not in (CollectorKind.STDOUT, CollectorKind.FILE):
        raise RunnerError(
            f"spec.metricsCollectorSpec.collector.kind: {spec.kind} needs a Katib cluster; "
            "StdOut, File and TensorFlowEvent work on this machine"
        )
    path = directory / OUTPUT if spec.kind is CollectorKind.STDOUT else inside(directory, spec)
    json_lines = spec.kind is CollectorKind.FILE and spec.file_format == "JSON"
    lines: Format = Json(metrics, notes) if json_lines else Text(metrics, spec.filters)
    return Collector(_Lines(LineTail(path), lines), notes)


def inside(directory: Path, spec: MetricsCollector) -> Path:
    """Where the collector's absolute path lies in a Trial's own folder."""
    return directory / (spec.path or DEFAULT_PATHS[spec.kind]).lstrip("/")


def observation_of(
    experiment: Experiment, metrics: Mapping[str, Metric], *, available: bool
) -> dict[str, Metric]:
    """An ended Trial's observation: every metric of the objective, ``unavailable`` where it was
    never reported, or all of them where the Trial's metrics are not ``available``."""
    return {
        name: (metrics.get(name) if available else None) or Reduction().metric(name)
        for name in experiment.objective.metrics
    }
