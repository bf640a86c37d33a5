"""What may change in an Experiment that exists: its three counts, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from katib_experiments.errors import ExperimentChanged
from katib_experiments.experiment.model import Experiment

COUNTS = {
    "parallelTrialCount": "parallel_trial_count",
    "maxTrialCount": "max_trial_count",
    "maxFailedTrialCount": "max_failed_trial_count",
}
"""The fields of ``spec`` that may be edited, and their names in the model."""


def counts_of(experiment: Experiment) -> dict[str, int | None]:
    """The three counts, by the document's names."""
    return {key: getattr(experiment, name) for key, name in COUNTS.items()}


def refuse_changes(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """ExperimentChanged with every field of the defaulted documents' spec that differs, but the
    counts."""
    changes = list(_changes(_fixed(old), _fixed(new)))
    if changes:
        raise ExperimentChanged(
            f"experiment {name} exists with another document:\n"
            + "\n".join(changes)
            + f"\nOnly {', '.join(COUNTS)} can be edited; give the new document another name, "
            "or delete the old experiment first"
        )


def _fixed(document: Mapping[str, Any]) -> dict[str, Any]:
    """What of a document may not change: its spec without the counts, as JSON has it."""
    spec = {key: value for key, value in document.get("spec", {}).items() if key not in COUNTS}
    fixed: dict[str, Any] = json.loads(json.dumps({"spec": spec}))
    return fixed


def _changes(old: object, new: object, path: str = "") -> Iterator[str]:
    """Each field that differs, with both values."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            name = f"{path}.{key}" if path else str(key)
            yield from _changes(old.get(key), new.get(key), name)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, pair in enumerate(zip(old, new, strict=True)):
            yield from _changes(*pair, f"{path}[{index}]")
    elif _kept(old) != _kept(new):
        yield f"  {path}: {_shown(old)} became {_shown(new)}"


def _kept(value: object) -> object:
    """None for what a cluster's API server leaves out of the fields that are Katib's."""
    return None if value is False or value in ("", [], {}) else value


def _shown(value: object, limit: int = 80) -> str:
    text = "missing" if value is None else json.dumps(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
