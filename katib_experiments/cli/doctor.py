from __future__ import annotations

from typing import Annotated, Literal

import typer

from katib_experiments.cli.console import console, print_json
from katib_experiments.cli.places import NamespaceOption, katib

_SIGNS = {"ok": ("✓", "green"), "note": ("!", "yellow"), "fault": ("✗", "red")}


def doctor_command(
    *,
    namespace: NamespaceOption = "",
    output: Annotated[
        Literal["text", "json"], typer.Option("--output", "-o", help="How to print the findings.")
    ] = "text",
) -> None:
    """Check a Katib cluster; each finding with the command that mends it.

    \b
    Exits with 0, or with 1 where something keeps Experiments from running.

    \b
    Examples:
      automl doctor
      automl doctor --namespace team-a
    """
    found = katib(namespace).examine()
    if output == "json":
        fields = ("level", "what", "message", "mend")
        print_json([{field: getattr(each, field) for field in fields} for each in found])
    else:
        terminal = console()
        for each in found:
            sign, style = _SIGNS[each.level]
            terminal.print(f"{sign} {each.what}: {each.message}", style=style)
            if each.mend:
                terminal.print(f"    {each.mend}")
    raise typer.Exit(int(any(each.level == "fault" for each in found)))
