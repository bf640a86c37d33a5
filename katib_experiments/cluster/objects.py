"""All that a cluster knows of one Experiment, and where it is found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from katib_experiments.cluster.client import (
    Cluster,
    Object,
    Query,
    Refused,
    core_path,
    objects_path,
)

EXPERIMENT = "katib.kubeflow.org/experiment"
TRIAL = "katib.kubeflow.org/trial"
DEPLOYMENT = "katib.kubeflow.org/deployment"
COLLECTOR = "metrics-logger-and-collector"
"""The container that Katib adds to a Trial's pod."""

_MAX_TRIALS_REACHED = "ExperimentMaxTrialsReached"
_COMPLETED = (
    "trialsSucceeded",
    "trialsFailed",
    "trialsKilled",
    "trialsEarlyStopped",
    "trialMetricsUnavailable",
)


@dataclass(frozen=True)
class Source:
    """A list of objects. One that is ``optional`` is empty to those who may not read it."""

    path: str
    selector: Query
    optional: bool = False

    def read(self, cluster: Cluster) -> Object:
        """The list as it is now."""
        try:
            return cluster.get(self.path, self.selector)
        except Refused as error:
            if self.optional and error.status == 403:
                return {"metadata": {}, "items": []}
            raise


def sources(namespace: str, name: str) -> dict[str, Source]:
    """Where all that concerns an Experiment is. Pods and events only explain."""
    by_name = {"fieldSelector": f"metadata.name={name}"}
    by_label = {"labelSelector": f"{EXPERIMENT}={name}"}
    warnings = {"fieldSelector": "type=Warning"}
    return {
        "experiments": Source(objects_path(namespace, "experiments"), by_name),
        "trials": Source(objects_path(namespace, "trials"), by_label),
        "suggestions": Source(objects_path(namespace, "suggestions"), by_name, optional=True),
        "pods": Source(core_path(namespace, "pods"), by_label, optional=True),
        "events": Source(core_path(namespace, "events"), warnings, optional=True),
    }


def pods_of(namespace: str, trial: str) -> Source:
    return Source(core_path(namespace, "pods"), {"labelSelector": f"{TRIAL}={trial}"})


@dataclass(frozen=True)
class Objects:
    """What was found there."""

    experiment: Object
    trials: Sequence[Object] = ()
    suggestion: Object | None = None
    pods: Sequence[Object] = ()
    events: Sequence[Object] = ()

    @classmethod
    def of(cls, found: Mapping[str, Sequence[Object]]) -> Objects | None:
        """From the lists by the names of :func:`sources`; None where there is no Experiment."""
        if not found["experiments"]:
            return None
        return cls(
            experiment=found["experiments"][0],
            trials=found["trials"],
            suggestion=next(iter(found["suggestions"]), None),
            pods=found["pods"],
            events=found["events"],
        )


def label(item: Object, key: str) -> str:
    """The value of a label, empty where there is none."""
    return str((item["metadata"].get("labels") or {}).get(key) or "")


def conditions(item: Object) -> list[Object]:
    """The conditions of any object, in the order of their changes: the last one is where it is."""
    found: list[Object] = (item.get("status") or {}).get("conditions") or []
    return found


def ended(item: Object) -> bool:
    """Whether an Experiment or a Trial has come to its end."""
    history = conditions(item)
    return bool(history) and history[-1]["type"] not in ("Created", "Running", "Restarting")


def over(experiment: Object) -> bool:
    """Whether an Experiment has ended, and Katib is not about to restart it with a new count."""
    if not ended(experiment):
        return False
    spec, status = experiment["spec"], experiment["status"]
    restartable = spec.get("resumePolicy") in ("LongRunning", "FromVolume")
    if conditions(experiment)[-1].get("reason") != _MAX_TRIALS_REACHED or not restartable:
        return True
    return sum(status.get(count) or 0 for count in _COMPLETED) >= (spec.get("maxTrialCount") or 0)
