"""Katib's defaults, as its mutating webhook fills them in before anything else sees a document."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from katib_experiments.experiment.syntax import Data

PARALLEL_TRIAL_COUNT = 3
FILE_PATH = "/var/log/katib/metrics.log"
EVENT_PATH = "/var/log/katib/tfevent/"

_STRATEGY = {"minimize": "min", "maximize": "max"}
_TRAINING_OPERATOR = ("TFJob", "PyTorchJob", "XGBoostJob", "MPIJob")
_LABELS = {
    "TrainJob": {
        "jobset.sigs.k8s.io/replicatedjob-name": "node",
        "batch.kubernetes.io/job-completion-index": "0",
    },
    **{kind: {"training.kubeflow.org/job-role": "master"} for kind in _TRAINING_OPERATOR},
}
_CONDITIONS = {
    "Job": ("Complete", "Failed"),
    "TrainJob": ("Complete", "Failed"),
    **dict.fromkeys(_TRAINING_OPERATOR, ("Succeeded", "Failed")),
}
KINDS = frozenset(_CONDITIONS)
"""The kinds of a Trial that Katib, as shipped, may create."""


def with_defaults(data: Mapping[str, Any]) -> dict[str, Any]:
    """A new document, defaults filled in. What is no mapping where one belongs stays as it is."""
    document = copy.deepcopy(dict(data))
    spec = document.get("spec")
    if not isinstance(spec, dict):
        return document
    _default(spec, "parallelTrialCount", PARALLEL_TRIAL_COUNT)
    _default(spec, "resumePolicy", "Never")
    if isinstance(objective := spec.get("objective"), dict):
        _strategies(objective)
    if isinstance(template := spec.get("trialTemplate"), dict):
        _trial_template(template)
    _metrics_collector(spec)
    for parameter in _mappings(spec.get("parameters")):
        _default(_child(parameter, "feasibleSpace"), "distribution", "uniform")
    return document


def _default(data: dict[str, Any], key: str, value: Data) -> None:
    """Set where it is missing, null or an empty string, all of which are the same to Katib."""
    if data.get(key) in (None, ""):
        data[key] = value


def _child(data: dict[str, Any], key: str) -> dict[str, Any]:
    """The mapping at ``key``, made where there is none."""
    _default(data, key, {})
    child = data[key]
    return child if isinstance(child, dict) else {}


def _mappings(items: Data) -> list[dict[str, Any]]:
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _strategies(objective: dict[str, Any]) -> None:
    """One strategy for the objective and one for every additional metric, in that order."""
    _default(objective, "metricStrategies", [])
    strategies = objective["metricStrategies"]
    additional = objective.get("additionalMetricNames")
    if not isinstance(strategies, list) or not isinstance(additional, list | None):
        return
    value = _STRATEGY.get(str(objective.get("type")), "latest")
    known = [strategy.get("name") for strategy in _mappings(strategies)]
    for name in (objective.get("objectiveMetricName"), *(additional or ())):
        if isinstance(name, str) and name not in known:
            strategies.append({"name": name, "value": value})
            known.append(name)


def _trial_template(template: dict[str, Any]) -> None:
    """Conditions and labels by the kind of the Trial; a template in a ConfigMap gets none."""
    trial_spec = template.get("trialSpec")
    kind = str(trial_spec.get("kind")) if isinstance(trial_spec, dict) else ""
    if kind in _CONDITIONS:
        success, failure = _CONDITIONS[kind]
        _default(template, "successCondition", _condition(success))
        _default(template, "failureCondition", _condition(failure))
    if kind in _LABELS and not template.get("primaryPodLabels"):
        template["primaryPodLabels"] = dict(_LABELS[kind])


def _condition(kind: str) -> str:
    return f'status.conditions.#(type=="{kind}")#|#(status=="True")#'


def _metrics_collector(spec: dict[str, Any]) -> None:
    collector_spec = _child(spec, "metricsCollectorSpec")
    _default(collector_spec, "collector", {"kind": "StdOut"})
    collector = collector_spec["collector"]
    kind = collector.get("kind") if isinstance(collector, dict) else None
    if kind == "File":
        place = _child(_child(collector_spec, "source"), "fileSystemPath")
        for key, value in (("kind", "File"), ("path", FILE_PATH), ("format", "TEXT")):
            _default(place, key, value)
    elif kind == "TensorFlowEvent":
        place = _child(_child(collector_spec, "source"), "fileSystemPath")
        _default(place, "kind", "Directory")
        _default(place, "path", EVENT_PATH)
    elif kind == "PrometheusMetric":
        request = _child(_child(collector_spec, "source"), "httpGet")
        _default(request, "path", "/metrics")
        _default(request, "port", 8080)
