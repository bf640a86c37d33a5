from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

from katib_experiments.backend import Outcome
from katib_experiments.cli.console import console
from katib_experiments.cli.display import best_line, header, trials_table
from katib_experiments.cli.names import RUNS, RunsOption, experiment_file
from katib_experiments.cli.places import NamespaceOption, OnOption, place
from katib_experiments.cli.progress import all_rows
from katib_experiments.cli.remote import trial_hints
from katib_experiments.cli.validate import errors, problems_of
from katib_experiments.errors import DocumentError
from katib_experiments.experiment.defaults import with_defaults
from katib_experiments.experiment.document import dumps, load
from katib_experiments.status import experiment_document


def show_command(
    *,
    experiment: Annotated[
        str, typer.Argument(metavar="NAME|FILE", help="A run, or a file, or a shipped Experiment.")
    ],
    defaults: Annotated[
        bool, typer.Option("--defaults", help="The document with all that Katib would fill in.")
    ] = False,
    output: Annotated[
        Literal["text", "yaml", "json"],
        typer.Option("--output", "-o", help="yaml and json: the document, a run's with status."),
    ] = "text",
    on: OnOption = "local",
    namespace: NamespaceOption = "",
    runs: RunsOption = RUNS,
) -> None:
    """Show how a run stands, or what a file says.

    \b
    Examples:
      automl show random
      automl show random -o yaml
      automl show experiment.yaml --defaults
      automl show random --on katib --namespace team-a
    """
    backend = place(on, runs, namespace)
    if on == "local" and (
        defaults or Path(experiment).is_file() or experiment not in backend.names()
    ):
        path = experiment_file(experiment, backend.names())
        typer.echo(_documents(path, defaults, "json" if output == "json" else "yaml"))
        return
    outcome = backend.outcome(experiment)
    if output == "text":
        _print_status(console(), outcome)
    else:
        typer.echo(_dumped(experiment_document(outcome), output))


def _documents(path: Path, defaults: bool, output: Literal["yaml", "json"]) -> str:
    if defaults and (wrong := errors(problems_of(path))):
        raise DocumentError(wrong)
    separator = "\n---\n" if output == "yaml" else "\n"
    return separator.join(
        _dumped(with_defaults(document.data) if defaults else document.data, output)
        for document in load(path)
    )


def _dumped(data: dict[str, Any], output: Literal["yaml", "json"]) -> str:
    return dumps(data, output).rstrip("\n")


def _print_status(terminal: Console, outcome: Outcome) -> None:
    terminal.print(header(outcome.experiment))
    conditions = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for condition in outcome.status.conditions:
        when = f"{datetime.fromtimestamp(condition.time):%Y-%m-%d %H:%M:%S}"
        conditions.add_row(when, condition.type.value, condition.reason, condition.message)
    terminal.print(conditions, soft_wrap=False)
    terminal.print(trials_table(outcome.experiment, all_rows(outcome)), soft_wrap=False)
    terminal.print(best_line(outcome.experiment, outcome.status.optimal), soft_wrap=False)
    for hint in trial_hints(outcome).values():
        terminal.print(hint, style="yellow")
