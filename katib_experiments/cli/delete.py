from __future__ import annotations

from typing import Annotated

import typer

from katib_experiments.cli.names import RUNS, NameArgument, RunsOption
from katib_experiments.engine import LocalBackend


def delete_command(
    *,
    name: NameArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    runs: RunsOption = RUNS,
) -> None:
    """Remove a run: its Trials, their output, its report.

    \b
    Examples:
      automl delete random
      automl delete random --yes
    """
    backend = LocalBackend(runs)
    trials = len(backend.outcome(name).trials)
    if not yes:
        typer.confirm(f"Delete {backend.directory(name)} with its {trials} Trials?", abort=True)
    backend.delete(name)
    typer.echo(f"deleted {name}")
