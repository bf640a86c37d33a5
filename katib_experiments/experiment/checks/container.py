"""The Job, its pod and its primary container."""

from __future__ import annotations

from typing import Any

from katib_experiments.experiment.checks.command import WRAPPED, check_command
from katib_experiments.experiment.checks.findings import REQUIRED, Findings, did_you_mean
from katib_experiments.experiment.checks.parameters import PATH as PARAMETERS
from katib_experiments.experiment.checks.pod import check_pod
from katib_experiments.experiment.checks.schema import typed
from katib_experiments.experiment.defaults import KINDS
from katib_experiments.experiment.syntax import join
from katib_experiments.experiment.template import containers, pods

_NAME = "spec.trialTemplate.primaryContainerName"


def check_job(findings: Findings, manifest: dict[str, Any], path: str) -> dict[str, Any]:
    """The Job with only what has the right types, after errors for what has not."""
    job: dict[str, Any] = typed(findings, manifest, path, "Job")
    spec, path = job.get("spec") or {}, join(path, "spec")
    pod_path = join(join(path, "template"), "spec")
    pod = (spec.get("template") or {}).get("spec")
    if pod is None:
        findings.error(pod_path, None, REQUIRED)
        return job
    policy = pod.get("restartPolicy")
    if policy not in ("Never", "OnFailure"):
        rule = "must be Never or OnFailure for a Job"
        findings.error(join(pod_path, "restartPolicy"), policy, rule)
    retries = spec.get("backoffLimit")
    if retries is not None and retries < 0:
        findings.error(join(path, "backoffLimit"), retries, "must be at least 0")
    elif retries != 0:
        rule = "should be 0: Kubernetes otherwise trains a failing Trial up to 7 times"
        findings.warning(join(path, "backoffLimit"), retries, rule)
    if not spec.get("activeDeadlineSeconds") and not pod.get("activeDeadlineSeconds"):
        rule = "is not given: a Trial that hangs then runs for ever"
        findings.warning(join(path, "activeDeadlineSeconds"), None, rule)
    if pod.get("containers") == []:
        findings.error(join(pod_path, "containers"), [], "must have at least one container")
    seen: set[str] = set()
    for child, container in containers({"containers": pod.get("containers") or []}, pod_path):
        name = container.get("name")
        if name in seen:
            findings.error(join(child, "name"), name, "is the name of another container too")
        seen.add(name or "")
        if not container.get("image"):
            findings.error(join(child, "image"), None, REQUIRED)
    check_pod(findings, pod, pod_path)
    return job


def check_primary_container(
    findings: Findings, spec: dict[str, Any], manifest: dict[str, Any], path: str
) -> None:
    name = spec["trialTemplate"].get("primaryContainerName")
    found = [each for pod_path, pod in pods(manifest, path) for each in containers(pod, pod_path)]
    if not name or not found:
        return
    primary = [(child, container) for child, container in found if container.get("name") == name]
    if not primary:
        names = [str(container.get("name")) for _, container in found]
        rule = "is the name of no container in the trialSpec: the Trial then stays Running for ever"
        rule += did_you_mean(name, names) or f"; it has {', '.join(names)}"
        known = str(manifest.get("kind")) in KINDS
        (findings.error if known else findings.warning)(_NAME, name, rule)
    choices = _choices(spec)
    kind = ((spec.get("metricsCollectorSpec") or {}).get("collector") or {}).get("kind", "StdOut")
    for child, container in primary:
        _image(findings, container, child)
        _resources(findings, container, child)
        if kind in WRAPPED and _is_text(container):
            check_command(findings, container, child, choices)


def _choices(spec: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Name of a trialParameter -> path of a value in the list that it draws from -> value."""
    lists = {
        parameter.get("name"): {
            f"{PARAMETERS}[{i}].feasibleSpace.list[{j}]": value
            for j, value in enumerate((parameter.get("feasibleSpace") or {}).get("list") or [])
        }
        for i, parameter in enumerate(spec.get("parameters") or [])
    }
    return {
        parameter["name"]: lists.get(parameter.get("reference"), {})
        for parameter in spec["trialTemplate"].get("trialParameters") or []
        if parameter.get("name")
    }


def _image(findings: Findings, container: dict[str, Any], path: str) -> None:
    image = container.get("image")
    if not isinstance(image, str) or not image or "@" in image:
        return
    tag = image.rsplit("/", 1)[-1].partition(":")[2]
    if tag in ("", "latest"):
        rule = (
            "should have a fixed tag: with latest, Trials of one Experiment may run different code"
        )
        findings.warning(join(path, "image"), image, rule)


def _resources(findings: Findings, container: dict[str, Any], path: str) -> None:
    resources = container.get("resources")
    limits = resources.get("limits") if isinstance(resources, dict) else None
    if not isinstance(limits, dict) or not limits.get("memory"):
        rule = "is not given: one Trial can take all memory of its node from the others"
        findings.warning(join(join(join(path, "resources"), "limits"), "memory"), None, rule)


def _is_text(container: dict[str, Any]) -> bool:
    """Whether command and args are lists of strings; kinds other than a Job are not checked."""
    return all(
        isinstance(container.get(key) or [], list)
        and all(isinstance(word, str) for word in container.get(key) or [])
        for key in ("command", "args")
    )
