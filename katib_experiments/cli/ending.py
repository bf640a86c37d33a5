"""What ``automl run`` says at its end: the best Trial, the report, and how to go on."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from katib_experiments.backend import Outcome
from katib_experiments.cli.console import short
from katib_experiments.cli.progress import FAILURES
from katib_experiments.experiment.model import Trial


def print_end(
    terminal: Console, outcome: Outcome, report: Path | None, *, again: str, where: str = ""
) -> None:
    """``again`` is the command line that ran, ``where`` its option that says where the run is."""
    name, condition = outcome.experiment.name, outcome.status.condition
    done = sum(trial.condition.ended for trial in outcome.trials)
    if condition.ended:
        last = outcome.status.conditions[-1]
        style = "bold green" if condition.value == "Succeeded" else "bold red"
        terminal.print(f"{name} {condition.value} after {done} Trials: {last.message}", style=style)
    else:
        terminal.print(f"{name} stopped after {done} Trials", style="bold yellow")
    failed = [trial for trial in outcome.trials if trial.condition in FAILURES]
    if failed:
        _print_failure(terminal, outcome, failed, where)
    if outcome.status.optimal is not None:
        _print_best(terminal, outcome, outcome.status.optimal)
    if report is not None:
        terminal.print(f"report: {report}")
    if condition.ended:
        logs = f"; automl logs {name} best{where}" if outcome.status.optimal else ""
        terminal.print(f"look: automl show {name}{where}{logs}")
    else:
        terminal.print(f"go on: {again}")


def _print_best(terminal: Console, outcome: Outcome, best: Trial) -> None:
    objective = outcome.experiment.objective
    terminal.print(f"best: {best.name}, {objective.metric} {best.value(objective):.6g}")
    width = max(map(len, best.assignments), default=0)
    for parameter, text in best.assignments.items():
        terminal.print(f"  {parameter:<{width}}  {short(text)}")


def _print_failure(terminal: Console, outcome: Outcome, failed: list[Trial], where: str) -> None:
    last = failed[-1]
    reason = last.message or last.reason or last.condition.value
    terminal.print(f"{len(failed)} failed, the last one: {reason}", style="red")
    command = f"automl logs {outcome.experiment.name} {last.name}{where}"
    terminal.print(f"  its output: {command}", style="red")
