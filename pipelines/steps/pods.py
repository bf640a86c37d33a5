"""What the pods of Trials get beside their command: GPUs, and the volume that holds the data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

GPU = "nvidia.com/gpu"
VOLUME = "katib-automl-data"
"""Name of the volume in a pod."""

Object = dict[str, Any]


def pods_of(spec: Mapping[str, Any]) -> Iterator[tuple[Object, Object]]:
    """Each pod's spec in the ``trialTemplate`` with its primary container, at whatever depth the
    kind of the Trial has it."""
    template = spec.get("trialTemplate") or {}
    name = template.get("primaryContainerName")

    def walk(node: object) -> Iterator[tuple[Object, Object]]:
        if isinstance(node, list):
            for each in node:
                yield from walk(each)
        elif isinstance(node, dict):
            containers = node.get("containers")
            for container in containers if isinstance(containers, list) else ():
                if isinstance(container, dict) and container.get("name") == name:
                    yield node, container
            for key, each in node.items():
                if key != "containers":
                    yield from walk(each)

    return walk(template.get("trialSpec"))


def give_gpus(pod: Object, container: Object, count: int) -> None:
    """``count`` GPUs for each Trial, and leave to run on nodes that are kept for those who ask."""
    resources = container["resources"] = {**(container.get("resources") or {})}
    resources["limits"] = {**(resources.get("limits") or {}), GPU: count}
    if requests := resources.get("requests"):
        resources["requests"] = {key: value for key, value in requests.items() if key != GPU}
    tolerations = pod.get("tolerations") or []
    if not any(each.get("key") == GPU for each in tolerations):
        pod["tolerations"] = [
            *tolerations,
            {"key": GPU, "operator": "Exists", "effect": "NoSchedule"},
        ]


def mount(pod: Object, container: Object, claim: str, path: str) -> None:
    """The claim at ``path``, to be read. What the document has mounted there makes place."""
    volume = {"name": VOLUME, "persistentVolumeClaim": {"claimName": claim}}
    point = {"name": VOLUME, "mountPath": path, "readOnly": True}
    volumes = [each for each in pod.get("volumes") or () if each.get("name") != VOLUME]
    pod["volumes"] = [*volumes, volume]
    points = [each for each in container.get("volumeMounts") or () if each.get("mountPath") != path]
    container["volumeMounts"] = [*points, point]
