"""Katib's gRPC messages as values of :mod:`katib_experiments.experiment`, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from katib_experiments.experiment.defaults import with_defaults
from katib_experiments.experiment.document import parse
from katib_experiments.experiment.model import (
    EarlyStoppingRule,
    Experiment,
    Metric,
    MetricLog,
    Suggestion,
    Trial,
    TrialCondition,
    finite,
)
from katib_experiments.suggestion.stubs import Message, api

# The wire's enums are open: a number that is not here stays one, for validation to name.
_TYPES = {0: "", 1: "double", 2: "int", 3: "discrete", 4: "categorical"}
_DISTRIBUTIONS = {0: "", 1: "uniform", 2: "logUniform", 3: "normal", 4: "logNormal"}
_OBJECTIVES = {0: "", 1: "minimize", 2: "maximize"}
_COMPARISONS = {"equal": 1, "less": 2, "greater": 3}
_CONDITIONS = {
    0: TrialCondition.CREATED,
    1: TrialCondition.RUNNING,
    2: TrialCondition.SUCCEEDED,
    3: TrialCondition.KILLED,
    4: TrialCondition.FAILED,
    5: TrialCondition.METRICS_UNAVAILABLE,
    6: TrialCondition.EARLY_STOPPED,
}


def document_of(message: Message) -> dict[str, Any]:
    """An Experiment's message as the document that it was made from, as far as it was sent: not
    its goal (0 may mean none), its collector and its template."""
    spec = message.spec
    fields = {
        "parameters": [_parameter(each) for each in spec.parameter_specs.parameters],
        "objective": {
            "type": _OBJECTIVES.get(spec.objective.type, str(spec.objective.type)),
            "objectiveMetricName": spec.objective.objective_metric_name,
            "additionalMetricNames": list(spec.objective.additional_metric_names),
        },
        "algorithm": algorithm_of(spec.algorithm),
        "parallelTrialCount": spec.parallel_trial_count or None,
        "maxTrialCount": spec.max_trial_count or None,
    }
    if spec.HasField("early_stopping"):
        fields["earlyStopping"] = algorithm_of(spec.early_stopping)
    if spec.HasField("nas_config"):
        fields["nasConfig"] = {}
    return {
        "metadata": {"name": message.name},
        "spec": {name: value for name, value in fields.items() if value is not None},
    }


def _parameter(message: Message) -> dict[str, Any]:
    space = message.feasible_space
    fields = {
        "min": space.min,
        "max": space.max,
        "step": space.step,
        "list": list(space.list),
        "distribution": _DISTRIBUTIONS.get(space.distribution, str(space.distribution)),
    }
    return {
        "name": message.name,
        "parameterType": _TYPES.get(message.parameter_type, str(message.parameter_type)),
        "feasibleSpace": {name: value for name, value in fields.items() if value},
    }


def algorithm_of(message: Message) -> dict[str, Any]:
    """``spec.algorithm`` or ``spec.earlyStopping``, as in the document."""
    return {
        "algorithmName": message.algorithm_name,
        "algorithmSettings": [
            {"name": each.name, "value": each.value} for each in message.algorithm_settings
        ],
    }


_NOT_SENT: Mapping[str, Any] = {
    "trialTemplate": {"trialParameters": [], "primaryContainerName": ""},
    "metricsCollectorSpec": {"collector": {"kind": "StdOut"}},
}


def experiment_of(document: Mapping[str, Any]) -> Experiment:
    """The typed Experiment of a document without errors."""
    return parse(with_defaults(dict(document) | {"spec": document["spec"] | _NOT_SENT}))


def trial_of(message: Message) -> Trial:
    status = message.status
    return Trial(
        name=message.name,
        assignments={a.name: a.value for a in message.spec.parameter_assignments.assignments},
        # A condition of a later Katib says nothing about the point, as a killed Trial does.
        condition=_CONDITIONS.get(status.condition, TrialCondition.KILLED),
        # Katib has reduced each metric to one value by its strategy.
        observation={
            m.name: Metric(m.name, m.value, m.value, m.value) for m in status.observation.metrics
        },
        start_time=_seconds(status.start_time),
        completion_time=_seconds(status.completion_time),
    )


def _seconds(text: str) -> float | None:
    """Seconds since the epoch of a time in RFC 3339; None where there is none."""
    try:
        return datetime.fromisoformat(text).timestamp() if text else None
    except ValueError:
        return None


def logs_of(reply: Message) -> list[MetricLog]:
    """The finite values of an observation log."""
    return [
        MetricLog(_seconds(each.time_stamp) or 0.0, each.metric.name, each.metric.value)
        for each in reply.observation_log.metric_logs
        if finite(each.metric.value) is not None
    ]


def suggestions_reply(suggestions: Iterable[Suggestion], state: Mapping[str, str]) -> Message:
    """``state`` comes back among the algorithm's settings: Katib keeps it for the next request."""
    reply = api.GetSuggestionsReply()
    for suggestion in suggestions:
        point = reply.parameter_assignments.add(
            trial_name=suggestion.trial_name, labels=suggestion.labels
        )
        for name, value in suggestion.assignments.items():
            point.assignments.add(name=name, value=value)
    for name, value in state.items():
        reply.algorithm.algorithm_settings.add(name=name, value=value)
    return reply


def rules_reply(rules: Iterable[EarlyStoppingRule]) -> Message:
    reply = api.GetEarlyStoppingRulesReply()
    for rule in rules:
        reply.early_stopping_rules.add(
            name=rule.name,
            value=rule.value,
            comparison=_COMPARISONS[rule.comparison],
            start_step=rule.start_step,
        )
    return reply
