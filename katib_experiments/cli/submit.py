from __future__ import annotations

from typing import Annotated

import typer

from katib_experiments.cli.console import console
from katib_experiments.cli.places import katib
from katib_experiments.cli.remote import follow, print_outcome, print_there
from katib_experiments.cli.run import exit_code
from katib_experiments.cli.submission import checked, document_named, overridden
from katib_experiments.engine import LocalBackend


def submit_command(
    *,
    experiment: Annotated[
        str, typer.Argument(metavar="FILE|NAME", help="A file, or a shipped Experiment.")
    ],
    namespace: Annotated[
        str,
        typer.Option("--namespace", "-n", metavar="NAME", help="Instead of metadata.namespace."),
    ] = "",
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Instead of metadata.name.")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Show it until it ends.")] = False,
) -> None:
    """Hand an Experiment to a Katib cluster, or edit the counts of one that is there.

    \b
    The cluster is that of KUBECONFIG, or of the pod that this runs in.

    \b
    Exit codes: 0 done, 1 failed (with --wait), 2 wrong document or command line,
    4 the cluster does not answer or refuses, 130 stopped waiting.

    \b
    Examples:
      automl submit random
      automl submit experiment.yaml --namespace team-a --wait
    """
    terminal = console()
    document = overridden(document_named(experiment, LocalBackend()), {}, name, namespace)
    submitted = checked(document, terminal)
    backend = katib(namespace, document.data)
    backend.submit(submitted)
    if not wait:
        print_there(backend, submitted.name, "is")
        return
    outcome = follow(backend, submitted.name, terminal)
    print_outcome(terminal, backend, outcome)
    raise typer.Exit(exit_code(outcome))
