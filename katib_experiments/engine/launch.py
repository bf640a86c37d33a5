"""From a Trial's rendered manifest to the command that runs here: what a kubelet makes of a
container, as far as one machine can, and a clear refusal of the rest.

Ignored, since they say where a pod runs and not what it computes: requests, CPU limits, volumes
(a file collector's apart), security contexts, ``workingDir`` and scheduling.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from pathlib import Path, PurePosixPath
from typing import Any

from katib_experiments.engine.runner import Launch
from katib_experiments.errors import RunnerError
from katib_experiments.experiment.model import CollectorKind, MetricsCollector

DEFAULT_PATHS = {
    CollectorKind.FILE: "/var/log/katib/metrics.log",
    CollectorKind.TENSORFLOW_EVENT: "/var/log/katib/tfevent/",
}
"""Where Katib's collectors look unless the document says where."""

JOB_BACKOFF_LIMIT = 6
"""Kubernetes' default for a Job."""

_SPEC = "spec.trialTemplate.trialSpec"
_FRACTIONS = {"": Decimal(1), "m": Decimal("1e-3"), "u": Decimal("1e-6"), "n": Decimal("1e-9")}
_DECIMAL = {suffix: Decimal(1000) ** power for power, suffix in enumerate("kMGTPE", 1)}
_BINARY = {f"{suffix}i": Decimal(1024) ** power for power, suffix in enumerate("KMGTPE", 1)}
_SUFFIXES = _FRACTIONS | _DECIMAL | _BINARY
_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([a-zA-Z]{0,2})")
_REFERENCE = re.compile(r"\$\$|\$\(([-._a-zA-Z0-9]+)\)")


def launch_of(
    manifest: Mapping[str, Any],
    container: Mapping[str, Any],
    pod: Mapping[str, Any],
    *,
    trial: str,
    directory: Path,
    collector: MetricsCollector,
) -> Launch:
    """The Launch of a rendered ``manifest``, whose pod spec ``pod`` holds the primary
    ``container``.

    Paths below a file collector's folder become paths below ``directory``, in arguments and
    environment, as that folder is a volume of the Trial's own on a cluster. Raises RunnerError
    with the field's path for what cannot run here.
    """
    place = _only_pod(manifest, pod)
    where = f"{place}.containers[{_index(container, pod, place)}]"
    command = [*(container.get("command") or ()), *(container.get("args") or ())]
    if not container.get("command"):
        raise _refusal(f"{where}.command", None, "must be given: an image's own is not known here")
    environment = _environment(container, where)
    relocate = _Relocation(collector, directory)
    limits = _below(_below(container, "resources"), "limits")
    field = f"{where}.resources.limits"
    memory, gpus = limits.get("memory"), limits.get("nvidia.com/gpu", 0)
    return Launch(
        trial=trial,
        command=tuple(map(relocate, _words([_expand(str(word), environment) for word in command]))),
        directory=directory,
        environment={name: relocate(value) for name, value in environment.items()},
        image=str(container.get("image", "")),
        memory=None if memory is None else quantity(memory, f"{field}.memory"),
        deadline=_deadline(manifest, pod),
        gpus=quantity(gpus, f'{field}["nvidia.com/gpu"]'),
    )


def backoff_limit(manifest: Mapping[str, Any]) -> int:
    """How often a failed Trial is started again: a Job's ``backoffLimit`` (6 unless given), the
    ``runPolicy.backoffLimit`` of Kubeflow's training jobs, else 0."""
    spec = _below(manifest, "spec")
    if manifest.get("kind") == "Job":
        given = spec.get("backoffLimit")
        return JOB_BACKOFF_LIMIT if given is None else int(given)
    return int(_below(spec, "runPolicy").get("backoffLimit") or 0)


def quantity(value: object, path: str) -> int:
    """A Kubernetes quantity (``512Mi``, ``1.5G``, ``1e9``), rounded up to a whole number."""
    match = _QUANTITY.fullmatch(str(value).strip())
    try:
        if match is not None:
            number = Decimal(match[1]) * _SUFFIXES[match[2]]
            return int(number.to_integral_value(ROUND_CEILING))
    except (KeyError, InvalidOperation):
        pass
    raise _refusal(path, value, "must be a quantity, such as 512Mi, 2Gi or 1e9")


