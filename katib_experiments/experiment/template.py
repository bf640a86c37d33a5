"""The trial template: placeholders, and the pod and container inside whatever kind a Trial is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from katib_experiments.errors import RunnerError
from katib_experiments.experiment.model import Experiment
from katib_experiments.experiment.syntax import Data, join

PLACEHOLDER = re.compile(r"\$\{trialParameters\.(.+?)\}")
META_REFERENCE = re.compile(
    r"\$\{trialSpec\.(Name|Namespace|Kind|APIVersion|(Labels|Annotations)\[(.+?)\])\}"
)
"""A reference to the Trial itself instead of to a search parameter."""


def render(
    experiment: Experiment, trial_name: str, assignments: Mapping[str, str]
) -> dict[str, Any]:
    """The manifest of one Trial, as Katib makes it: every placeholder replaced by its value, which
    is always a string, and the Trial's name and namespace set.

    ``assignments`` maps search parameters to values; KeyError where one that the template uses is
    missing.
    """
    template = experiment.trial_template
    values = {
        parameter.name: _meta(experiment, trial_name, parameter.reference)
        if META_REFERENCE.fullmatch(parameter.reference)
        else assignments[parameter.reference]
        for parameter in template.parameters
    }
    manifest: dict[str, Any] = _replaced(
        template.trial_spec, lambda match: values.get(match[1], match[0])
    )
    metadata = manifest.get("metadata") or {}
    manifest["metadata"] = {
        **metadata,
        "name": trial_name,
        "namespace": experiment.namespace,
    }
    return manifest


def _replaced(value: Data, replacement: Callable[[re.Match[str]], str]) -> Data:
    if isinstance(value, str):
        return PLACEHOLDER.sub(replacement, value)
    if isinstance(value, Mapping):
        return {
            _replaced(key, replacement): _replaced(each, replacement) for key, each in value.items()
        }
    if isinstance(value, list | tuple):
        return [_replaced(each, replacement) for each in value]
    return value


def _meta(experiment: Experiment, trial_name: str, reference: str) -> str:
    match = META_REFERENCE.fullmatch(reference)
    assert match is not None
    spec = experiment.trial_template.trial_spec
    if match[2]:
        return str(spec["metadata"][match[2].lower()][match[3]])
    return {
        "Name": trial_name,
        "Namespace": experiment.namespace,
        "Kind": str(spec["kind"]),
        "APIVersion": str(spec["apiVersion"]),
    }[match[1]]


def pods(manifest: Data, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every pod spec in a manifest of any kind, with its field path: a mapping with containers."""
    if isinstance(manifest, Mapping):
        if isinstance(manifest.get("containers"), list):
            yield path, dict(manifest)
            return
        for key, value in manifest.items():
            yield from pods(value, join(path, str(key)))
    elif isinstance(manifest, list):
        for i, value in enumerate(manifest):
            yield from pods(value, join(path, i))


def containers(pod: Mapping[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The containers of a pod spec, with their field paths."""
    for i, container in enumerate(pod["containers"]):
        if isinstance(container, dict):
            yield join(join(path, "containers"), i), container


def pod_spec(manifest: Mapping[str, Any], experiment: Experiment) -> dict[str, Any]:
    """The pod spec that holds the primary container; RunnerError where none does."""
    name = experiment.trial_template.primary_container
    for path, pod in pods(manifest):
        if any(container.get("name") == name for _, container in containers(pod, path)):
            return pod
    kind = manifest.get("kind") or "template in a ConfigMap"
    raise RunnerError(
        f'{experiment.name}: a {kind} without a container named "{name}" cannot run on this machine'
    )


def primary_container(manifest: Mapping[str, Any], experiment: Experiment) -> dict[str, Any]:
    """The container in which training runs; RunnerError where there is none."""
    name = experiment.trial_template.primary_container
    pod = pod_spec(manifest, experiment)
    return next(container for _, container in containers(pod, "") if container.get("name") == name)
