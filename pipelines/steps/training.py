"""What the step ``train_best`` does with its inputs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from pipelines.steps.data import data_file, said_task
from pipelines.steps.document import READING, without_flags
from pipelines.steps.programs import StepError, run_program
from pipelines.steps.search import trained_flags

WINNERS = ("search", "autokeras")


def train(
    data: str,
    model: str,
    *,
    winner: str,
    command: Sequence[str],
    autokeras: str,
    epochs: int,
    seeds: int,
) -> dict[str, float]:
    """Train the final model into the folder ``model``; what is to be said of it as numbers."""
    run_program(
        "final",
        [
            *winner_flags(winner, command, autokeras),
            # Of a repeated flag the last one counts.
            f"--dataset={data_file(data)}",
            f"--task={said_task(data) or 'auto'}",
            f"--final_epochs={epochs}",
            f"--seeds={seeds}",
            f"--output={model}",
        ],
    )
    result = json.loads(Path(model, "result.json").read_text())
    return {name: float(value) for name, value in result.items() if name != "hyperparameters"}


def winner_flags(winner: str, command: Sequence[str], autokeras: str) -> list[str]:
    if winner == "search":
        return without_flags(trained_flags(list(command)), READING)
    if winner != "autokeras":
        raise StepError(f'winner: received "{winner}": must be one of {", ".join(WINNERS)}')
    if not autokeras:
        raise StepError("autokeras: received nothing: must be what autokeras_search left")
    return [f"--like={autokeras}"]
