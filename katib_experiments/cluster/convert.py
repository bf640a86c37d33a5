"""From Katib's objects to our model and back: what :mod:`katib_experiments.status` does the other
way round."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from katib_experiments.backend import Outcome
from katib_experiments.cluster.client import Object
from katib_experiments.cluster.namesakes import LABEL
from katib_experiments.cluster.objects import Objects, conditions
from katib_experiments.cluster.reasons import suggestion_notes, trial_notes
from katib_experiments.errors import ClusterError
from katib_experiments.experiment.defaults import with_defaults
from katib_experiments.experiment.document import API_VERSION, parse
from katib_experiments.experiment.model import (
    Condition,
    EarlyStoppingRule,
    Experiment,
    ExperimentCondition,
    ExperimentStatus,
    Metric,
    MetricLog,
    Trial,
    TrialCondition,
    finite,
    optimal_trial,
)
from katib_experiments.metrics import UNAVAILABLE

_KATIBS_LABELS = "katib.kubeflow.org/"
_EXPLAINED = (
    TrialCondition.CREATED,
    TrialCondition.RUNNING,
    TrialCondition.FAILED,
    TrialCondition.METRICS_UNAVAILABLE,
)


def manifest(experiment: Experiment, namespace: str) -> Object:
    """The Experiment as it is sent to the cluster, with its namespace among its labels."""
    document = dict(experiment.document)
    labels = {**(document["metadata"].get("labels") or {}), LABEL: namespace}
    where = {"name": experiment.name, "namespace": namespace, "labels": labels}
    metadata = {**document["metadata"], **where}
    document.pop("status", None)
    return {"apiVersion": API_VERSION, "kind": "Experiment", **document, "metadata": metadata}


def experiment_of(item: Object) -> Experiment:
    """The Experiment in the shape of a document: without what the cluster keeps for itself.

    ClusterError where somebody else's Experiment is none that we can read.
    """
    kept = ("name", "namespace", "labels", "annotations")
    labels = {k: v for k, v in (item["metadata"].get("labels") or {}).items() if k != LABEL}
    metadata = item["metadata"] | {"labels": labels}
    metadata = {key: metadata[key] for key in kept if metadata.get(key)}
    document = {"apiVersion": API_VERSION, "kind": "Experiment", "metadata": metadata}
    try:
        return parse(with_defaults({**document, "spec": item["spec"]}))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ClusterError(
            f"experiment {metadata['name']} is none that automl can read: "
            f"{type(error).__name__}: {error}"
        ) from None


def outcome_of(objects: Objects, logs: Mapping[str, Sequence[MetricLog]]) -> Outcome:
    """The Outcome that Katib's status tells of, with the reasons that it leaves elsewhere."""
    experiment = experiment_of(objects.experiment)
    own = objects.experiment["metadata"].get("labels") or {}
    trials = tuple(
        _explained(_trial(item, own), objects) for item in _ordered(objects.trials, objects)
    )
    status = _status(experiment, objects, trials)
    return Outcome(experiment, status, trials, logs)


def seconds(text: str | None) -> float | None:
    """An RFC 3339 time of the API as seconds since the epoch."""
    return datetime.fromisoformat(text).timestamp() if text else None


def _ordered(trials: Iterable[Object], objects: Objects) -> list[Object]:
    """In the order of their making: by second, and within one as they were suggested."""
    suggested = ((objects.suggestion or {}).get("status") or {}).get("suggestions") or ()
    place = {each["name"]: number for number, each in enumerate(suggested)}

    def key(item: Object) -> tuple[str, int, str]:
        metadata = item["metadata"]
        name = metadata["name"]
        return metadata.get("creationTimestamp") or "", place.get(name, len(place)), name

    return sorted(trials, key=key)


