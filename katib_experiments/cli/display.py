"""What ``automl run`` shows while it runs: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from katib_experiments.backend import Outcome
from katib_experiments.cli.console import duration, short
from katib_experiments.cli.progress import Progress, Row, few_rows, progress_of
from katib_experiments.experiment.model import Experiment, Trial, TrialCondition, optimal_trial

_SIGNS = {
    TrialCondition.CREATED: ("·", "dim"),
    TrialCondition.RUNNING: ("▶", "cyan"),
    TrialCondition.SUCCEEDED: ("✓", "green"),
    TrialCondition.EARLY_STOPPED: ("■", "blue"),
    TrialCondition.KILLED: ("✗", "yellow"),
    TrialCondition.FAILED: ("✗", "red"),
    TrialCondition.METRICS_UNAVAILABLE: ("?", "red"),
}


class Display(Protocol):
    """Shows Outcomes as they come. ``note`` may be called from a signal handler."""

    outcome: Outcome
    """The latest one."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exception: object) -> None: ...

    def update(self, outcome: Outcome) -> None: ...

    def note(self, text: str) -> None: ...


def display_on(console: Console, start: Outcome) -> Display:
    """The display that fits the console; ``start`` is the Experiment before its next Trial."""
    kind = LiveDisplay if console.is_terminal else PlainDisplay
    return kind(console, start)


class LiveDisplay:
    """A table that is drawn anew twice a second, by rich's own thread: drawing costs the same
    whether the engine reports much or little."""

    def __init__(
        self, console: Console, start: Outcome, clock: Callable[[], float] = time.time
    ) -> None:
        self.outcome = start
        self._note = ""
        self._clock = clock
        self._live = Live(get_renderable=self.render, console=console, refresh_per_second=2)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._live.stop()

    def update(self, outcome: Outcome) -> None:
        self.outcome = outcome

    def note(self, text: str) -> None:
        self._note = text

    def render(self) -> RenderableType:
        outcome, progress = self.outcome, progress_of(self.outcome, self._clock())
        parts: list[RenderableType] = [
            header(outcome.experiment),
            _bar(progress),
            trials_table(outcome.experiment, few_rows(outcome)),
            best_line(outcome.experiment, progress.best),
        ]
        if self._note:
            parts.append(Text(self._note, style="yellow"))
        return Group(*parts)


class PlainDisplay:
    """One line for each Trial that ended."""

    def __init__(self, console: Console, start: Outcome) -> None:
        self.outcome = start
        self._console = console
        self._seen = {trial.name for trial in start.trials if trial.condition.ended}
        self._best = progress_of(start, 0.0).best
        console.print(header(start.experiment))
        if self._seen and not start.status.condition.ended:
            console.print(f"going on after {len(self._seen)} ended Trials")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def update(self, outcome: Outcome) -> None:
        self.outcome = outcome
        fresh = [t for t in outcome.trials if t.condition.ended and t.name not in self._seen]
        for trial in sorted(fresh, key=lambda trial: trial.completion_time or 0.0):
            self._seen.add(trial.name)
            self._best = _better(outcome.experiment, self._best, trial)
            self._console.print(self._line(outcome.experiment, trial))

    def note(self, text: str) -> None:
        # Not through the console, which the signal may have interrupted half-way through a line.
        os.write(2, f"{text}\n".encode())

    def _line(self, experiment: Experiment, trial: Trial) -> str:
        objective = experiment.objective
        value, best = trial.value(objective), self._best
        parts = [
            f"[{len(self._seen)}/{experiment.max_trial_count or '?'}]",
            trial.name,
            trial.condition.value,
            f"{objective.metric}={'unavailable' if value is None else f'{value:.4g}'}",
        ]
        if best is not None:
            parts.append(f"best={best.value(objective):.4g}")
        return " ".join([*parts, _assignments(trial)])


def trials_table(experiment: Experiment, rows: list[Row]) -> Table:
    """A Trial per row, a parameter per column; narrow enough for 60 columns."""
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column(" \ntrial", no_wrap=True, overflow="ellipsis", min_width=10)
    table.add_column(_heading(experiment.objective.metric), justify="right", no_wrap=True)
    table.add_column(" \nepoch", justify="right", no_wrap=True, min_width=5)
    for parameter in experiment.parameters:
        table.add_column(_heading(parameter.name), no_wrap=True, overflow="ellipsis")
    for row in rows:
        sign, style = ("★", "bold green") if row.best else _SIGNS[row.trial.condition]
        table.add_row(
            Text(f"{sign} {short_name(experiment, row.trial)}", style=style),
            "" if row.value is None else f"{row.value:.4g}",
            _epoch(row),
            *(short(row.trial.assignments.get(p.name, "")) for p in experiment.parameters),
        )
    return table


def short_name(experiment: Experiment, trial: Trial) -> str:
    """The Trial's name without the Experiment's."""
    return trial.name.removeprefix(f"{experiment.name}-")


def header(experiment: Experiment) -> Text:
    objective = experiment.objective
    goal = "" if objective.goal is None else f", goal {objective.goal:g}"
    text = Text(experiment.name, style="bold")
    what = f": {objective.type.value} {objective.metric}{goal}, {experiment.algorithm.name}"
    return text.append(what, style="not bold")


def _bar(progress: Progress) -> RenderableType:
    total = progress.total or max(progress.done, 1)
    words = [f"{progress.done}/{progress.total or '?'} done"]
    if progress.failed:
        words.append(f"{progress.failed} failed")
    words.append(duration(progress.seconds))
    if progress.left:
        words.append(f"about {duration(progress.left)} left")
    line = Table.grid(padding=(0, 1))
    line.add_row(ProgressBar(total=total, completed=progress.done, width=18), ", ".join(words))
    return line


def best_line(experiment: Experiment, best: Trial | None) -> RenderableType:
    if best is None:
        return Text("no result yet", style="dim")
    text = Text("best ", style="bold")
    value = best.value(experiment.objective)
    text.append(f"{value:.6g}  {_assignments(best)}", style="not bold green")
    grid = Table.grid()  # which wraps on a console that does not
    grid.add_row(text)
    return grid


def _epoch(row: Row) -> str:
    if not row.reports:
        return ""
    return f"{row.reports}/{row.epochs}" if row.epochs else str(row.reports)


def _heading(name: str) -> str:
    """On two lines: ``learning_rate`` is read from top to bottom."""
    head, _, tail = name.replace("-", "_").rpartition("_")
    return f"{head or ' '}\n{tail}"


def _assignments(trial: Trial) -> str:
    return " ".join(f"{name}={short(text)}" for name, text in trial.assignments.items())


def _better(experiment: Experiment, best: Trial | None, trial: Trial) -> Trial | None:
    return optimal_trial(experiment.objective, [best, trial] if best else [trial])
