"""What a Trial on this machine reports, read while it runs, as Katib's metrics collectors would.

On purpose other than there: values that are not finite and lines that are no JSON are left out and
told of, where Katib takes them in or gives up.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
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
from katib_experiments.metrics import Format, Reduction, format_of

_CHUNK = 1 << 24  # bytes read in one turn of the loop


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
    return Collector(_Lines(LineTail(path), format_of(experiment, notes)), notes)


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
