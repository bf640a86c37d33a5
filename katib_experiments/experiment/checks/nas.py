"""``spec.nasConfig``: what Katib's enas and darts services ask of it."""

from __future__ import annotations

from typing import Any

from katib_experiments.experiment.checks.findings import Findings
from katib_experiments.experiment.checks.parameters import check_names, check_parameter
from katib_experiments.experiment.syntax import join

PATH = "spec.nasConfig"
REFERENCES = {
    "enas": ("architecture", "nn_config"),
    "darts": ("algorithm-settings", "search-space", "num-layers"),
}
"""What the services suggest, so the references that a template can make."""


def check_nas(findings: Findings, spec: dict[str, Any]) -> None:
    config = spec.get("nasConfig")
    algorithm = (spec.get("algorithm") or {}).get("algorithmName")
    if config is None:
        if algorithm in REFERENCES:
            findings.error(PATH, None, f"must be specified for algorithm {algorithm}")
        return
    if algorithm and algorithm not in REFERENCES:
        rule = f"is for the algorithms enas and darts, not for {algorithm}"
        findings.error(PATH, None, rule)
    graph = config.get("graphConfig") or {}
    fields = ("inputSizes", "outputSizes", "numLayers") if algorithm == "enas" else ("numLayers",)
    for key in fields:
        if not graph.get(key):
            findings.error(
                join(join(PATH, "graphConfig"), key), None, f"Missing {key} in graphConfig"
            )
    layers = graph.get("numLayers")
    if layers is not None and layers < 0:
        findings.error(join(join(PATH, "graphConfig"), "numLayers"), layers, "must be at least 1")
    operations = config.get("operations") or []
    if not operations:
        findings.error(join(PATH, "operations"), None, "must be specified")
    for i, operation in enumerate(operations):
        _operation(findings, operation, join(join(PATH, "operations"), i))


def _operation(findings: Findings, operation: dict[str, Any], path: str) -> None:
    findings.require(operation, path, "operationType")
    parameters = operation.get("parameters") or []
    path = join(path, "parameters")
    if not parameters:
        findings.error(path, None, "Missing parameters in the operation")
    check_names(findings, parameters, path)
    for i, parameter in enumerate(parameters):
        child = join(path, i)
        check_parameter(findings, parameter, child)
        step = (parameter.get("feasibleSpace") or {}).get("step")
        if parameter.get("parameterType") == "double" and not step:
            rule = "step must be > 0 for a double of an operation"
            findings.error(join(join(child, "feasibleSpace"), "step"), None, rule)
