"""Katib's objects as its controller leaves them, for tests that play the controller."""

from __future__ import annotations

from typing import Any

from tests.support.documents import a_parsed

GROUP = "/apis/kubeflow.org/v1beta1/namespaces/default"
CORE = "/api/v1/namespaces/default"
EXPERIMENTS, TRIALS, SUGGESTIONS = (
    f"{GROUP}/{kind}" for kind in ("experiments", "trials", "suggestions")
)
PODS, EVENTS, CONFIGMAPS = (f"{CORE}/{kind}" for kind in ("pods", "events", "configmaps"))
COLLECTIONS = (EXPERIMENTS, TRIALS, SUGGESTIONS, PODS, EVENTS)

Object = dict[str, Any]


def conditions(kind: str, *history: str, message: str = "") -> list[Object]:
    """The last one holds; Running no longer does once another follows."""
    return [
        {
            "type": name,
            "status": "True" if name != "Running" or name == history[-1] else "False",
            "reason": f"{kind}{name}",
            "message": message or f"{kind} is {name}",
            "lastTransitionTime": f"2026-01-01T00:00:{number:02}Z",
        }
        for number, name in enumerate(history)
    ]


def an_experiment_object(
    *history: str, reason: str = "", status: Any = None, **spec: Any
) -> Object:
    """The example experiment with these conditions; ``reason`` is the last one's."""
    document = dict(a_parsed(**spec).document)
    entries = conditions("Experiment", *history)
    if reason:
        entries[-1]["reason"] = reason
    state = {"conditions": entries, "startTime": "2026-01-01T00:00:00Z"} | (status or {})
    metadata = {"name": "example", "namespace": "default", "uid": "1", "generation": 1}
    return {**document, "metadata": metadata, "status": state}


def a_trial_object(name: str, x: str, *history: str, value: str | None = None) -> Object:
    metrics = [{"name": "accuracy", "min": value, "max": value, "latest": value}]
    return {
        "metadata": {"name": name, "labels": {"katib.kubeflow.org/experiment": "example"}},
        "spec": {"parameterAssignments": [{"name": "x", "value": x}]},
        "status": {
            "startTime": "2026-01-01T00:00:01Z",
            "conditions": conditions("Trial", *history),
            **({"observation": {"metrics": metrics}} if value is not None else {}),
        },
    }


def a_pod(
    trial: str, state: Object | None = None, *, container: str = "main", **status: Any
) -> Object:
    """The pod of a Trial, with Katib's sidecar, whose ``container`` is in ``state``."""
    statuses = [{"name": container, "state": state}] if state else []
    return {
        "metadata": {
            "name": f"{trial}-pod",
            "labels": {
                "katib.kubeflow.org/experiment": "example",
                "katib.kubeflow.org/trial": trial,
            },
        },
        "spec": {"containers": [{"name": "main"}, {"name": "metrics-logger-and-collector"}]},
        "status": {"containerStatuses": statuses, **status},
    }


def a_warning(kind: str, name: str, message: str) -> Object:
    return {
        "metadata": {"name": f"{kind}-{name}-event"},
        "type": "Warning",
        "involvedObject": {"kind": kind, "name": name},
        "message": message,
        "lastTimestamp": "2026-12-31T00:00:00Z",
    }
