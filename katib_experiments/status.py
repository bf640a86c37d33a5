"""An Outcome as Katib's own objects: the Experiment with its ``status``, and each Trial.

Shapes: Katib v0.19.0, ``experiment_types.go`` and ``trial_types.go``. What is empty is left out, as
there. Times are RFC 3339, UTC, in whole seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from katib_experiments.backend import Outcome
from katib_experiments.experiment.model import (
    Condition,
    ExperimentCondition,
    ExperimentStatus,
    Metric,
    Trial,
    TrialCondition,
)

API_VERSION = "kubeflow.org/v1beta1"

# Condition -> the list of such Trials in the status, and their count.
_LISTS = {
    TrialCondition.CREATED: ("pendingTrialList", "trialsPending"),
    TrialCondition.RUNNING: ("runningTrialList", "trialsRunning"),
    TrialCondition.SUCCEEDED: ("succeededTrialList", "trialsSucceeded"),
    TrialCondition.FAILED: ("failedTrialList", "trialsFailed"),
    TrialCondition.KILLED: ("killedTrialList", "trialsKilled"),
    TrialCondition.EARLY_STOPPED: ("earlyStoppedTrialList", "trialsEarlyStopped"),
    TrialCondition.METRICS_UNAVAILABLE: ("metricsUnavailableTrialList", "trialMetricsUnavailable"),
}


def experiment_document(outcome: Outcome) -> dict[str, Any]:
    """The Experiment as ``kubectl get experiment -o yaml`` would show it."""
    document = dict(outcome.experiment.document)
    document["status"] = _status(outcome.status, outcome.trials)
    return document


def trial_document(outcome: Outcome, trial: Trial) -> dict[str, Any]:
    """One Trial as Katib's Trial, without the manifest that it ran (``runSpec``)."""
    experiment = outcome.experiment
    written = experiment.document.get("spec", {})
    spec: dict[str, Any] = {
        "objective": written.get("objective"),
        "parameterAssignments": _assignments(trial.assignments),
        "earlyStoppingRules": [
            {
                "name": rule.name,
                "value": rule.value,
                "comparison": rule.comparison,
                "startStep": rule.start_step,
            }
            for rule in trial.rules
        ],
        "metricsCollector": written.get("metricsCollectorSpec"),
        "primaryContainerName": experiment.trial_template.primary_container,
        "retainRun": experiment.trial_template.retain,
        "labels": dict(trial.labels),
    }
    status: dict[str, Any] = {
        "startTime": _time(trial.start_time),
        "completionTime": _time(trial.completion_time),
        "conditions": _trial_conditions(trial),
        "observation": _observation(trial.observation),
    }
    labels = {"katib.kubeflow.org/experiment": experiment.name, **trial.labels}
    return {
        "apiVersion": API_VERSION,
        "kind": "Trial",
        "metadata": {"name": trial.name, "namespace": experiment.namespace, "labels": labels},
        "spec": _filled(spec),
        "status": _filled(status),
    }


def _status(status: ExperimentStatus, trials: Iterable[Trial]) -> dict[str, Any]:
    names: dict[TrialCondition, list[str]] = {}
    for trial in trials:
        names.setdefault(trial.condition, []).append(trial.name)
    fields: dict[str, Any] = {
        "startTime": _time(status.start_time),
        "completionTime": _time(status.completion_time),
        "lastReconcileTime": _time(status.conditions[-1].time) if status.conditions else None,
        "conditions": _conditions(status.conditions),
        "currentOptimalTrial": _optimal(status.optimal),
        "trials": sum(map(len, names.values())),
    }
    for condition, (listed, count) in _LISTS.items():
        fields[listed] = names.get(condition)
        fields[count] = len(names.get(condition, ()))
    return _filled(fields)


def _conditions(history: tuple[Condition, ...]) -> list[dict[str, str]]:
    """One entry of each type, the last; Running and Restarting are no longer true once another
    followed. A restart takes away the end before it."""
    entries: dict[ExperimentCondition, Condition] = {}
    for condition in history:
        if condition.type is ExperimentCondition.RESTARTING:
            entries = {kind: entry for kind, entry in entries.items() if not kind.ended}
        entries.pop(condition.type, None)
        entries[condition.type] = condition
    passing = (ExperimentCondition.RUNNING, ExperimentCondition.RESTARTING)
    return [
        _condition(
            entry.type,
            entry.reason,
            entry.message,
            entry.time,
            holds=entry is history[-1] or entry.type not in passing,
        )
        for entry in entries.values()
    ]


def _trial_conditions(trial: Trial) -> list[dict[str, str]]:
    conditions = [
        _condition("Created", "TrialCreated", "Trial is created", trial.start_time, holds=True)
    ]
    if trial.start_time is not None:
        running = trial.condition is TrialCondition.RUNNING
        conditions.append(
            _condition(
                "Running", "TrialRunning", "Trial is running", trial.start_time, holds=running
            )
        )
    if trial.condition.ended:
        conditions.append(
            _condition(
                trial.condition, trial.reason, trial.message, trial.completion_time, holds=True
            )
        )
    return conditions


def _condition(
    kind: str, reason: str, message: str, time: float | None, *, holds: bool
) -> dict[str, str]:
    moment = _time(time)
    times = {"lastUpdateTime": moment, "lastTransitionTime": moment} if moment else {}
    return {
        "type": str(kind),
        "status": "True" if holds else "False",
        "reason": reason,
        "message": message,
        **times,
    }


def _optimal(trial: Trial | None) -> dict[str, Any] | None:
    if trial is None:
        return None
    return {
        "bestTrialName": trial.name,
        "parameterAssignments": _assignments(trial.assignments),
        "observation": _observation(trial.observation),
    }


def _assignments(assignments: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in assignments.items()]


def _observation(metrics: Mapping[str, Metric]) -> dict[str, Any] | None:
    if not metrics:
        return None
    return {
        "metrics": [
            {"name": metric.name, "min": metric.min, "max": metric.max, "latest": metric.latest}
            for metric in metrics.values()
        ]
    }


def _time(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _filled(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that Katib would write: not the empty ones."""
    return {name: value for name, value in fields.items() if value not in (None, [], {}, 0, "")}
