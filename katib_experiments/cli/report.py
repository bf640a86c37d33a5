from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from katib_experiments.cli.names import RUNS, NameArgument, RunsOption
from katib_experiments.cli.places import NamespaceOption, OnOption, place
from katib_experiments.report import write_report


def report_command(
    *,
    name: NameArgument,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Instead of report.html in the run's folder."
        ),
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    on: OnOption = "local",
    namespace: NamespaceOption = "",
    runs: RunsOption = RUNS,
) -> None:
    """Write the report of a run: one HTML file that opens without the network.

    \b
    Examples:
      automl report random --open
      automl report random -o search.html
      automl report random --on katib
    """
    backend = place(on, runs, namespace)
    outcome = backend.outcome(name)
    path = write_report(outcome, output or runs / name / "report.html")
    typer.echo(str(path))
    if show:
        webbrowser.open(path.resolve().as_uri())
