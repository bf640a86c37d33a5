from __future__ import annotations

from typing import Annotated

import typer

from katib_experiments.cli.console import console
from katib_experiments.cli.places import NamespaceOption, katib
from katib_experiments.cli.remote import follow, print_outcome
from katib_experiments.cli.run import exit_code


def watch_command(
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="An Experiment on the cluster.")],
    namespace: NamespaceOption = "",
) -> None:
    """Show an Experiment on a Katib cluster until it ends.

    \b
    Ctrl-C ends the looking; the Experiment goes on.

    \b
    Exit codes: 0 succeeded, 1 failed, 2 no such Experiment,
    4 the cluster does not answer or refuses, 130 stopped looking.

    \b
    Examples:
      automl watch random
      automl watch random --namespace team-a
    """
    terminal = console()
    backend = katib(namespace)
    outcome = follow(backend, name, terminal)
    print_outcome(terminal, backend, outcome)
    raise typer.Exit(exit_code(outcome))
