"""The table of an AutoKeras search's trials, from the files that KerasTuner keeps of them."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

from trial_image.result import finite

Row = dict[str, Any]


def read_trials(project: Path) -> list[Row]:
    """A row per trial in the order of their numbers."""
    rows = map(read_trial, project.glob("trial_*/trial.json"))
    return sorted(rows, key=lambda row: row["trial"])


def read_trial(path: Path) -> Row:
    """``trial`` counts from 1, as ``epoch``, the best one, does; ``metrics`` are of that epoch.
    A trial of Hyperband may go on from the epochs of another."""
    state = json.loads(path.read_text())
    observed = {
        name: metric["observations"][-1]["value"][0]
        for name, metric in state["metrics"]["metrics"].items()
        if metric["observations"]
    }
    values = state["hyperparameters"]["values"]
    first = values.get("tuner/initial_epoch", 0) + 1
    return {
        "trial": int(state["trial_id"]) + 1,
        "folder": path.parent.name,
        "status": state["status"],
        "score": finite(state["score"]),
        "epoch": None if state["best_step"] is None else first + state["best_step"],
        "metrics": {name: value for name, value in observed.items() if math.isfinite(value)},
        "hyperparameters": values,
        "message": _reason(state["status"], state["message"]),
    }


def _reason(status: str, traceback: str | None) -> str:
    """The last line of a traceback says what went wrong."""
    if status == "COMPLETED":
        return ""
    return traceback.strip().splitlines()[-1] if traceback else "its objective is not finite"


def write_trials(folder: Path, rows: list[Row]) -> None:
    """``trials.json`` and ``trials.md``."""
    write(folder / "trials.json", json.dumps(rows, indent=1))
    write(folder / "trials.md", markdown(rows))


def markdown(rows: list[Row]) -> str:
    """A table with a column per metric and per hyperparameter that any trial has."""
    metrics = _names(rows, "metrics")
    hyperparameters = _names(rows, "hyperparameters")
    header = ["trial", "status", "epoch", *metrics, *hyperparameters]
    lines = [header, ["---"] * len(header)]
    for row in rows:
        cells = [row["trial"], row["status"], row["epoch"]]
        cells += [row["metrics"].get(name) for name in metrics]
        cells += [row["hyperparameters"].get(name) for name in hyperparameters]
        lines.append([_cell(cell) for cell in cells])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _names(rows: list[Row], kind: str) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row[kind]))


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return "" if value is None else str(value)


def write(path: Path, text: str) -> None:
    """Whole or not at all."""
    draft = path.with_name(f".{path.name}")
    draft.write_text(text)
    os.replace(draft, path)  # noqa: PTH105
