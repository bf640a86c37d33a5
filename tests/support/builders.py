"""Experiments and Trials for tests, made without a document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from katib_experiments.experiment.model import (
    AlgorithmSpec,
    CollectorKind,
    Distribution,
    Experiment,
    FeasibleSpace,
    Metric,
    MetricsCollector,
    Objective,
    ObjectiveType,
    Parameter,
    ParameterType,
    Strategy,
    Trial,
    TrialCondition,
    TrialParameter,
    TrialTemplate,
)


def double(
    name: str, low: float, high: float, distribution: str = "uniform", step: str = ""
) -> Parameter:
    space = FeasibleSpace(
        min=repr(low), max=repr(high), step=step, distribution=Distribution(distribution)
    )
    return Parameter(name, ParameterType.DOUBLE, space)


def integer(
    name: str, low: int, high: int, distribution: str = "uniform", step: str = ""
) -> Parameter:
    space = FeasibleSpace(
        min=str(low), max=str(high), step=step, distribution=Distribution(distribution)
    )
    return Parameter(name, ParameterType.INT, space)


def categorical(name: str, *choices: str) -> Parameter:
    return Parameter(name, ParameterType.CATEGORICAL, FeasibleSpace(list=choices))


def discrete(name: str, *choices: str) -> Parameter:
    return Parameter(name, ParameterType.DISCRETE, FeasibleSpace(list=choices))


MIXED = (
    double("learning_rate", 1e-4, 1e-1, "logUniform"),
    integer("num_layers", 1, 5),
    discrete("batch_size", "16", "32", "64", "128", "256"),
    categorical("optimizer", "sgd", "adam", "rmsprop"),
    double("dropout", 0.0, 0.5, step="0.1"),
)
"""One parameter of each kind."""


def an_experiment(
    parameters: Sequence[Parameter] = MIXED,
    algorithm: str = "random",
    settings: Mapping[str, str] | None = None,
    *,
    objective: ObjectiveType = ObjectiveType.MAXIMIZE,
    metric: str = "val_accuracy",
    additional: tuple[str, ...] = (),
    goal: float | None = None,
    command: Sequence[str] = ("python", "-c", "pass"),
    **fields: Any,
) -> Experiment:
    """``fields`` are those of :class:`Experiment`, over the defaults here."""
    best = Strategy.MAX if objective is ObjectiveType.MAXIMIZE else Strategy.MIN
    container = {
        "name": "training-container",
        "image": "example/trial:1",
        "command": list(command),
    }
    template = TrialTemplate(
        trial_spec={
            "apiVersion": "batch/v1",
            "kind": "Job",
            "spec": {
                "backoffLimit": 0,
                "template": {"spec": {"containers": [container], "restartPolicy": "Never"}},
            },
        },
        parameters=tuple(TrialParameter(p.name, p.name) for p in parameters),
        primary_container="training-container",
    )
    values: dict[str, Any] = {
        "name": "example",
        "namespace": "default",
        "parameters": tuple(parameters),
        "objective": Objective(
            type=objective,
            metric=metric,
            goal=goal,
            additional_metrics=additional,
            strategies=dict.fromkeys((metric, *additional), best),
        ),
        "algorithm": AlgorithmSpec(algorithm, settings or {}),
        "trial_template": template,
        "metrics_collector": MetricsCollector(CollectorKind.STDOUT),
        "max_trial_count": 12,
    }
    return Experiment(**(values | fields))


def a_trial(
    name: str,
    assignments: Mapping[str, str],
    value: float | str | None = None,
    condition: TrialCondition = TrialCondition.SUCCEEDED,
    *,
    metric: str = "val_accuracy",
    **fields: Any,
) -> Trial:
    """A Trial whose objective came to ``value``; None for one without an observation."""
    text = str(value)
    observation = {} if value is None else {metric: Metric(metric, text, text, text)}
    return Trial(name, dict(assignments), condition, observation, **fields)
