"""Experiments on Katib: its controller runs them, this only asks, watches and reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from katib_experiments.backend import Outcome
from katib_experiments.cluster.client import Cluster, Object, Refused, objects_path
from katib_experiments.cluster.convert import experiment_of, manifest, outcome_of
from katib_experiments.cluster.doctor import Finding, findings
from katib_experiments.cluster.katib_config import katib_config, missing
from katib_experiments.cluster.namesakes import everywhere, misled
from katib_experiments.cluster.objects import (
    EXPERIMENT,
    TRIAL,
    Objects,
    Source,
    ended,
    label,
    over,
    pods_of,
    sources,
)
from katib_experiments.cluster.output import Curves, container_of, lines_of, newest, started
from katib_experiments.cluster.patience import Patience, standstill
from katib_experiments.cluster.refusals import explained, explaining
from katib_experiments.cluster.rehearsal import refused
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


class KatibBackend:
    """The :class:`~katib_experiments.backend.Backend` of one namespace of a Katib cluster; without
    ``namespace`` that of the kubeconfig's context.

    ClusterError, besides the errors of the Backend, where the cluster does not answer or refuses;
    and from ``watch`` where no Trial has run for ``patience`` seconds.
    """

    def __init__(
        self,
        namespace: str = "",
        *,
        cluster: Cluster | None = None,
        patience: float | None = None,
    ) -> None:
        self._cluster = cluster or Cluster()
        self._patience = patience
        self.namespace = namespace or self._cluster.namespace
        self._curves: dict[str, dict[str, list[MetricLog]]] = {}
        self._pods: dict[str, dict[str, Object]] = {}

    def submit(self, experiment: Experiment) -> None:
        """As :meth:`Backend.submit`; the Experiment's own namespace does not count. DocumentError
        where it asks for an algorithm that this cluster does not serve, or for Jobs that Kubernetes
        would not take."""
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
        problems = [
            *(missing(experiment, config) if config else ()),
            *refused(self._cluster, experiment, self.namespace),
        ]
        if problems:
            raise DocumentError(problems)
        made = manifest(experiment, self.namespace)
        with explaining(self.namespace):
            if others := list(misled(made, everywhere(self._cluster, experiment.name))):
                raise ClusterError(
                    f"experiment {experiment.name} runs in namespace {', '.join(others)} too: "
                    "Katib would hand its search the Trials of both, and it may fail for good\n"
                    "give this one another name (--name), or wait until the other has ended"
                )
            self._cluster.create(objects_path(self.namespace, "experiments"), made)

    def _edit(self, experiment: Experiment, existing: Object) -> None:
        """Change the counts, which starts an ended Experiment again where Katib can."""
        status = existing.get("status") or {}
        active = (status.get("trialsPending") or 0) + (status.get("trialsRunning") or 0)
        if experiment.parallel_trial_count < active and not ended(existing):
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
        patience = Patience(self._patience)
        with Feeds(self._cluster, sources(self.namespace, name)) as feeds:
            while feeds.changed(patience.left()):
                objects = Objects.of(feeds.objects())
                if objects is None:
                    raise ExperimentNotFound(f"experiment {name} was deleted")
                outcome = self._outcome(objects)
                if over(objects.experiment):
                    break
                patience.look(objects)
                if last is None or _seen(last) != _seen(outcome):
                    yield outcome
                    last = outcome
            else:
                raise standstill(self.outcome(name), self._patience or 0)
        yield self.outcome(name)

    def outcome(self, name: str) -> Outcome:
        with explaining(self.namespace):
            found = {
                kind: source.read(self._cluster)["items"]
                for kind, source in sources(self.namespace, name).items()
            }
        objects = Objects.of(found)
        if objects is None:
            raise self._no(name)
        return self._outcome(objects)

    def names(self) -> list[str]:
        with explaining(self.namespace):
            answer = self._cluster.get(objects_path(self.namespace, "experiments"))
        made = {
            item["metadata"]["name"]: item["metadata"]["creationTimestamp"]
            for item in answer["items"]
        }
        return sorted(made, key=lambda name: (made[name], name), reverse=True)

    def logs(self, name: str, trial: str, *, follow: bool = False) -> Iterator[str]:
        experiment = experiment_of(self._existing(name))
        found = self._find(trial, "trials")
        if found is None or label(found, EXPERIMENT) != name:
            raise TrialNotFound(f'experiment {name} has no Trial "{trial}"')
        return self._lines(experiment, trial, follow=follow and not ended(found))

    def _lines(self, experiment: Experiment, trial: str, *, follow: bool) -> Iterator[str]:
        source = pods_of(self.namespace, trial)
        with explaining(self.namespace):
            pods = source.read(self._cluster)["items"]
        if follow:
            pods = self._started(experiment, source)
        pod = newest(pods, experiment)
        if pod is None:
            raise ClusterError(
                f"the pod of {trial} is gone or not made yet: Katib deletes the Jobs of ended "
                "Trials unless the document says spec.trialTemplate.retain: true"
            )
        container = container_of(pod, experiment)
        with explaining(self.namespace):
            yield from lines_of(self._cluster, self.namespace, pod, container, follow=follow)

    def _started(self, experiment: Experiment, source: Source) -> list[Object]:
        """The pods, once the newest one has a log."""
        with Feeds(self._cluster, {"pods": source}) as feeds:
            for _ in feeds.changes():
                pod = newest(feeds.objects()["pods"], experiment)
                if pod and started(pod, container_of(pod, experiment)):
                    break
            return feeds.objects()["pods"]

    def delete(self, name: str) -> None:
        """As :meth:`Backend.delete`: it is gone, with its Trials and its Suggestion, when this
        returns.

        Not in the foreground: Katib makes the Deployment of a Suggestion that is being deleted
        again and again, and the end would never come."""
        self._existing(name)
        with explaining(self.namespace):
            path = objects_path(self.namespace, "experiments", name)
            self._cluster.delete(path, {"propagationPolicy": "Background"})
        self._curves.pop(name, None)
        self._pods.pop(name, None)
        everything = sources(self.namespace, name)
        waited = {kind: everything[kind] for kind in ("experiments", "trials", "suggestions")}
        with Feeds(self._cluster, waited) as feeds:
            for _ in feeds.changes(timeout=_DELETE_SECONDS):
                if not any(feeds.objects().values()):
                    return
        raise ClusterError(
            f"experiment {name} is still being deleted: its Trials wait for Katib's database\n"
            "look: kubectl get pods --all-namespaces --selector katib.kubeflow.org/component"
        )

    def examine(self) -> list[Finding]:
        """Whether this cluster can run Experiments in this namespace."""
        return list(findings(self._cluster, self.namespace))

    def _outcome(self, objects: Objects) -> Outcome:
        name = objects.experiment["metadata"]["name"]
        outcome = outcome_of(replace(objects, pods=self._remembered(name, objects.pods)), {})
        known = self._curves.setdefault(name, {})
        logs = Curves(self._cluster, self.namespace, outcome.experiment, outcome.trials, known)
        return replace(outcome, logs=logs)

    def _remembered(self, name: str, pods: Sequence[Object]) -> list[Object]:
        """The pods, and those of Trials that were seen before: Katib deletes a Trial's pod when it
        ends, and with it the reason."""
        known = self._pods.setdefault(name, {})
        known |= {pod["metadata"]["name"]: pod for pod in pods if label(pod, TRIAL)}
        return [*(pod for pod in pods if not label(pod, TRIAL)), *known.values()]

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
            raise self._no(name)
        return found

    def _no(self, name: str) -> ExperimentNotFound:
        return ExperimentNotFound(f"no experiment {name} in namespace {self.namespace}")


def _seen(outcome: Outcome) -> tuple[object, ...]:
    """What of an Outcome is a change; its logs would have to be read."""
    return outcome.experiment, outcome.status, outcome.trials
