"""What Katib's own suggestion services make of a feasible space, where that is not what it says.

Only warnings: on this machine and with this project's suggestion service every algorithm honours
distribution, step and bounds.
"""

from __future__ import annotations

from typing import Any

from katib_experiments.experiment.checks.findings import Findings
from katib_experiments.experiment.checks.parameters import PATH, number
from katib_experiments.experiment.syntax import join

_SERVICES = {
    "random": "hyperopt",
    "tpe": "hyperopt",
    "grid": "optuna",
    "multivariate-tpe": "optuna",
    "bayesianoptimization": "skopt",
    "cmaes": "goptuna",
    "sobol": "goptuna",
    "hyperband": "hyperband",
    "pbt": "pbt",
}
_BLIND = ("skopt", "goptuna", "hyperband", "pbt")


def check_services(findings: Findings, spec: dict[str, Any]) -> None:
    service = _SERVICES.get((spec.get("algorithm") or {}).get("algorithmName") or "")
    for i, parameter in enumerate(spec.get("parameters") or []):
        path = join(PATH, i)
        numeric = parameter.get("parameterType") in ("int", "double")
        if service and numeric and not findings.failed(path):
            space = parameter["feasibleSpace"]
            if (service, parameter["parameterType"]) != ("skopt", "double"):
                _distribution(findings, space, join(path, "feasibleSpace"), service)
            _step(findings, space, join(path, "feasibleSpace"), service)
            _log_uniform(findings, parameter, join(path, "feasibleSpace"), service)


def _distribution(findings: Findings, space: dict[str, Any], path: str, service: str) -> None:
    distribution = space.get("distribution") or "uniform"
    normal = distribution in ("normal", "logNormal")
    if service in _BLIND and distribution != "uniform":
        rule = f"Katib's {service} service takes no notice of it"
    elif service == "optuna" and normal:
        rule = "Katib's optuna service leaves such a parameter out, and then no Trial is made"
    elif service == "hyperopt" and normal:
        rule = "Katib's hyperopt service does not cut it off at min and max"
    else:
        return
    findings.warning(join(path, "distribution"), distribution, rule)


def _step(findings: Findings, space: dict[str, Any], path: str, service: str) -> None:
    step, low = number(space.get("step") or "0"), number(space["min"])
    if not step or low is None:
        return
    if service in ("skopt", "hyperband"):
        rule = f"Katib's {service} service takes no notice of it"
        findings.warning(join(path, "step"), space["step"], rule)
    elif service == "hyperopt" and low % step:
        rule = (
            f'min "{space["min"]}" is no multiple of it: Katib\'s hyperopt service rounds to '
            "multiples and so leaves the bounds"
        )
        findings.warning(join(path, "step"), space["step"], rule)


def _log_uniform(findings: Findings, parameter: dict[str, Any], path: str, service: str) -> None:
    """scikit-optimize, as Katib uses it, draws every double log-uniformly."""
    if service != "skopt" or parameter["parameterType"] != "double":
        return
    space = parameter["feasibleSpace"]
    low, distribution = number(space["min"]), space.get("distribution") or "uniform"
    if low is not None and low <= 0:
        rule = "Katib's skopt service needs more than 0 for a double: there no Trial is made"
        findings.warning(join(path, "min"), space["min"], rule)
    elif distribution != "logUniform":
        rule = "Katib's skopt service draws every double with logUniform"
        findings.warning(join(path, "distribution"), distribution, rule)
