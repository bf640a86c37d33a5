from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal

import typer
from rich.table import Table

from katib_experiments.backend import Backend, Outcome
from katib_experiments.cli.console import console, print_json
from katib_experiments.cli.names import RUNS, RunsOption
from katib_experiments.cli.places import NamespaceOption, OnOption, place
from katib_experiments.errors import ClusterError


def list_command(
    *,
    output: Annotated[
        Literal["text", "json"], typer.Option("--output", "-o", help="How to print the runs.")
    ] = "text",
    on: OnOption = "local",
    namespace: NamespaceOption = "",
    runs: RunsOption = RUNS,
) -> None:
    """List the runs, the newest first.

    \b
    Examples:
      automl list
      automl list -o json
      automl list --on katib --namespace team-a
    """
    backend = place(on, runs, namespace)
    rows = list(_rows(backend))
    if output == "json":
        print_json(rows)
    elif not rows:
        there = "there" if on == "katib" else f"in {runs}"
        options = " --on katib" + f" --namespace {namespace}" * bool(namespace)
        start = f"automl run random{options * (on == 'katib')}"
        typer.echo(f"No run {there}. Start one: {start}")
    else:
        _print(rows)


def _rows(backend: Backend) -> Iterator[dict[str, Any]]:
    for name in backend.names():
        try:
            yield _row(backend.outcome(name))
        except ClusterError as error:  # one that others made, and that only Katib can read
            typer.echo(str(error), err=True)


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
