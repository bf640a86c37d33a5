"""Manifests as kustomize renders them, and what Pod Security "restricted" asks of a pod."""

from __future__ import annotations

import copy
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

Object = dict[str, Any]

ROOT = Path(__file__).parents[2]
MANIFESTS = ROOT / "manifests"
KUBECTL = shutil.which("kubectl")
NO_KUBECTL = "needs kubectl, which renders kustomizations"

COMPOSITIONS = (
    "",
    "gpu",
    "data-volume",
    "istio",
    "kueue",
    "gpu data-volume istio kueue",
    "trainjob",
    "gpu istio kueue trainjob",
)
"""Components that are tried together, by their names; the first has none."""

_VOLUMES = {"name", "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral"} | {
    "persistentVolumeClaim",
    "projected",
    "secret",
}


def render(folder: Path) -> list[Object]:
    """The objects of a kustomization."""
    assert KUBECTL is not None
    text = subprocess.run([KUBECTL, "kustomize", folder], check=True, stdout=subprocess.PIPE).stdout
    return list(yaml.safe_load_all(text))


def compose(folder: Path, *components: str, **fields: str) -> list[Object]:
    """The shipped Experiments with these components, by a kustomization that is written into
    ``folder``, with other ``fields``."""
    base = os.path.relpath(MANIFESTS, folder)
    kustomization = {
        "resources": [f"{base}/experiments"],
        "components": [f"{base}/components/{name}" for name in components],
        **fields,
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    return render(folder)


def experiments(objects: Iterable[Object]) -> Iterator[Object]:
    return (each for each in objects if each["kind"] == "Experiment")


def pods(objects: list[Object]) -> dict[str, Object]:
    """By name of its Experiment, the pod of a Trial: of its Job, or of its TrainJob's runtime."""
    runtimes = [each for each in objects if each["kind"] == "TrainingRuntime"]
    return {each["metadata"]["name"]: _pod(each, runtimes) for each in experiments(objects)}


def _pod(experiment: Object, runtimes: list[Object]) -> Object:
    trial = experiment["spec"]["trialTemplate"]["trialSpec"]
    if trial["kind"] == "Job":
        template = trial["spec"]["template"]
    else:
        (runtime,) = runtimes
        assert trial["spec"]["runtimeRef"]["name"] == runtime["metadata"]["name"]
        (job,) = runtime["spec"]["template"]["spec"]["replicatedJobs"]
        template = copy.deepcopy(job["template"]["spec"]["template"])
        (container,) = template["spec"]["containers"]
        trainer = trial["spec"]["trainer"]
        container |= {key: trainer[key] for key in ("image", "command", "args")}
        container["resources"] = trainer["resourcesPerNode"]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {**template.get("metadata", {}), "generateName": "trial-"},
        "spec": template["spec"],
    }


def violations(pod: Object) -> list[str]:
    """The rules of Pod Security "restricted" that the pod breaks, and a read-only root besides."""
    spec = pod["spec"]
    shared = spec.get("securityContext") or {}
    found = [key for key in ("hostNetwork", "hostPID", "hostIPC") if spec.get(key)]
    found += [key for each in spec.get("volumes", []) for key in each.keys() - _VOLUMES]
    for container in [*spec["containers"], *spec.get("initContainers", [])]:
        own = shared | (container.get("securityContext") or {})
        capabilities = own.get("capabilities") or {}
        kept = {
            "runAsNonRoot": own.get("runAsNonRoot") is True,
            "runAsUser": own.get("runAsUser") != 0,
            "seccompProfile": (own.get("seccompProfile") or {}).get("type") == "RuntimeDefault",
            "privileged": not own.get("privileged"),
            "allowPrivilegeEscalation": own.get("allowPrivilegeEscalation") is False,
            "readOnlyRootFilesystem": own.get("readOnlyRootFilesystem") is True,
            "capabilities": capabilities.get("drop") == ["ALL"] and not capabilities.get("add"),
            "hostPort": not any(port.get("hostPort") for port in container.get("ports", [])),
        }
        found += [rule for rule, holds in kept.items() if not holds]
    return found
