"""What ``run --on katib``, ``submit`` and ``watch`` share: an Experiment that runs elsewhere is
looked at, and goes on when nobody looks."""

from __future__ import annotations

from collections.abc import Iterator
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
                if fresh := [hint for hint in hints(outcome) if hint not in told]:
                    told.update(fresh)
                    display.note("\n".join(fresh))
    except KeyboardInterrupt:
        pass
    return outcome


def hints(outcome: Outcome) -> Iterator[str]:
    """What the cluster says beyond Katib's own first line: why nothing moves, why a Trial fails."""
    if outcome.status.conditions:
        yield from outcome.status.conditions[-1].message.splitlines()[1:]
    for trial in outcome.trials:
        if trial.condition in (*_ACTIVE, *FAILURES):
            yield from (f"{trial.name}: {line}" for line in trial.message.splitlines()[1:])


def print_outcome(
    terminal: Console, backend: KatibBackend, outcome: Outcome, report: Path | None = None
) -> None:
    """The end, or how to look again."""
    if outcome.status.condition.ended:
        there = where("katib", backend.namespace)
        print_end(terminal, outcome, report, again="", where=there)
    else:
        print_going_on(backend, outcome.experiment.name)


def print_going_on(backend: KatibBackend, name: str) -> None:
    """How to look at an Experiment that runs, and how to end it."""
    namespace = f"--namespace {backend.namespace}"
    typer.echo(f"{name} goes on in namespace {backend.namespace}")
    typer.echo(f"look: automl watch {name} {namespace}; automl show {name} --on katib {namespace}")
    typer.echo(f"end it: automl delete {name} --on katib {namespace}")
