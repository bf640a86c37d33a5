"""Experiments on Katib: its controller runs them, this only asks, watches and reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from katib_experiments.backend import Outcome
from katib_experiments.cluster.client import (
    Cluster,
    Object,
    Query,
    Refused,
    core_path,
    objects_path,
)
from katib_experiments.cluster.convert import (
    EXPERIMENT,
    Objects,
    conditions,
    experiment_of,
    manifest,
    outcome_of,
)
from katib_experiments.cluster.doctor import Finding, findings
from katib_experiments.cluster.katib_config import katib_config, missing
from katib_experiments.cluster.output import Curves, container_of, lines_of, newest, started
from katib_experiments.cluster.reasons import TRIAL
from katib_experiments.cluster.refusals import explained
from katib_experiments.cluster.watching import Feeds
from katib_experiments.errors import (
    ClusterError,
    DocumentError,
    ExperimentChanged,
    ExperimentNotFound,
    TrialNotFound,
)
from katib_experiments.experiment.changes import counts_of, refuse_changes
from katib_experiments.experiment.model import Experiment, MetricLog

_DELETE_SECONDS = 120.0
_MAX_TRIALS_REACHED = "ExperimentMaxTrialsReached"
_COMPLETED = (
    "trialsSucceeded",
    "trialsFailed",
    "trialsKilled",
    "trialsEarlyStopped",
    "trialMetricsUnavailable",
)


class KatibBackend:
    """The :class:`~katib_experiments.backend.Backend` of one namespace of a Katib cluster; without
    ``namespace`` that of the kubeconfig's context.

    ClusterError, besides the errors of the Backend, where the cluster does not answer or refuses.
    """

    def __init__(self, namespace: str = "", *, cluster: Cluster | None = None) -> None:
        self._cluster = cluster or Cluster()
        self.namespace = namespace or self._cluster.namespace
        self._curves: dict[str, dict[str, list[MetricLog]]] = {}

    def submit(self, experiment: Experiment) -> None:
        """As :meth:`Backend.submit`; the Experiment's own namespace does not count. DocumentError
        where it asks for an algorithm that this cluster does not serve."""
        existing = self._find(experiment.name)
        if existing is None:
            self._create(experiment)
            return
        known = experiment_of(existing)
        refuse_changes(experiment.name, known.document, experiment.document)
        if counts_of(known) != counts_of(experiment):
            self._edit(experiment, existing)

    def _create(self, experiment: Experiment) -> None:
        config = katib_config(self._cluster)
        if config and (problems := list(missing(experiment, config))):
            raise DocumentError(problems)
        try:
            path = objects_path(self.namespace, "experiments")
            self._cluster.create(path, manifest(experiment, self.namespace))
        except Refused as error:
            raise explained(error, self.namespace) from None

    def _edit(self, experiment: Experiment, existing: Object) -> None:
        """Change the counts, which starts an ended Experiment again where Katib can."""
        status = existing.get("status") or {}
        active = (status.get("trialsPending") or 0) + (status.get("trialsRunning") or 0)
        if experiment.parallel_trial_count < active and not _ended(existing):
            raise ExperimentChanged(
                f'spec.parallelTrialCount: Invalid value: "{experiment.parallel_trial_count}": '
                f"{active} Trials run, and Katib would delete the newest Trials, ended ones "
                "included, to come down to it: wait until they have ended"
            )
        try:
            path = objects_path(self.namespace, "experiments", experiment.name)
            self._cluster.patch(path, {"spec": counts_of(experiment)})
        except Refused as error:
            if error.status == 400:
                raise ExperimentChanged(str(error)) from None
            raise explained(error, self.namespace) from None

    def watch(self, name: str) -> Iterator[Outcome]:
        self._existing(name)
        return self._watch(name)

    def _watch(self, name: str) -> Iterator[Outcome]:
        last: Outcome | None = None
        with Feeds(self._cluster, self._sources(name)) as feeds:
            for _ in feeds.changes():
                objects = _objects({kind: feeds[kind] for kind in self._sources(name)})
                if objects is None:
                    raise ExperimentNotFound(f"experiment {name} was deleted")
                if _over(objects.experiment):
                    break
                outcome = self._outcome(objects)
                if last is None or _seen(last) != _seen(outcome):
                    yield outcome
                    last = outcome
        yield self.outcome(name)

    def outcome(self, name: str) -> Outcome:
        existing = self._existing(name)
        found = {
            kind: [existing] if kind == "experiments" else self._cluster.get(path, query)["items"]
            for kind, (path, query) in self._sources(name).items()
        }
        objects = _objects(found)
        assert objects is not None
        return self._outcome(objects)

    def names(self) -> list[str]:
        items = self._cluster.get(objects_path(self.namespace, "experiments"))["items"]
        made = {item["metadata"]["name"]: item["metadata"]["creationTimestamp"] for item in items}
        return sorted(made, key=lambda name: (made[name], name), reverse=True)

    def logs(self, name: str, trial: str, *, follow: bool = False) -> Iterator[str]:
        experiment = experiment_of(self._existing(name))
        found = self._find(trial, "trials")
        labels = (found or {}).get("metadata", {}).get("labels") or {}
        if found is None or labels.get(EXPERIMENT) != name:
            raise TrialNotFound(f'experiment {name} has no Trial "{trial}"')
        return self._lines(experiment, trial, follow=follow and not _ended(found))

    def _lines(self, experiment: Experiment, trial: str, *, follow: bool) -> Iterator[str]:
        source: tuple[str, Query] = (
            core_path(self.namespace, "pods"),
            {"labelSelector": f"{TRIAL}={trial}"},
        )
        pods = self._cluster.get(*source)["items"]
        if follow:
            with Feeds(self._cluster, {"pods": source}) as feeds:
                for _ in feeds.changes():
                    pods = feeds["pods"]
                    pod = newest(pods, experiment)
                    if pod and started(pod, container_of(pod, experiment)):
                        break
        pod = newest(pods, experiment)
        if pod is None:
            raise ClusterError(
                f"the pod of {trial} is gone or not made yet: Katib deletes the Jobs of ended "
                "Trials unless the document says spec.trialTemplate.retain: true"
            )
        yield from lines_of(
            self._cluster, self.namespace, pod, container_of(pod, experiment), follow=follow
        )

    def delete(self, name: str) -> None:
        """As :meth:`Backend.delete`: it is gone, with its Trials, when this returns."""
        path = objects_path(self.namespace, "experiments", name)
        try:
            self._cluster.delete(path, {"propagationPolicy": "Foreground"})
        except Refused as error:
            raise self._not_found(error, name) from None
        self._curves.pop(name, None)
        with Feeds(self._cluster, {"experiments": self._sources(name)["experiments"]}) as feeds:
            for _ in feeds.changes(timeout=_DELETE_SECONDS):
                if not feeds["experiments"]:
                    return
        raise ClusterError(
            f"experiment {name} is still being deleted: its Trials wait for Katib's database\n"
            "look: kubectl get pods --all-namespaces --selector katib.kubeflow.org/component"
        )

    def examine(self) -> list[Finding]:
        """Whether this cluster can run Experiments in this namespace."""
        return list(findings(self._cluster, self.namespace))

    def _sources(self, name: str) -> dict[str, tuple[str, Query]]:
        """Where all that concerns an Experiment is found."""
        by_name = {"fieldSelector": f"metadata.name={name}"}
        by_label = {"labelSelector": f"{EXPERIMENT}={name}"}
        return {
            "experiments": (objects_path(self.namespace, "experiments"), by_name),
            "trials": (objects_path(self.namespace, "trials"), by_label),
            "suggestions": (objects_path(self.namespace, "suggestions"), by_name),
            "pods": (core_path(self.namespace, "pods"), by_label),
            "events": (core_path(self.namespace, "events"), {"fieldSelector": "type=Warning"}),
        }

    def _outcome(self, objects: Objects) -> Outcome:
        outcome = outcome_of(objects, {})
        experiment = outcome.experiment
        known = self._curves.setdefault(experiment.name, {})
        logs = Curves(self._cluster, self.namespace, experiment, outcome.trials, known)
        return Outcome(experiment, outcome.status, outcome.trials, logs)

    def _find(self, name: str, kind: str = "experiments") -> Object | None:
        try:
            return self._cluster.get(objects_path(self.namespace, kind, name))
        except Refused as error:
            if error.status == 404 and error.about == name:
                return None
            raise explained(error, self.namespace) from None

    def _existing(self, name: str) -> Object:
        found = self._find(name)
        if found is None:
            raise ExperimentNotFound(f"no experiment {name} in namespace {self.namespace}")
        return found

    def _not_found(self, error: Refused, name: str) -> Exception:
        if error.status == 404 and error.about == name:
            return ExperimentNotFound(f"no experiment {name} in namespace {self.namespace}")
        return explained(error, self.namespace)


def _objects(found: dict[str, list[Any]]) -> Objects | None:
    if not found["experiments"]:
        return None
    return Objects(
        experiment=found["experiments"][0],
        trials=found["trials"],
        suggestion=next(iter(found["suggestions"]), None),
        pods=found["pods"],
        events=found["events"],
    )


def _ended(item: Object) -> bool:
    """Whether an Experiment or a Trial has come to its end."""
    history = conditions(item)
    return bool(history) and history[-1]["type"] not in ("Created", "Running", "Restarting")


def _over(experiment: Object) -> bool:
    """Whether an Experiment has ended, and Katib is not about to restart it with a new count."""
    if not _ended(experiment):
        return False
    spec, status = experiment["spec"], experiment["status"]
    restartable = spec.get("resumePolicy") in ("LongRunning", "FromVolume")
    if conditions(experiment)[-1].get("reason") != _MAX_TRIALS_REACHED or not restartable:
        return True
    return sum(status.get(count) or 0 for count in _COMPLETED) >= (spec.get("maxTrialCount") or 0)


def _seen(outcome: Outcome) -> tuple[object, ...]:
    """What of an Outcome is a change; its logs would have to be read."""
    return outcome.experiment, outcome.status, outcome.trials
