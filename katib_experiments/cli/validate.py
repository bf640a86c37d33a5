from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console

from katib_experiments.cli.console import console, print_json
from katib_experiments.cli.names import experiment_file
from katib_experiments.errors import DocumentError, Problem
from katib_experiments.experiment.document import load
from katib_experiments.experiment.validation import validate as check


def validate_command(
    *,
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="Files, or names of shipped Experiments.")
    ],
    output: Annotated[
        Literal["text", "json"], typer.Option("--output", "-o", help="How to print the findings.")
    ] = "text",
) -> None:
    """Check Experiments: Katib's rules, and what Katib never checks and hangs on.

    \b
    Exits with 0, or with 2 where there are errors; warnings alone are no failure.

    \b
    Examples:
      automl validate experiment.yaml
      automl validate manifests/experiments/*.yaml
      automl validate -o json experiment.yaml
    """
    found = {path: problems_of(path) for path in map(experiment_file, files)}
    if output == "json":
        print_json([_as_json(path, problems) for path, problems in found.items()])
    else:
        terminal = console()
        for path, problems in found.items():
            print_problems(terminal, problems)
            terminal.print(f"{path}: {summary(problems)}", style="bold")
    if any(map(errors, found.values())):
        raise typer.Exit(DocumentError.exit_code)


def problems_of(path: Path) -> tuple[Problem, ...]:
    """Everything wrong with the documents of a file, unreadable YAML included."""
    try:
        return tuple(problem for document in load(path) for problem in check(document))
    except DocumentError as error:
        return error.problems


def errors(problems: Sequence[Problem]) -> list[Problem]:
    return [problem for problem in problems if problem.severity == "error"]


def print_problems(terminal: Console, problems: Sequence[Problem]) -> None:
    for problem in problems:
        style = "red" if problem.severity == "error" else "yellow"
        terminal.print(f"{problem.severity}: {problem}", style=style)


def summary(problems: Sequence[Problem]) -> str:
    """``ok``, or ``2 errors, 1 warning``."""
    wrong = len(errors(problems))
    counts = {"error": wrong, "warning": len(problems) - wrong}
    parts = [f"{n} {word}{'s' * (n > 1)}" for word, n in counts.items() if n]
    return ", ".join(parts) or "ok"


def _as_json(path: Path, problems: Sequence[Problem]) -> dict[str, Any]:
    return {
        "file": str(path),
        "valid": not errors(problems),
        "problems": [
            {
                "severity": problem.severity,
                "line": problem.line,
                "path": problem.path,
                "received": problem.received,
                "rule": problem.rule,
            }
            for problem in problems
        ],
    }
