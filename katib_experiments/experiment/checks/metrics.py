"""``spec.objective`` and ``spec.metricsCollectorSpec``: which metrics, and where they come from."""

from __future__ import annotations

import json
import re
import warnings
from typing import Any

from katib_experiments.experiment.checks.findings import Findings
from katib_experiments.experiment.defaults import FILE_PATH
from katib_experiments.experiment.model import CollectorKind, ObjectiveType, Strategy
from katib_experiments.experiment.syntax import join

OBJECTIVE = "spec.objective"
COLLECTOR = "spec.metricsCollectorSpec"
_DEFAULT_NAME = re.compile(r"[\w|-]+", re.ASCII)
_PERL_ONLY = re.compile(r"\(\?(=|!|<=|<!|>|\()|(?<!\\)(\\\\)*\\[1-9]")


def check_objective(findings: Findings, spec: dict[str, Any]) -> None:
    objective = spec.get("objective")
    if objective is None:
        findings.require(spec, "spec", "objective")
        return
    path = join(OBJECTIVE, "type")
    if findings.require(objective, OBJECTIVE, "type"):
        findings.choice(path, objective["type"], [str(each) for each in ObjectiveType])
    findings.require(objective, OBJECTIVE, "objectiveMetricName")
    name = objective.get("objectiveMetricName")
    additional = objective.get("additionalMetricNames") or []
    path = join(OBJECTIVE, "additionalMetricNames")
    if name in additional:
        rule = "should not contain spec.objective.objectiveMetricName"
        findings.error(path, additional, rule)
    for i, each in enumerate(additional):
        if not each:
            findings.error(join(path, i), each, "must be the name of a metric")
        elif each in additional[:i]:
            findings.warning(join(path, i), each, "is there twice")
    _strategies(findings, objective, [*([name] if name else []), *additional])
    _matchable(findings, spec, objective)


def _strategies(findings: Findings, objective: dict[str, Any], metrics: list[str]) -> None:
    seen: set[str] = set()
    for i, strategy in enumerate(objective.get("metricStrategies") or []):
        path = join(join(OBJECTIVE, "metricStrategies"), i)
        if findings.require(strategy, path, "name"):
            name = strategy["name"]
            rule = "is neither spec.objective.objectiveMetricName nor an additional metric"
            findings.choice(join(path, "name"), name, metrics, rule)
            if name in seen:
                findings.error(join(path, "name"), name, "has a strategy already")
            seen.add(name)
        if findings.require(strategy, path, "value"):
            findings.choice(join(path, "value"), strategy["value"], [str(s) for s in Strategy])


def _matchable(findings: Findings, spec: dict[str, Any], objective: dict[str, Any]) -> None:
    """Katib's default filter reads names of letters, digits and ``_ | -`` only."""
    collector = spec.get("metricsCollectorSpec") or {}
    source = collector.get("source") or {}
    kind = (collector.get("collector") or {}).get("kind", "StdOut")
    as_json = (source.get("fileSystemPath") or {}).get("format") == "JSON"
    if (
        kind not in ("StdOut", "File")
        or as_json
        or (source.get("filter") or {}).get("metricsFormat")
    ):
        return
    rule = "is never found by the default filter, whose names have only letters, digits, _, | and -"
    paths = [(join(OBJECTIVE, "objectiveMetricName"), objective.get("objectiveMetricName"))]
    for i, name in enumerate(objective.get("additionalMetricNames") or []):
        paths.append((join(join(OBJECTIVE, "additionalMetricNames"), i), name))
    for path, name in paths:
        if name and not _DEFAULT_NAME.fullmatch(name):
            findings.error(path, name, rule)


def check_metrics_collector(findings: Findings, spec: dict[str, Any]) -> None:
    collector_spec = spec.get("metricsCollectorSpec") or {}
    collector = collector_spec.get("collector")
    kind = "StdOut" if collector is None else collector.get("kind") or ""
    path = join(join(COLLECTOR, "collector"), "kind")
    kinds = [str(each) for each in CollectorKind if each is not CollectorKind.PROMETHEUS]
    rule = f"invalid metrics collector kind: {kind}, must be one of {', '.join(kinds)}"
    if kind == CollectorKind.PROMETHEUS:
        rule = "is validated by Katib but not implemented: the Experiment cannot be created"
        findings.error(path, kind, rule)
    elif not findings.choice(path, kind, kinds, rule):
        return
    source = collector_spec.get("source") or {}
    check = {
        "File": _file,
        "TensorFlowEvent": _events,
        "PrometheusMetric": _prometheus,
        "Custom": _custom,
    }.get(kind)
    if check:
        check(findings, spec, source)
    elif source.get("fileSystemPath"):
        rule = f"has no meaning for metrics collector kind: {kind}; File reads a file"
        findings.warning(join(join(COLLECTOR, "source"), "fileSystemPath"), None, rule)
    _filters(findings, source)