def _below(node: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    """The mapping in ``field``; an empty one where it is missing or null."""
    return node.get(field) or {}


def _only_pod(manifest: Mapping[str, Any], pod: Mapping[str, Any]) -> str:
    """The path of the pod spec, which must be the only pod that the manifest makes."""
    found = list(_pods(manifest, _SPEC, 1))
    places = [path for path, spec, _ in found if spec == pod]
    if not places:
        raise _refusal(f"{_SPEC}.kind", manifest.get("kind"), "holds no pod spec that runs here")
    copies = sum(count for _, _, count in found)
    if copies != 1:
        rule = f"makes {copies} pods; a Trial is one process here"
        raise _refusal(f"{_SPEC}.kind", manifest.get("kind"), rule)
    if pod.get("initContainers"):
        names = [container.get("name") for container in pod["initContainers"]]
        raise _refusal(f"{places[0]}.initContainers", names, "are not run here")
    return places[0]


def _pods(node: object, path: str, copies: int) -> Iterator[tuple[str, Mapping[str, Any], int]]:
    """Every pod spec below ``node``: path, spec, and how many pods are made of it."""
    if isinstance(node, Mapping):
        if isinstance(node.get("containers"), list):
            yield path, node, copies
            return
        for field in ("replicas", "parallelism", "completions", "numNodes"):
            copies *= node[field] if isinstance(node.get(field), int) else 1
        for key, value in node.items():
            yield from _pods(value, f"{path}.{key}", copies)
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _pods(value, f"{path}[{index}]", copies)


def _index(container: Mapping[str, Any], pod: Mapping[str, Any], place: str) -> int:
    containers: Sequence[Mapping[str, Any]] = pod["containers"]
    if len(containers) > 1:
        names = [other.get("name") for other in containers]
        raise _refusal(f"{place}.containers", names, "only the primary container is run here")
    return containers.index(container)


def _environment(container: Mapping[str, Any], where: str) -> dict[str, str]:
    if container.get("envFrom"):
        raise _refusal(
            f"{where}.envFrom", container["envFrom"], "only env with values is read here"
        )
    environment: dict[str, str] = {}
    for index, entry in enumerate(container.get("env") or ()):
        if "valueFrom" in entry:
            path = f"{where}.env[{index}].valueFrom"
            raise _refusal(path, entry["valueFrom"], "only a value is read here")
        environment[entry["name"]] = _expand(str(entry.get("value") or ""), environment)
    return environment


def _expand(text: str, environment: Mapping[str, str]) -> str:
    """Kubernetes' ``$(NAME)``, where NAME is known; ``$$`` is a dollar sign."""

    def replacement(match: re.Match[str]) -> str:
        return "$" if match[1] is None else environment.get(match[1], match[0])

    return _REFERENCE.sub(replacement, text)


def _words(command: Sequence[str]) -> list[str]:
    """The words that a shell makes of ``command``, since Katib's collectors put it into a script:
    quotes that were written for that shell go. A script of ``sh -c`` is left alone, as there."""
    if command[0] in ("sh", "bash") and command[1:2] == ["-c"]:
        return list(command)
    return [_unquoted(word) for word in command]


def _unquoted(word: str) -> str:
    try:
        words = shlex.split(word)
    except ValueError:
        return word
    return words[0] if len(words) == 1 else word  # validation lets nothing else through


def _deadline(manifest: Mapping[str, Any], pod: Mapping[str, Any]) -> float | None:
    """Seconds: the shortest of the Job's and the pod's."""
    spec = _below(manifest, "spec")
    holders = (spec, _below(spec, "runPolicy"), pod)
    given = [holder.get("activeDeadlineSeconds") for holder in holders]
    return min((float(seconds) for seconds in given if seconds is not None), default=None)


class _Relocation:
    """Moves the paths of a file collector's volume into a Trial's directory."""

    def __init__(self, collector: MetricsCollector, directory: Path) -> None:
        self._directory = directory.absolute()
        self._pattern: re.Pattern[str] | None = None
        kind = collector.kind
        if kind is CollectorKind.STDOUT:
            return
        if kind not in DEFAULT_PATHS:
            field = "spec.metricsCollectorSpec.collector.kind"
            raise _refusal(field, str(kind), "StdOut, File and TensorFlowEvent are read here")
        path = PurePosixPath(collector.path or DEFAULT_PATHS[kind])
        volume = path.parent if kind is CollectorKind.FILE else path
        below = path if str(volume) == "/" else volume
        self._pattern = re.compile(rf"(?<![\w./-]){re.escape(str(below))}(?![\w.-])")
        (self._directory / str(volume).lstrip("/")).mkdir(parents=True, exist_ok=True)

    def __call__(self, text: str) -> str:
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda match: f"{self._directory}{match[0]}", text)


def _refusal(path: str, received: object, rule: str) -> RunnerError:
    value = "" if received is None else f"Invalid value: {received!r}: "
    return RunnerError(f"{path}: {value}{rule}")
