"""The verbs of ``automl``, each one imported when it is called: ``automl --help`` costs typer and
this file, and nothing of what the verbs work with."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from katib_experiments.errors import AutomlError

VERBS = {
    "run": "Run an Experiment on this machine, or go on with one that was stopped.",
    "submit": "Hand an Experiment to a Katib cluster, or edit the counts of one that is there.",
    "watch": "Show an Experiment on a Katib cluster until it ends.",
    "validate": "Check Experiments: Katib's rules, and what Katib never checks and hangs on.",
    "show": "Show how a run stands, or what a file says.",
    "list": "List the runs, the newest first.",
    "logs": "Print what a Trial wrote.",
    "report": "Write the report of a run: one HTML file that opens without the network.",
    "delete": "Remove a run: its Trials, their output, its report.",
    "doctor": "Check a Katib cluster; each finding with the command that mends it.",
}
"""Verb, which is the name of its module and of the function in it, and its summary."""

_STYLE: dict[str, Any] = {
    "add_completion": False,
    "pretty_exceptions_enable": False,
    "rich_markup_mode": None,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}


class _Verbs(TyperGroup):
    def list_commands(self, _ctx: object) -> list[str]:
        return list(VERBS)

    def get_command(self, _ctx: object, cmd_name: str) -> TyperCommand | None:
        if cmd_name not in VERBS:
            return None
        module = import_module(f"katib_experiments.cli.{cmd_name}")
        verb = typer.Typer(**_STYLE)
        verb.command(cmd_name)(getattr(module, f"{cmd_name}_command"))
        return get_command(verb)  # type: ignore[return-value]  # one function makes one command

    def format_commands(self, _ctx: object, formatter: Any) -> None:  # noqa: ANN401 - private in typer
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


app = typer.Typer(
    cls=_Verbs,
    help="Run Kubeflow Katib Experiments: on this machine without a cluster, or on Katib.",
    epilog="Start with: automl run random",
    no_args_is_help=True,
    **_STYLE,
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version  # noqa: PLC0415 - a quarter of --help's time

        typer.echo(f"automl {version('katib-automl')}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command and exit with its code (see :mod:`katib_experiments.errors`)."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        app(args=words, prog_name="automl", obj=words)
    except AutomlError as error:
        _complain(str(error))
        sys.exit(error.exit_code)
    except OSError as error:
        _complain(f"{error.strerror or error}: {error.filename}" if error.filename else str(error))
        sys.exit(1)
    except Exception as error:
        if os.environ.get("AUTOML_DEBUG"):
            raise
        _complain(f"{type(error).__name__}: {error}")
        _complain("This is a fault of automl itself; AUTOML_DEBUG=1 shows where.")
        sys.exit(1)


def _complain(text: str) -> None:
    from katib_experiments.cli.console import console  # noqa: PLC0415 - rich, for errors only

    console(stderr=True).print(text, style="red")