def _trial(item: Object, experiment_labels: Mapping[str, str]) -> Trial:
    spec, status, history = item["spec"], item.get("status") or {}, conditions(item)
    last = history[-1] if history else {}
    labels = item["metadata"].get("labels") or {}
    trial = Trial(
        name=item["metadata"]["name"],
        assignments={each["name"]: each["value"] for each in spec.get("parameterAssignments", ())},
        condition=TrialCondition(last.get("type", "Created")),
        rules=tuple(
            EarlyStoppingRule(
                rule["name"], rule["value"], rule["comparison"], rule.get("startStep") or 0
            )
            for rule in spec.get("earlyStoppingRules") or ()
        ),
        labels={
            key: value
            for key, value in labels.items()
            if not key.startswith(_KATIBS_LABELS) and key not in experiment_labels
        },
        start_time=seconds(status.get("startTime")),
        completion_time=seconds(status.get("completionTime")),
        reason=last.get("reason") or "",
        message=last.get("message") or "",
    )
    return _observed(trial, (status.get("observation") or {}).get("metrics") or ())


def _observed(trial: Trial, metrics: Iterable[Object]) -> Trial:
    """With its observation. What Katib took in without a finite value is told of in the message."""
    observation, lost = {}, []
    for each in metrics:
        name = each["name"]
        values = [str(each.get(key, "")) for key in ("min", "max", "latest")]
        if any(finite(value) is None and value != UNAVAILABLE for value in values):
            lost.append(name)
        kept = [UNAVAILABLE if finite(value) is None else value for value in values]
        observation[name] = Metric(name, *kept)
    message = trial.message
    if lost:
        message = _joined(message, [f"{', '.join(lost)} was reported without a finite value"])
    return replace(trial, observation=dict(sorted(observation.items())), message=message)


def _explained(trial: Trial, objects: Objects) -> Trial:
    if trial.condition not in _EXPLAINED:
        return trial
    notes = trial_notes(trial.name, objects.pods, objects.events)
    return replace(trial, message=_joined(trial.message, notes))


def _status(
    experiment: Experiment, objects: Objects, trials: tuple[Trial, ...]
) -> ExperimentStatus:
    status = objects.experiment.get("status") or {}
    history = [_condition(entry) for entry in conditions(objects.experiment)]
    best, notes = _optimal(experiment, status, trials)
    if history:
        notes += _why(experiment, history[-1], objects)
        history[-1] = replace(history[-1], message=_joined(history[-1].message, notes))
    return ExperimentStatus(
        conditions=tuple(history),
        start_time=seconds(status.get("startTime")),
        completion_time=seconds(status.get("completionTime")),
        optimal=best,
    )


def _why(experiment: Experiment, last: Condition, objects: Objects) -> list[str]:
    """Why it goes no further, or why its search failed."""
    if last.type is ExperimentCondition.SUCCEEDED:
        return []
    pods = () if last.type.ended else objects.pods
    events = () if last.type.ended else _since_the_last_trial(objects)
    algorithm = experiment.algorithm.name
    return suggestion_notes(experiment.name, algorithm, objects.suggestion, pods, events)


def _since_the_last_trial(objects: Objects) -> list[Object]:
    """A warning from before the newest Trial was made has been overcome."""
    made = [item["metadata"].get("creationTimestamp") or "" for item in objects.trials]
    newest = max(made, default="")
    return [event for event in objects.events if (event.get("lastTimestamp") or "") > newest]


def _condition(entry: Object) -> Condition:
    return Condition(
        type=ExperimentCondition(entry["type"]),
        reason=entry.get("reason") or "",
        message=entry.get("message") or "",
        time=seconds(entry.get("lastTransitionTime")) or 0.0,
    )


def _optimal(
    experiment: Experiment, status: Object, trials: tuple[Trial, ...]
) -> tuple[Trial | None, list[str]]:
    """Katib's best Trial; of the others the best where Katib's has no finite value, with a note."""
    name = (status.get("currentOptimalTrial") or {}).get("bestTrialName")
    chosen = next((trial for trial in trials if trial.name == name), None)
    if chosen is None or chosen.value(experiment.objective) is not None:
        return chosen, []
    note = f"Katib's best Trial is {name}, whose {experiment.objective.metric} is no finite number"
    return optimal_trial(experiment.objective, trials), [note]


def _joined(message: str, notes: Iterable[str]) -> str:
    return "\n".join([*filter(None, [message]), *notes])
