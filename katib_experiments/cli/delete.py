from __future__ import annotations

from typing import Annotated

import typer

from katib_experiments.cli.names import RUNS, NameArgument, RunsOption
from katib_experiments.cli.places import NamespaceOption, OnOption, place


def delete_command(
    *,
    name: NameArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    on: OnOption = "local",
    namespace: NamespaceOption = "",
    runs: RunsOption = RUNS,
) -> None:
    """Remove a run: its Trials, their output, its report.

    \b
    Examples:
      automl delete random
      automl delete random --yes
      automl delete random --on katib --namespace team-a
    """
    backend = place(on, runs, namespace)
    outcome = backend.outcome(name)
    if not yes:
        there = f"{name} in namespace {outcome.experiment.namespace}"
        what = there if on == "katib" else runs / name
        typer.confirm(f"Delete {what} with its {len(outcome.trials)} Trials?", abort=True)
    backend.delete(name)
    typer.echo(f"deleted {name}")
