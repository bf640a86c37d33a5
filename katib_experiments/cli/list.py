from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import typer
from rich.table import Table

from katib_experiments.backend import Outcome
from katib_experiments.cli.console import console, print_json
from katib_experiments.cli.names import RUNS, RunsOption
from katib_experiments.engine import LocalBackend


def list_command(
    *,
    output: Annotated[
        Literal["text", "json"], typer.Option("--output", "-o", help="How to print the runs.")
    ] = "text",
    runs: RunsOption = RUNS,
) -> None:
    """List the runs, the newest first.

    \b
    Examples:
      automl list
      automl list -o json
    """
    backend = LocalBackend(runs)
    rows = [_row(backend.outcome(name)) for name in backend.names()]
    if output == "json":
        print_json(rows)
    elif not rows:
        typer.echo(f"No run in {runs}. Start one: automl run random")
    else:
        _print(rows)


def _row(outcome: Outcome) -> dict[str, Any]:
    experiment, status = outcome.experiment, outcome.status
    best = status.optimal.value(experiment.objective) if status.optimal else None
    return {
        "name": experiment.name,
        "algorithm": experiment.algorithm.name,
        "condition": status.condition.value,
        "done": sum(trial.condition.ended for trial in outcome.trials),
        "max": experiment.max_trial_count,
        "metric": experiment.objective.metric,
        "best": best,
        "started": status.start_time,
    }


def _print(rows: list[dict[str, Any]]) -> None:
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for heading in ("name", "algorithm", "condition", "trials", "best", "started"):
        table.add_column(heading, overflow="ellipsis", no_wrap=True)
    for row in rows:
        best = "" if row["best"] is None else f"{row['metric']} {row['best']:.4g}"
        started = row["started"]
        when = f"{datetime.fromtimestamp(started):%Y-%m-%d %H:%M}" if started else ""
        trials = f"{row['done']}/{row['max'] or '?'}"
        table.add_row(row["name"], row["algorithm"], row["condition"], trials, best, when)
    console().print(table, soft_wrap=False)
