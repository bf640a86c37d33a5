from __future__ import annotations

import shlex
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from katib_experiments.backend import Outcome
from katib_experiments.cli.console import console, print_json
from katib_experiments.cli.display import Display, display_on
from katib_experiments.cli.ending import print_end
from katib_experiments.cli.names import RUNS, RunsOption
from katib_experiments.cli.places import NamespaceOption, OnOption, katib
from katib_experiments.cli.remote import follow, print_outcome
from katib_experiments.cli.submission import checked, document_named, overridden
from katib_experiments.engine import LocalBackend
from katib_experiments.experiment.model import ExperimentCondition, TrialCondition
from katib_experiments.status import experiment_document

INTERRUPTED = 130
"""Exit code after Ctrl-C, as of any program that a SIGINT ended."""


def run_command(
    *,
    context: typer.Context,
    experiment: Annotated[
        str,
        typer.Argument(
            metavar="FILE|NAME", help="A file, a shipped Experiment, or a run to go on with."
        ),
    ],
    max_trials: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Instead of maxTrialCount.")
    ] = None,
    parallel: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Instead of parallelTrialCount.")
    ] = None,
    max_failed: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Instead of maxFailedTrialCount.")
    ] = None,
    runner: Annotated[
        Literal["auto", "warm", "process", "docker"],
        typer.Option(help="How Trials run; auto: warm for python -m, else a process each."),
    ] = "auto",
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Instead of metadata.name.")
    ] = None,
    output: Annotated[
        Literal["text", "json"],
        typer.Option("--output", "-o", help="json: stdout holds the Experiment with its status."),
    ] = "text",
    no_report: Annotated[bool, typer.Option("--no-report", help="Write no report.html.")] = False,
    on: OnOption = "local",
    namespace: NamespaceOption = "",
    runs: RunsOption = RUNS,
) -> None:
    """Run an Experiment on this machine, or go on with one that was stopped.

    \b
    Ctrl-C lets the running Trials end; a second one stops at once. On Katib
    it ends the looking alone, and the Experiment goes on.

    \b
    Exit codes: 0 succeeded, 1 failed, 2 wrong document or command line,
    3 another process runs it, 4 its Trials cannot start there, 130 stopped.

    \b
    Examples:
      automl run random
      automl run experiment.yaml --max-trials 50 --parallel 4
      automl run random --name second-try -o json > outcome.json
      automl run random --on katib --namespace team-a
    """
    terminal = console(stderr=output == "json")
    backend = LocalBackend(runs, runner=runner)
    counts = {
        "maxTrialCount": max_trials,
        "parallelTrialCount": parallel,
        "maxFailedTrialCount": max_failed,
    }
    place = namespace if on == "katib" else ""
    document = overridden(document_named(experiment, backend), counts, name, place)
    submitted = checked(document, terminal)
    remote = katib(namespace, document.data) if on == "katib" else None
    (remote or backend).submit(submitted)
    if remote:
        outcome = follow(remote, submitted.name, terminal)
    else:
        outcome = _watch(backend, submitted.name, terminal)
    report = None if no_report else _report(runs, outcome, terminal)
    if output == "json":
        print_json(experiment_document(outcome))
    elif remote:
        print_outcome(terminal, remote, outcome, report)
    else:
        where = "" if runs == RUNS else f" --runs {shlex.quote(str(runs))}"
        again = shlex.join(["automl", *context.obj])
        print_end(terminal, outcome, report, again=again, where=where)
    raise typer.Exit(exit_code(outcome))


def exit_code(outcome: Outcome) -> int:
    """0 for Succeeded, 1 for Failed; 130 for an Experiment that only a signal can have stopped."""
    codes = {ExperimentCondition.SUCCEEDED: 0, ExperimentCondition.FAILED: 1}
    return codes.get(outcome.status.condition, INTERRUPTED)


def _watch(backend: LocalBackend, name: str, terminal: Console) -> Outcome:
    start = backend.outcome(name)
    if not start.status.condition.ended:
        with display_on(terminal, start) as display, _signals(backend, display):
            for outcome in backend.watch(name):
                display.update(outcome)
    return backend.outcome(name)


@contextmanager
def _signals(backend: LocalBackend, display: Display) -> Iterator[None]:
    """SIGINT asks the backend to end gracefully, a second one to end at once, as SIGTERM does."""
    received: list[int] = []

    def on_signal(number: int, _frame: object) -> None:
        received.append(number)
        backend.interrupt()
        if received == [signal.SIGINT]:
            running = [t for t in display.outcome.trials if t.condition is TrialCondition.RUNNING]
            display.note(
                f"waiting for {len(running) or 'the'} running Trials; Ctrl-C again stops at once"
            )
            return
        if len(received) == 1:
            backend.interrupt()
        display.note("stopping the running Trials")

    before = {
        number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _report(runs: Path, outcome: Outcome, terminal: Console) -> Path | None:
    path = runs / outcome.experiment.name / "report.html"
    try:
        from katib_experiments.report import write_report  # noqa: PLC0415 - a second, at the end

        return write_report(outcome, path)
    except (Exception, KeyboardInterrupt) as error:  # what the run found matters more
        terminal.print(f"no report: {type(error).__name__}: {error}", style="yellow")
        return None
