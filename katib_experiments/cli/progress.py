"""The numbers behind the live display, computed apart from the drawing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from katib_experiments.backend import Outcome
from katib_experiments.experiment.model import (
    Experiment,
    Objective,
    Trial,
    TrialCondition,
    finite,
    optimal_trial,
)

_EPOCHS = re.compile(r"--epochs[= ](?:\$\{trialParameters\.([\w.-]+)\}|(\d+))")
FAILURES = (TrialCondition.FAILED, TrialCondition.METRICS_UNAVAILABLE)
_RANKED = (TrialCondition.SUCCEEDED, TrialCondition.EARLY_STOPPED)


@dataclass(frozen=True, slots=True)
class Row:
    """One Trial of the table."""

    trial: Trial
    value: float | None
    """The objective: the Trial's own when it ended, the latest report while it runs."""
    reports: int
    """How often the objective was reported, which is the number of epochs."""
    epochs: int | None
    """How often it will be, where the template says so."""
    best: bool


@dataclass(frozen=True, slots=True)
class Progress:
    done: int
    total: int | None
    failed: int
    best: Trial | None
    seconds: float
    """Since the Experiment began."""
    left: float | None
    """Seconds until the last Trial ends, or None before there is anything to estimate from."""


def progress_of(outcome: Outcome, now: float) -> Progress:
    """``now`` in seconds since the epoch."""
    experiment = outcome.experiment
    counts = Counter(trial.condition for trial in outcome.trials)
    done = sum(count for condition, count in counts.items() if condition.ended)
    start = outcome.status.start_time
    return Progress(
        done=done,
        total=experiment.max_trial_count,
        failed=sum(counts[condition] for condition in FAILURES),
        best=optimal_trial(experiment.objective, outcome.trials),
        seconds=0.0 if start is None else max(0.0, (outcome.status.completion_time or now) - start),
        left=_time_left(experiment, outcome.trials, now),
    )


def all_rows(outcome: Outcome) -> list[Row]:
    """Every Trial, in the order of their making."""
    return _rows(outcome, outcome.trials)


def few_rows(outcome: Outcome, *, best: int = 3, latest: int = 3) -> list[Row]:
    """The running Trials, the few best and the few that ended last, each one once, in the order
    of their making: what changes while one looks."""
    ended = [trial for trial in outcome.trials if trial.condition.ended]
    recent = sorted(ended, key=lambda trial: trial.completion_time or 0.0)[-latest:]
    running = [trial for trial in outcome.trials if trial.condition is TrialCondition.RUNNING]
    ranked = _ranked(outcome.experiment.objective, ended)
    shown = {trial.name for trial in (*running, *ranked[:best], *recent)}
    return _rows(outcome, [trial for trial in outcome.trials if trial.name in shown])


def epochs_of(experiment: Experiment, trial: Trial) -> int | None:
    """How many epochs the Trial's command line asks for (``--epochs``)."""
    found = _EPOCHS.search(" ".join(_texts(experiment.trial_template.trial_spec)))
    if found is None:
        return None
    if found[2]:
        return int(found[2])
    references = {p.name: p.reference for p in experiment.trial_template.parameters}
    value = finite(trial.assignments.get(references.get(found[1], ""), ""))
    return None if value is None else int(value)


def _time_left(experiment: Experiment, trials: Iterable[Trial], now: float) -> float | None:
    """Mean duration of the ended Trials, times those to come, shared among the parallel ones."""
    durations, elapsed, count = [], [], 0
    for trial in trials:
        count += 1
        if trial.start_time is None:
            continue
        if trial.completion_time is not None:
            durations.append(trial.completion_time - trial.start_time)
        elif trial.condition is TrialCondition.RUNNING:
            elapsed.append(now - trial.start_time)
    if not durations or experiment.max_trial_count is None:
        return None
    mean = sum(durations) / len(durations)
    to_start = max(0, experiment.max_trial_count - count)
    work = to_start * mean + sum(max(0.0, mean - seconds) for seconds in elapsed)
    return work / min(experiment.parallel_trial_count, max(1, to_start + len(elapsed)))


def _ranked(objective: Objective, trials: Iterable[Trial]) -> list[Trial]:
    valued = [
        (value, trial)
        for trial in trials
        if trial.condition in _RANKED and (value := trial.value(objective)) is not None
    ]
    sign = -1.0 if objective.maximize else 1.0
    return [trial for _, trial in sorted(valued, key=lambda pair: sign * pair[0])]


def _rows(outcome: Outcome, trials: Iterable[Trial]) -> list[Row]:
    experiment = outcome.experiment
    best = optimal_trial(experiment.objective, outcome.trials)
    rows = []
    for trial in trials:
        reports = [
            log.value
            for log in outcome.logs.get(trial.name, ())
            if log.name == experiment.objective.metric
        ]
        value = trial.value(experiment.objective)
        if value is None and reports:
            value = finite(reports[-1])
        epochs = epochs_of(experiment, trial)
        rows.append(Row(trial, value, len(reports), epochs, best=trial is best))
    return rows


def _texts(value: object) -> Iterable[str]:
    """Every string in a manifest, in order."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
