"""Validation of a document: every rule at once, offline, with field, line, value and rule.

The rules are those of Katib's webhook, those of its suggestion services, and what neither checks
and an Experiment later hangs on. What would still run, but not well, is a warning. Each subject has
its file in :mod:`.checks`.
"""

from __future__ import annotations

from katib_experiments.errors import Problem
from katib_experiments.experiment.checks.algorithm import check_algorithm, check_early_stopping
from katib_experiments.experiment.checks.counts import (
    check_counts,
    check_metadata,
    check_resume_policy,
)
from katib_experiments.experiment.checks.findings import Findings
from katib_experiments.experiment.checks.metrics import check_metrics_collector, check_objective
from katib_experiments.experiment.checks.nas import check_nas
from katib_experiments.experiment.checks.parameters import check_parameters
from katib_experiments.experiment.checks.schema import typed
from katib_experiments.experiment.checks.services import check_services
from katib_experiments.experiment.checks.template import check_template
from katib_experiments.experiment.document import Document


def validate(document: Document) -> list[Problem]:
    """All errors and warnings, in file order; none for a document of another kind."""
    if not document.is_experiment:
        return []
    findings = Findings(document)
    data = typed(findings, document.data, "", "Experiment")
    check_metadata(findings, data)
    if data.get("spec") is None:
        findings.require(data, "", "spec")
    else:
        for check in (
            check_counts,
            check_resume_policy,
            check_objective,
            check_parameters,
            check_nas,
            check_algorithm,
            check_services,
            check_early_stopping,
            check_metrics_collector,
            check_template,
        ):
            check(findings, data["spec"])
    return sorted(findings.problems, key=lambda problem: problem.line)
