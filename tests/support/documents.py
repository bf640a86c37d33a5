"""Experiment documents for tests: a small search whose Trials are one line of shell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from katib_experiments.experiment.defaults import with_defaults
from katib_experiments.experiment.document import parse
from katib_experiments.experiment.model import Experiment

REPORT = "echo accuracy=${trialParameters.x}"


def a_document(
    name: str = "example",
    command: Sequence[str] = ("sh", "-c", REPORT),
    job: dict[str, Any] | None = None,
    **spec: Any,
) -> dict[str, Any]:
    """A grid of x = 0.1 … 0.9 whose accuracy is x. ``spec`` goes over the spec's fields, ``job``
    over the Job's."""
    container = {"name": "main", "image": "example/trial:1", "command": list(command)}
    fields: dict[str, Any] = {
        "objective": {"type": "maximize", "objectiveMetricName": "accuracy"},
        "algorithm": {"algorithmName": "grid"},
        "parallelTrialCount": 2,
        "maxTrialCount": 4,
        "maxFailedTrialCount": 3,
        "parameters": [
            {
                "name": "x",
                "parameterType": "double",
                "feasibleSpace": {"min": "0.1", "max": "0.9", "step": "0.1"},
            }
        ],
        "trialTemplate": {
            "primaryContainerName": "main",
            "trialParameters": [{"name": "x", "reference": "x"}],
            "trialSpec": {
                "apiVersion": "batch/v1",
                "kind": "Job",
                "spec": {
                    "backoffLimit": 0,
                    "template": {"spec": {"containers": [container], "restartPolicy": "Never"}},
                    **(job or {}),
                },
            },
        },
    }
    return {
        "apiVersion": "kubeflow.org/v1beta1",
        "kind": "Experiment",
        "metadata": {"name": name, "namespace": "kubeflow"},
        "spec": {key: value for key, value in (fields | spec).items() if value is not None},
    }


def a_parsed(*arguments: Any, **fields: Any) -> Experiment:
    """:func:`a_document`, defaulted and parsed."""
    return parse(with_defaults(a_document(*arguments, **fields)))
