"""Why nothing moves, or why a Trial failed: what Kubernetes says in places where nobody looks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from katib_experiments.cluster.client import Object
from katib_experiments.cluster.objects import COLLECTOR, DEPLOYMENT, TRIAL, label

# Waiting reasons that pass by themselves.
_NORMAL = {"ContainerCreating", "PodInitializing", ""}
_MENDS = {
    "ErrImagePull": "put the image where the nodes find it (kind load docker-image, a registry and"
    " its imagePullSecrets), with a fixed tag and imagePullPolicy IfNotPresent",
    "ErrImageNeverPull": "load the image onto the node",
    "OOMKilled": "raise resources.limits.memory in the trial template",
    "Unschedulable": "look: kubectl describe nodes; lower the requests or parallelTrialCount",
}
_MENDS["ImagePullBackOff"] = _MENDS["ErrImagePull"]

# What Katib's controller does again by itself, after another of its own steps came first.
_TRIED_AGAIN = ("object has been modified", "already exists")
_COMBINED = "(combined from similar events): "


def pod_notes(pod: Object) -> list[str]:
    """What keeps a pod from running, or ended its containers, one line each. Katib's sidecar fails
    with every training that does, which says nothing."""
    notes = [*_scheduling(pod), *_containers(pod)]
    return [note for note in notes if COLLECTOR not in note] or notes


def _scheduling(pod: Object) -> Iterator[str]:
    for condition in _status(pod).get("conditions") or ():
        if condition.get("reason") == "Unschedulable" and condition.get("status") == "False":
            yield _line("pod", "Unschedulable", condition.get("message") or "")


def _containers(pod: Object) -> Iterator[str]:
    status = _status(pod)
    for container in (
        *(status.get("initContainerStatuses") or ()),
        *(status.get("containerStatuses") or ()),
    ):
        state = container.get("state") or {}
        what = f"container {container['name']}"
        waiting = state.get("waiting")
        if waiting and waiting.get("reason", "") not in _NORMAL:
            yield _line(what, waiting["reason"], waiting.get("message") or "")
        ended = state.get("terminated") or (container.get("lastState") or {}).get("terminated")
        # The kernel may have killed a child and left the container to end well.
        if ended and (ended.get("exitCode") or ended.get("reason") == "OOMKilled"):
            reason = ended.get("reason") or "Error"
            message = (ended.get("message") or "").strip()
            code = f"exit code {ended['exitCode']}"
            yield _line(what, reason, f"{code}: {message}" if message else code)


def _line(what: str, reason: str, message: str) -> str:
    mend = _MENDS.get(reason, "")
    return f"{what}: {reason}" + (message and f": {message}") + (mend and f" ({mend})")


def _status(pod: Object) -> Object:
    status: Object = pod.get("status") or {}
    return status


def trial_notes(trial: str, pods: Iterable[Object], events: Iterable[Object]) -> list[str]:
    """Of one Trial that runs or failed."""
    own = [pod for pod in pods if label(pod, TRIAL) == trial]
    notes = [note for pod in own for note in pod_notes(pod)]
    if not own:  # a pod or a Job that could not even be created, as when a webhook refuses it
        notes += [text for kind, text in _warnings(events, trial) if kind in ("Job", "Trial")]
    return list(dict.fromkeys(notes))


def suggestion_notes(
    name: str,
    algorithm: str,
    suggestion: Object | None,
    pods: Iterable[Object],
    events: Sequence[Object],
) -> list[str]:
    """Of the service that is to suggest the Trials of Experiment ``name``."""
    notes = [
        f"Suggestion: {condition.get('message')}"
        for condition in ((suggestion or {}).get("status") or {}).get("conditions") or ()
        if condition.get("type") == "Failed" and condition.get("status") == "True"
    ]
    services = [pod for pod in pods if label(pod, DEPLOYMENT)]
    why = [note for pod in services for note in pod_notes(pod)]
    if not services:  # a pod that could not even be created, as when Pod Security refuses it
        refused = _warnings(events, f"{name}-{algorithm}")
        why += [text for kind, text in refused if kind == "ReplicaSet"]
    notes += [f"suggestion service: {note}" for note in dict.fromkeys(why)]
    latest = dict(_warnings(events, name))  # the last of each kind
    return [*notes, *(f"{kind}: {text}" for kind, text in latest.items())]


def _warnings(events: Iterable[Object], name: str) -> Iterator[tuple[str, str]]:
    """Kind and text of the warnings about objects called ``name``, the oldest first."""
    for event in sorted(events, key=lambda event: str(event.get("lastTimestamp") or "")):
        kind, named = _about(event)
        if named != name or event.get("type") != "Warning":
            continue
        text = _text(event)
        if not any(words in text for words in _TRIED_AGAIN):
            yield kind, text


def _about(event: Object) -> tuple[str, str]:
    """Kind and name of what an event is about; of a ReplicaSet the name of its Deployment."""
    about = event.get("involvedObject") or {}
    kind, name = str(about.get("kind")), str(about.get("name"))
    return kind, name.rpartition("-")[0] if kind == "ReplicaSet" else name


def _text(event: Object) -> str:
    """The message, the same for each try: those to create a pod are each of another name."""
    text = str(event.get("message") or "").removeprefix(_COMBINED)
    text = re.sub(r'^(Error creating: pods "[^"]+-)[^-"]+"', r'\1…"', text)
    return text + (" (look: automl doctor)" if "violates PodSecurity" in text else "")
