from __future__ import annotations

from typing import Annotated

import typer

from katib_experiments.cli.names import RUNS, NameArgument, RunsOption, trial_named
from katib_experiments.cli.places import NamespaceOption, OnOption, place


def logs_command(
    *,
    name: NameArgument,
    trial: Annotated[
        str,
        typer.Argument(
            metavar="TRIAL",
            help="A Trial, with or without the Experiment's name before it, or best.",
        ),
    ],
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on until the Trial ends.")
    ] = False,
    on: OnOption = "local",
    namespace: NamespaceOption = "",
    runs: RunsOption = RUNS,
) -> None:
    """Print what a Trial wrote.

    \b
    Examples:
      automl logs random best
      automl logs random 7hx2kq4d -f
      automl logs random best --on katib
    """
    backend = place(on, runs, namespace)
    found = trial_named(backend.outcome(name), trial)
    for line in backend.logs(name, found.name, follow=follow):
        typer.echo(line.rstrip("\n"))
