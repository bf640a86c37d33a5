"""What ``run --on katib``, ``submit`` and ``watch`` share: an Experiment that runs elsewhere is
looked at, and goes on when nobody looks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console

from katib_experiments.backend import Outcome
from katib_experiments.cli.display import display_on
from katib_experiments.cli.ending import print_end
from katib_experiments.cli.places import where
from katib_experiments.cli.progress import FAILURES
from katib_experiments.experiment.model import TrialCondition

if TYPE_CHECKING:
    from katib_experiments.cluster import KatibBackend

_ACTIVE = (TrialCondition.CREATED, TrialCondition.RUNNING)


def follow(backend: KatibBackend, name: str, terminal: Console) -> Outcome:
    """Show the Experiment until it ends; Ctrl-C stops the looking alone."""
    told: set[str] = set()
    outcome = backend.outcome(name)
    try:
        with display_on(terminal, outcome) as display:
            for outcome in backend.watch(name):
                display.update(outcome)
                fresh = {line: hint for line, hint in hints(outcome).items() if line not in told}
                told.update(fresh)
                if fresh:
                    display.note("\n".join(fresh.values()))
    except KeyboardInterrupt:
        pass
    return outcome


def hints(outcome: Outcome) -> dict[str, str]:
    """What the cluster says beyond Katib's own first line: why nothing moves, why a Trial fails.

    Each line, and how to tell of it: with the first Trial that it is said of.
    """
    last = outcome.status.conditions[-1:]
    found = {line: line for each in last for line in each.message.splitlines()[1:]}
    return found | trial_hints(outcome)


def trial_hints(outcome: Outcome) -> dict[str, str]:
    """Of :func:`hints` those about Trials."""
    found: dict[str, str] = {}
    for trial in outcome.trials:
        if trial.condition in (*_ACTIVE, *FAILURES):
            for line in trial.message.splitlines()[1:]:
                found.setdefault(line, f"{trial.name}: {line}")
    return found


def print_outcome(
    terminal: Console, backend: KatibBackend, outcome: Outcome, report: Path | None = None
) -> None:
    """The end, or how to look again."""
    if outcome.status.condition.ended:
        there = where("katib", backend.namespace)
        print_end(terminal, outcome, report, again="", where=there)
    else:
        print_there(backend, outcome.experiment.name, "goes on")


def print_there(backend: KatibBackend, name: str, verb: str) -> None:
    """Where the Experiment is, how to look at it, and how to end it."""
    namespace = f"--namespace {backend.namespace}"
    typer.echo(f"{name} {verb} in namespace {backend.namespace}")
    typer.echo(f"look: automl watch {name} {namespace}; automl show {name} --on katib {namespace}")
    typer.echo(f"end it: automl delete {name} --on katib {namespace}")
