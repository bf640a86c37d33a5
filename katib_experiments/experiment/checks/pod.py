"""Rules of Kubernetes for a Trial's pod. Katib's webhook does not ask for them: it takes the
Experiment, and its Trials stay Created, since Kubernetes refuses their Jobs."""

from __future__ import annotations

import re
from typing import Any

from katib_experiments.experiment.checks.findings import Findings
from katib_experiments.experiment.checks.roundtrip import amount
from katib_experiments.experiment.syntax import join

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_RESOURCES = ("cpu", "memory", "ephemeral-storage")


def check_pod(findings: Findings, pod: dict[str, Any], path: str) -> None:
    """``pod`` is a pod's spec, already of the right types."""
    volumes = _names(findings, pod.get("volumes") or [], join(path, "volumes"))
    for kind in ("initContainers", "containers"):
        for i, container in enumerate(pod.get(kind) or []):
            _container(findings, container, join(join(path, kind), i), volumes)


def _names(findings: Findings, items: list[dict[str, Any]], path: str) -> set[str]:
    seen: set[str] = set()
    for i, item in enumerate(items):
        name = item.get("name") or ""
        if name in seen:
            findings.error(join(join(path, i), "name"), name, "is taken by another one")
        seen.add(name)
    return seen


def _container(findings: Findings, container: dict[str, Any], path: str, volumes: set[str]) -> None:
    name, image = container.get("name") or "", container.get("image") or ""
    if name and not _LABEL.fullmatch(name):
        rule = "must be at most 63 lower case alphanumeric characters or '-'"
        findings.error(join(path, "name"), name, rule)
    if re.search(r"\s", image):
        findings.error(join(path, "image"), image, "must be without spaces")
    if policy := container.get("imagePullPolicy"):
        findings.choice(join(path, "imagePullPolicy"), policy, _PULL_POLICIES)
    for i, mount in enumerate(container.get("volumeMounts") or []):
        if (volume := mount.get("name")) and volume not in volumes:
            child = join(join(join(path, "volumeMounts"), i), "name")
            findings.choice(child, volume, volumes, "is the name of no volume of the pod")
    _resources(findings, container.get("resources") or {}, join(path, "resources"))


def _resources(findings: Findings, resources: dict[str, Any], path: str) -> None:
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    for kind, amounts in (("limits", limits), ("requests", requests)):
        for name, value in amounts.items():
            child = join(join(path, kind), name)
            if "/" not in name and name not in _RESOURCES and not name.startswith("hugepages-"):
                rule = f"is no resource: {', '.join(_RESOURCES)} or a qualified one, nvidia.com/gpu"
                findings.error(child, value, rule)
            elif "/" in name and (number := amount(value)) is not None and number.denominator != 1:
                findings.error(child, value, "must be an integer")
    for name, value in requests.items():
        child, limit = join(join(path, "requests"), name), limits.get(name)
        if limit is None:
            if "/" in name:
                rule = f"must be among the limits too: {name} cannot be shared"
                findings.error(child, value, rule)
            continue
        wanted, most = amount(value), amount(limit)
        if wanted is not None and most is not None and wanted > most:
            findings.error(child, value, f"must be less than or equal to the limit, {limit}")
