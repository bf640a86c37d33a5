"""A valid Experiment as data, and ways to break it, for the tests of this folder."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from katib_experiments.errors import Problem
from katib_experiments.experiment.document import dumps, loads
from katib_experiments.experiment.validation import validate

WEBHOOK = Path(__file__).parent / "webhook"

CONTAINER: dict[str, Any] = {
    "name": "training-container",
    "image": "example/trial:1",
    "command": [
        "python",
        "-m",
        "trial_image.train",
        "--learning_rate=${trialParameters.learningRate}",
        "--num_layers=${trialParameters.numLayers}",
        "--optimizer=${trialParameters.optimizer}",
    ],
    "resources": {"limits": {"cpu": "1", "memory": "1Gi"}},
}

VALID: dict[str, Any] = {
    "apiVersion": "kubeflow.org/v1beta1",
    "kind": "Experiment",
    "metadata": {"name": "example", "namespace": "kubeflow"},
    "spec": {
        "objective": {
            "type": "maximize",
            "goal": 0.99,
            "objectiveMetricName": "val_accuracy",
            "additionalMetricNames": ["loss"],
        },
        "algorithm": {
            "algorithmName": "random",
            "algorithmSettings": [{"name": "random_state", "value": "7"}],
        },
        "parallelTrialCount": 2,
        "maxTrialCount": 12,
        "maxFailedTrialCount": 3,
        "parameters": [
            {
                "name": "lr",
                "parameterType": "double",
                "feasibleSpace": {"min": "0.001", "max": "0.1", "distribution": "logUniform"},
            },
            {
                "name": "layers",
                "parameterType": "int",
                "feasibleSpace": {"min": "1", "max": "4"},
            },
            {
                "name": "optimizer",
                "parameterType": "categorical",
                "feasibleSpace": {"list": ["sgd", "adam"]},
            },
        ],
        "trialTemplate": {
            "primaryContainerName": "training-container",
            "trialParameters": [
                {"name": "learningRate", "description": "step size", "reference": "lr"},
                {"name": "numLayers", "reference": "layers"},
                {"name": "optimizer", "reference": "optimizer"},
            ],
            "trialSpec": {
                "apiVersion": "batch/v1",
                "kind": "Job",
                "spec": {
                    "backoffLimit": 0,
                    "activeDeadlineSeconds": 600,
                    "template": {"spec": {"restartPolicy": "Never", "containers": [CONTAINER]}},
                },
            },
        },
    },
}

POD = "spec.trialTemplate.trialSpec.spec.template.spec"
MISSING = ...
"""As a new value: take the field away."""


def changed(changes: dict[str, Any]) -> dict[str, Any]:
    """The valid document with the fields at these paths set, or taken away."""
    data = copy.deepcopy(VALID)
    for path, value in copy.deepcopy(changes).items():  # later paths may lead into earlier values
        *parents, last = keys(path)
        place: Any = data
        for key in parents:
            place = place[key] if isinstance(key, int) else place.setdefault(key, {})
        if value is MISSING:
            place.pop(last, None)
        elif isinstance(last, int) and last == len(place):
            place.append(value)
        else:
            place[last] = value
    return data


def keys(path: str) -> list[str | int]:
    """``a.b[1].c`` as its keys."""
    parts = path.replace("[", ".[").split(".")
    return [int(part[1:-1]) if part.startswith("[") else part for part in parts]


def problems(changes: dict[str, Any]) -> list[Problem]:
    """What validation says of the valid document after ``changes``, read from text."""
    (document,) = loads(dumps(changed(changes)), "experiment.yaml")
    return validate(document)


def errors(changes: dict[str, Any]) -> list[Problem]:
    return [problem for problem in problems(changes) if problem.severity == "error"]


def warnings_of(changes: dict[str, Any]) -> list[Problem]:
    return [problem for problem in problems(changes) if problem.severity == "warning"]


def settings(**values: str) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in values.items()]
