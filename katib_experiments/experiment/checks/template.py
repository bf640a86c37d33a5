"""``spec.trialTemplate``: its parameters and placeholders, and what it makes a Trial of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from katib_experiments.experiment.checks.container import check_job, check_primary_container
from katib_experiments.experiment.checks.findings import REQUIRED, Findings, did_you_mean
from katib_experiments.experiment.checks.nas import REFERENCES
from katib_experiments.experiment.checks.parameters import PATH as PARAMETERS
from katib_experiments.experiment.checks.roundtrip import check_roundtrip
from katib_experiments.experiment.defaults import KINDS
from katib_experiments.experiment.syntax import Data, join
from katib_experiments.experiment.template import META_REFERENCE, PLACEHOLDER

PATH = "spec.trialTemplate"
SPEC = "spec.trialTemplate.trialSpec"
_PARAMETERS = "spec.trialTemplate.trialParameters"
_ALMOST = re.compile(r"[$#]?[{(]+\s*trial_?(parameters?|params?|spec)\b[^})]*[})]+", re.IGNORECASE)


def check_template(findings: Findings, spec: dict[str, Any]) -> None:
    template = spec.get("trialTemplate")
    if template is None:
        findings.require(spec, "spec", "trialTemplate")
        return
    findings.require(template, PATH, "primaryContainerName")
    if not template.get("trialParameters"):
        findings.error(_PARAMETERS, None, REQUIRED)
    _source(findings, template)
    _conditions(findings, template)
    trial_spec = template.get("trialSpec")
    _parameters(findings, spec, template)
    if trial_spec:
        _placeholders(findings, template, trial_spec)
        if _identity(findings, trial_spec):
            manifest, trial_spec = trial_spec, check_job(findings, trial_spec, SPEC)
            check_roundtrip(findings, manifest, SPEC)
        check_primary_container(findings, spec, trial_spec, SPEC)


def _source(findings: Findings, template: dict[str, Any]) -> None:
    trial_spec, config_map = template.get("trialSpec"), template.get("configMap")
    both = ("spec.trialTemplate.trialSpec", "spec.trialTemplate.configMap")
    if not trial_spec and config_map is None:
        findings.error(PATH, None, f"{both[0]} or {both[1]} must be specified")
    elif trial_spec and config_map is not None:
        findings.error(PATH, None, f"only one of {both[0]} or {both[1]} can be specified")
    elif config_map is not None:
        path = join(PATH, "configMap")
        findings.require(config_map, path, "configMapName", "configMapNamespace", "templatePath")
        rule = "is the cluster's to read: what is in it cannot be checked or run on this machine"
        findings.warning(path, None, rule)


def _conditions(findings: Findings, template: dict[str, Any]) -> None:
    """Katib fills them in for the kinds that it knows, and never for a ConfigMap's template."""
    if str((template.get("trialSpec") or {}).get("kind")) in KINDS:
        return
    for key in ("successCondition", "failureCondition"):
        if not template.get(key):
            rule = "successCondition and failureCondition must be specified for this kind of Trial"
            findings.error(join(PATH, key), None, rule)


def _parameters(findings: Findings, spec: dict[str, Any], template: dict[str, Any]) -> None:
    names: dict[str, int] = {}
    references: dict[str, int] = {}
    for i, parameter in enumerate(template.get("trialParameters") or []):
        path = join(_PARAMETERS, i)
        if not findings.require(parameter, path, "name", "reference"):
            continue
        name, reference = parameter["name"], parameter["reference"]
        if "{" in name or "}" in name:
            findings.error(join(path, "name"), name, "name must not contain '{' or '}'")
        for key, value, seen in (("name", name, names), ("reference", reference, references)):
            if seen.setdefault(value, i) != i:
                rule = (
                    f"parameter {key} {value} can't be duplicated in {_PARAMETERS}: "
                    f"{join(_PARAMETERS, seen[value])} has it"
                )
                findings.error(join(path, key), value, rule)
        _reference(findings, spec, template, reference, join(path, "reference"))
    for i, parameter in enumerate(spec.get("parameters") or []):
        name = parameter.get("name")
        if name and name not in references and template.get("trialParameters"):
            rule = "no trialParameter has it as its reference: Katib then never makes a Trial"
            findings.error(join(join(PARAMETERS, i), "name"), name, rule)


