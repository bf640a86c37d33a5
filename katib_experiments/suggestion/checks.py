"""What is wrong with an Experiment as it arrives over gRPC, in the words of ``automl validate``.

Rules that are about Katib's own services (no parameter of a single value, a whole rung of hyperband
at once) do not bind this one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from katib_experiments.algorithms import NAMES
from katib_experiments.errors import DocumentError
from katib_experiments.experiment.checks.algorithm import check_algorithm, check_early_stopping
from katib_experiments.experiment.checks.findings import Findings
from katib_experiments.experiment.checks.metrics import check_objective
from katib_experiments.experiment.checks.nas import check_nas
from katib_experiments.experiment.checks.parameters import (
    PATH,
    check_names,
    check_parameter,
)
from katib_experiments.experiment.document import Document
from katib_experiments.experiment.syntax import join

_NAME = "spec.algorithm.algorithmName"
_MOST = "spec.maxTrialCount"
_PARALLEL = "spec.parallelTrialCount"
_FINITE = ("grid", "hyperband")


def check_experiment(document: Mapping[str, Any], *, running: bool = False) -> None:
    """DocumentError with every problem. Of an Experiment that is ``running``, what can be edited
    meanwhile is no longer looked at: an error would only make Katib ask again for ever."""
    findings = Findings(Document(dict(document)))
    # The service is not told how metrics are collected; Push asks nothing of their names.
    spec = document["spec"] | {"metricsCollectorSpec": {"collector": {"kind": "Push"}}}
    check_objective(findings, spec)
    _parameters(findings, spec)
    check_nas(findings, spec)
    check_algorithm(findings, spec)
    check_early_stopping(findings, spec)
    _served(findings, spec)
    _raise(findings, ignored=(_PARALLEL, _MOST) if running else (_PARALLEL,))


def check_stopping(spec: Mapping[str, Any]) -> None:
    """DocumentError for a wrong ``spec.earlyStopping``."""
    findings = Findings(Document({}))
    check_early_stopping(findings, {"earlyStopping": dict(spec)})
    _raise(findings, ignored=())


def _parameters(findings: Findings, spec: dict[str, Any]) -> None:
    parameters = spec["parameters"]
    if not parameters and "nasConfig" not in spec:
        findings.error(PATH, None, "must be specified")
    check_names(findings, parameters, PATH)
    for i, parameter in enumerate(parameters):
        check_parameter(findings, parameter, join(PATH, i))


def _served(findings: Findings, spec: dict[str, Any]) -> None:
    name = spec["algorithm"]["algorithmName"]
    if name and not findings.failed(_NAME) and name not in NAMES:
        rule = f"this service has no algorithm {name}, only {', '.join(NAMES)}"
        findings.error(_NAME, name, rule)
    if name in _FINITE and spec.get("maxTrialCount") is None:
        rule = f"must be specified for {name}: Katib takes no other notice of a search's end"
        findings.error(_MOST, None, rule)


def _raise(findings: Findings, ignored: tuple[str, ...]) -> None:
    problems = [
        problem
        for problem in findings.problems
        if problem.severity == "error" and problem.path not in ignored
    ]
    if problems:
        raise DocumentError(problems)