def _place(findings: Findings, place: dict[str, Any], kind: str, rule: str) -> str:
    """The path of ``fileSystemPath``, checked to be absolute and of ``kind``."""
    path = join(join(COLLECTOR, "source"), "fileSystemPath")
    if (place.get("kind") or kind) != kind:
        findings.error(join(path, "kind"), place["kind"], f"must be {kind}: {rule}")
    if place.get("path") and not place["path"].startswith("/"):
        findings.error(join(path, "path"), place["path"], f"must be absolute: {rule}")
    return path


def _file(findings: Findings, spec: dict[str, Any], source: dict[str, Any]) -> None:
    place = source.get("fileSystemPath") or {}
    path = _place(findings, place, "File", "file path where metrics file exists is required")
    template = json.dumps((spec.get("trialTemplate") or {}).get("trialSpec") or {})
    if not place.get("path") and FILE_PATH not in template:
        rule = (
            f"must be specified: nothing in the template speaks of the default {FILE_PATH}, and a "
            "Trial without its metrics file stays Running for ever"
        )
        findings.error(join(path, "path"), None, rule)
    form = place.get("format") or "TEXT"
    rule = "format of metrics file is required, TEXT or JSON"
    findings.choice(join(path, "format"), form, ("TEXT", "JSON"), rule)
    if form == "JSON" and source.get("filter") is not None:
        rule = "filter must be nil when format of metrics file is JSON"
        findings.error(join(join(COLLECTOR, "source"), "filter"), source["filter"], rule)


def _events(findings: Findings, _: dict[str, Any], source: dict[str, Any]) -> None:
    place = source.get("fileSystemPath") or {}
    rule = "directory path where tensorflow event files exist is required"
    path = _place(findings, place, "Directory", rule)
    if place.get("format"):
        rule = "must be empty for metrics collector kind: TensorFlowEvent"
        findings.error(join(path, "format"), place["format"], rule)


def _prometheus(findings: Findings, _: dict[str, Any], source: dict[str, Any]) -> None:
    request = source.get("httpGet") or {}
    path = join(join(COLLECTOR, "source"), "httpGet")
    port = str(request.get("port", 8080))
    if not port.isascii() or not port.isdigit() or int(port[:9]) <= 0:
        rule = "must be a positive integer value for metrics collector kind: PrometheusMetric"
        findings.error(join(path, "port"), request["port"], rule)
    if not (request.get("path") or "/metrics").startswith("/"):
        rule = "path is invalid for metrics collector kind: PrometheusMetric"
        findings.error(join(path, "path"), request["path"], rule)


def _custom(findings: Findings, spec: dict[str, Any], source: dict[str, Any]) -> None:
    collector = spec["metricsCollectorSpec"]["collector"]
    if not collector.get("customCollector"):
        rule = "is required for metrics collector kind: Custom"
        findings.error(join(join(COLLECTOR, "collector"), "customCollector"), None, rule)
    place = source.get("fileSystemPath")
    if place is None:
        return
    path = join(join(COLLECTOR, "source"), "fileSystemPath")
    if not (place.get("path") or "").startswith("/"):
        findings.error(join(path, "path"), place.get("path"), "must be an absolute path")
    kinds = ("File", "Directory")
    findings.choice(join(path, "kind"), place.get("kind") or "", kinds)


def _filters(findings: Findings, source: dict[str, Any]) -> None:
    path = join(join(join(COLLECTOR, "source"), "filter"), "metricsFormat")
    for i, text in enumerate((source.get("filter") or {}).get("metricsFormat") or []):
        if rule := filter_rule(text):
            findings.error(join(path, i), text, rule)


def filter_rule(text: str) -> str:
    """What is wrong with a filter, which Katib reads as Go's regular expression."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            groups = re.compile(text).groups
    except (re.error, OverflowError, RecursionError) as error:
        return f"invalid filter: {error}"
    if _PERL_ONLY.search(text):
        return "invalid filter: Go's regular expressions have no lookaround and no backreferences"
    if groups < 2:
        return "two top subexpressions are required, one for the metric's name, one for its value"
    return "must not contain ';', which parts one filter from the next" if ";" in text else ""