def _reference(
    findings: Findings, spec: dict[str, Any], template: dict[str, Any], reference: str, path: str
) -> None:
    algorithm = (spec.get("algorithm") or {}).get("algorithmName") or ""
    known = [p["name"] for p in spec.get("parameters") or [] if p.get("name")]
    if spec.get("nasConfig") is not None:
        known += REFERENCES.get(algorithm, ())
    meta = META_REFERENCE.fullmatch(reference)
    if not meta:
        rule = f"parameter reference {reference} does not exist in spec.parameters"
        if known or reference.startswith("${"):
            findings.choice(path, reference, known, rule)
    elif meta[2] and template.get("trialSpec"):
        metadata = template["trialSpec"].get("metadata")
        given = metadata.get(meta[2].lower()) if isinstance(metadata, dict) else None
        if not isinstance(given, dict) or meta[3] not in given:
            rule = f"the trialSpec has no metadata.{meta[2].lower()}[{meta[3]}]"
            findings.error(path, reference, rule)


def _placeholders(findings: Findings, template: dict[str, Any], trial_spec: dict[str, Any]) -> None:
    declared = {
        parameter["name"]: i
        for i, parameter in enumerate(template.get("trialParameters") or [])
        if parameter.get("name")
    }
    used: set[str] = set()
    for path, text in _strings(trial_spec, SPEC):
        for match in PLACEHOLDER.finditer(text):
            used.add(match[1])
            if match[1] not in declared:
                rule = f"parameters: [{match[0]}] in {PATH} not found in {_PARAMETERS}"
                findings.error(path, text, rule + did_you_mean(match[1], declared))
        for match in _ALMOST.finditer(PLACEHOLDER.sub("", text)):
            rule = f"{match[0]} is no placeholder: only ${{trialParameters.NAME}} is replaced"
            findings.error(path, text, rule)
    for name, i in declared.items():
        if name not in used:
            rule = f"parameter name: {name} in {_PARAMETERS} not found in {PATH}: nothing uses it"
            findings.error(join(join(_PARAMETERS, i), "name"), name, rule)


def _strings(value: Data, path: str) -> Iterator[tuple[str, str]]:
    """Every string below ``value``, keys included."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield join(path, key), key
            yield from _strings(each, join(path, key))
    elif isinstance(value, list):
        for i, each in enumerate(value):
            yield from _strings(each, join(path, i))


def _identity(findings: Findings, trial_spec: dict[str, Any]) -> bool:
    """Whether it is a Job of Kubernetes, whose every field is known."""
    metadata = trial_spec.get("metadata")
    for key in ("name", "namespace"):
        if isinstance(metadata, dict) and metadata.get(key):
            rule = "metadata.name and metadata.namespace in the trialSpec must be omitted"
            findings.error(join(join(SPEC, "metadata"), key), metadata[key], rule)
    for key in ("apiVersion", "kind"):
        value = trial_spec.get(key)
        if not isinstance(value, str) or not value:
            rule = "APIVersion and Kind in the trialSpec must be specified"
            findings.error(join(SPEC, key), value, rule)
    kind, version = trial_spec.get("kind"), trial_spec.get("apiVersion")
    if kind == "Job" and isinstance(version, str) and version and version != "batch/v1":
        findings.error(join(SPEC, "apiVersion"), version, "must be batch/v1 for a Job")
    if isinstance(kind, str) and kind and kind not in KINDS:
        rule = "is a kind that Katib may create only once its configuration says so"
        findings.warning(join(SPEC, "kind"), kind, rule + did_you_mean(kind, KINDS))
    return (version, kind) == ("batch/v1", "Job")
