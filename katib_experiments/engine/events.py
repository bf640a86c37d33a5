"""What can happen in a run: the events that the journal holds, and their text.

Times are seconds since the epoch, UTC.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from katib_experiments.experiment.model import (
    EarlyStoppingRule,
    ExperimentCondition,
    MetricLog,
    TrialCondition,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened; the base of all below."""

    time: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Created(Event):
    """The run began with this defaulted document."""

    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited(Event):
    """The three counts were changed; all of them, by their names in the document."""

    counts: Mapping[str, int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Became(Event):
    """The Experiment came into another condition."""

    condition: ExperimentCondition
    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggested(Event):
    """A new Trial, from one suggestion."""

    trial: str
    assignments: Mapping[str, str]
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Started(Event):
    """A Trial's process starts, for the ``attempt``-th time (from 1); what an earlier one reported
    no longer counts."""

    trial: str
    attempt: int
    rules: tuple[EarlyStoppingRule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported(Event):
    """A running Trial reported finite values."""

    trial: str
    logs: tuple[MetricLog, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crashed(Event):
    """An attempt failed, and another one is due (``backoffLimit``)."""

    trial: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped(Event):
    """It was decided that a running Trial ends, and as what."""

    trial: str
    condition: TrialCondition
    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended(Event):
    """A Trial is over."""

    trial: str
    condition: TrialCondition
    reason: str
    message: str


_KINDS: Mapping[str, type[Event]] = {
    kind.__name__.lower(): kind
    for kind in (Created, Edited, Became, Suggested, Started, Reported, Crashed, Stopped, Ended)
}
_NAMES = {kind: name for name, kind in _KINDS.items()}
_FIELDS = {kind: tuple(f.name for f in fields(kind)) for kind in _KINDS.values()}
_ROWS: Mapping[str, type[Any]] = {"logs": MetricLog, "rules": EarlyStoppingRule}
_ROW_FIELDS = {kind: tuple(f.name for f in fields(kind)) for kind in _ROWS.values()}


def encode(event: Event) -> str:
    """One event as a line of JSON; rows of logs and rules as arrays."""
    kind = type(event)
    values = {name: getattr(event, name) for name in _FIELDS[kind]}
    for name, row in _ROWS.items():
        if name in values:
            values[name] = [[getattr(item, f) for f in _ROW_FIELDS[row]] for item in values[name]]
    return json.dumps({"event": _NAMES[kind], **values}, separators=(",", ":"))


def decode(text: str) -> Event:
    """The inverse of :func:`encode`."""
    values = json.loads(text)
    kind = _KINDS[values.pop("event")]
    for name, row in _ROWS.items():
        if name in values:
            values[name] = tuple(row(*item) for item in values[name])
    if kind is Became:
        values["condition"] = ExperimentCondition(values["condition"])
    elif "condition" in values:
        values["condition"] = TrialCondition(values["condition"])
    return kind(**values)
