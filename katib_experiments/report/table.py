"""The table of Trials, column by column, as HTML that the page's script can sort."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from katib_experiments.backend import Outcome
from katib_experiments.experiment.model import Objective, Trial, TrialCondition, finite
from katib_experiments.report.figures import (
    best_point,
    duration,
    plural,
    readable,
    short,
    trial_seconds,
)


@dataclass(frozen=True)
class Column:
    title: str
    shown: Sequence[str]
    """HTML of each Trial's cell."""
    keys: Sequence[str]
    """What each cell sorts by; empty where there is nothing, which sorts last."""

    @property
    def numeric(self) -> bool:
        return any(self.keys) and all(finite(key) is not None for key in self.keys if key)


def columns(outcome: Outcome) -> list[Column]:
    """Number, name, condition (with the message of a failure), metrics, parameters, duration;
    those that have anything to show."""
    trials, objective = outcome.trials, outcome.experiment.objective
    numbers = [str(number) for number in range(1, len(trials) + 1)]
    names = [trial.name for trial in trials]
    found = [
        Column("#", numbers, numbers),
        Column("Trial", [f"<code>{html.escape(name)}</code>" for name in names], names),
        Column(
            "Condition",
            [badge(trial.condition) + _note(trial) for trial in trials],
            [trial.condition for trial in trials],
        ),
    ]
    for metric in objective.metrics:
        values = [_observed(objective, trial, metric) for trial in trials]
        found.append(_numbers(metric, values, short))
    for parameter in outcome.experiment.parameters:
        assigned = [trial.assignments.get(parameter.name, "") for trial in trials]
        shown = [html.escape(readable(text)) for text in assigned]
        found.append(Column(parameter.name, shown, assigned))
    found.append(_numbers("Duration", [trial_seconds(trial) for trial in trials], duration))
    return [column for column in found if any(column.keys)]


def _numbers(title: str, values: Sequence[float | None], show: Callable[[float], str]) -> Column:
    shown = ["" if value is None else show(value) for value in values]
    return Column(title, shown, ["" if value is None else repr(value) for value in values])


def badge(condition: str) -> str:
    """A condition of an Experiment or a Trial."""
    return f'<span class="badge {condition}">{condition}</span>'


def _note(trial: Trial) -> str:
    """Why a Trial has no result."""
    if trial.condition in (TrialCondition.SUCCEEDED, TrialCondition.EARLY_STOPPED):
        return ""
    message = html.escape(trial.message if trial.condition.ended else "")
    return f'<span class="note" title="{message}">{message}</span>' if message else ""


def _observed(objective: Objective, trial: Trial, metric: str) -> float | None:
    observed, strategy = trial.observation.get(metric), objective.strategies.get(metric)
    if observed is None:
        return None
    return finite(observed.latest) if strategy is None else observed.value(strategy)


def table(outcome: Outcome) -> str:
    """The section with all Trials, the best one marked."""
    if not outcome.trials:
        return '<section class="card"><h2>Trials</h2><p class="soft">None yet.</p></section>'
    shown, best = columns(outcome), best_point(outcome)
    styles = [' class="number"' if column.numeric else "" for column in shown]
    heads = "".join(
        f'<th scope="col"{style}><button type="button">{html.escape(column.title)}</button></th>'
        for column, style in zip(shown, styles, strict=True)
    )
    rows = []
    for i in range(len(outcome.trials)):
        cells = "".join(
            f'<td{style} data-sort="{html.escape(column.keys[i])}">{column.shown[i]}</td>'
            for column, style in zip(shown, styles, strict=True)
        )
        mark = ' class="best"' if best and best.number == i + 1 else ""
        rows.append(f"<tr{mark}>{cells}</tr>")
    return (
        f'<section class="card long">\n<h2>{plural(len(rows), "Trial")}</h2>\n'
        f'<div class="table" tabindex="0"><table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n'
        + "\n".join(rows)
        + "\n</tbody></table></div>\n</section>"
    )
