"""``metadata`` and what stands directly under ``spec``: the three counts and the resume policy."""

from __future__ import annotations

import re
from typing import Any

from katib_experiments.experiment.checks.findings import Findings
from katib_experiments.experiment.defaults import PARALLEL_TRIAL_COUNT
from katib_experiments.experiment.document import API_VERSION

_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_LONGEST_NAME = 40
_MOST = 2**31 - 1


def check_metadata(findings: Findings, data: dict[str, Any]) -> None:
    for key, expected in (("apiVersion", API_VERSION), ("kind", "Experiment")):
        if findings.require(data, "", key):
            findings.choice(key, data[key], [expected])
    metadata = data.get("metadata") or {}
    if metadata.get("generateName") and not metadata.get("name"):
        rule = "an Experiment needs a metadata.name of its own: its Trials and its run bear it"
        findings.error("metadata.generateName", metadata["generateName"], rule)
    elif findings.require(metadata, "metadata", "name"):
        name = metadata["name"]
        if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
            rule = (
                "name must consist of lower case alphanumeric characters or '-', start with an "
                "alphabetic character, end with an alphanumeric character, and may not be longer "
                f"than {_LONGEST_NAME} characters"
            )
            findings.error("metadata.name", name, rule)
    namespace = metadata.get("namespace")
    if not namespace:
        rule = "is not given: kubectl takes that of its context, this machine takes default"
        findings.warning("metadata.namespace", None, rule)
    elif not _LABEL.fullmatch(namespace) or len(namespace) > 63:
        rule = "must be at most 63 lower case alphanumeric characters or '-'"
        findings.error("metadata.namespace", namespace, rule)


def check_counts(findings: Findings, spec: dict[str, Any]) -> None:
    """The checks of Katib's webhook, which sees the default of ``parallelTrialCount``."""
    for key, least in (
        ("parallelTrialCount", 1),
        ("maxTrialCount", 1),
        ("maxFailedTrialCount", 0),
    ):
        value = spec.get(key)
        if value is None:
            continue
        if value < least:
            rule = "must be greater than 0" if least else "should not be less than 0"
            findings.error(f"spec.{key}", value, rule)
        elif value > _MOST:
            findings.error(f"spec.{key}", value, f"must be at most {_MOST}")
    most, parallel = spec.get("maxTrialCount"), spec.get("parallelTrialCount")
    if most is not None and most > 0:
        if (parallel if parallel is not None else PARALLEL_TRIAL_COUNT) > most:
            default = "" if parallel is not None else f" (its default is {PARALLEL_TRIAL_COUNT})"
            rule = f"should be less than or equal to spec.maxTrialCount{default}"
            findings.error("spec.parallelTrialCount", parallel, rule)
        if spec.get("maxFailedTrialCount", 0) > most:
            rule = "should be less than or equal to spec.maxTrialCount"
            findings.error("spec.maxFailedTrialCount", spec["maxFailedTrialCount"], rule)
    _unlimited(findings, spec)


def _unlimited(findings: Findings, spec: dict[str, Any]) -> None:
    if spec.get("maxTrialCount") is None:
        goal = (spec.get("objective") or {}).get("goal")
        rule = "is not given: without a goal either, the Experiment never ends"
        if goal is not None:
            rule = "is not given: Katib then restarts the Experiment again and again at its goal"
        findings.warning("spec.maxTrialCount", None, rule)
    if spec.get("maxFailedTrialCount") is None:
        rule = "is not given: an Experiment whose every Trial fails then ends as Succeeded"
        findings.warning("spec.maxFailedTrialCount", None, rule)


def check_resume_policy(findings: Findings, spec: dict[str, Any]) -> None:
    policy = spec.get("resumePolicy") or "Never"
    policies = ("Never", "LongRunning", "FromVolume")
    rule = f"invalid ResumePolicyType, must be one of {', '.join(policies)}"
    findings.choice("spec.resumePolicy", policy, policies, rule)
