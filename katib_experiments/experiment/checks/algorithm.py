"""``spec.algorithm`` and ``spec.earlyStopping``: known names, and settings of the right name, type
and range, as Katib's suggestion services check them once they run; a wrong one there ends the
Experiment with no more than "Suggestion has failed"."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from katib_experiments.experiment.checks.findings import Findings, did_you_mean
from katib_experiments.experiment.checks.parameters import PATH as PARAMETERS
from katib_experiments.experiment.checks.parameters import number
from katib_experiments.experiment.defaults import PARALLEL_TRIAL_COUNT
from katib_experiments.experiment.settings import (
    ALGORITHMS,
    CLUSTER_ONLY,
    EARLY_STOPPING,
    EARLY_STOPPING_KATIB_LACKS,
    KATIB_LACKS,
    Setting,
)
from katib_experiments.experiment.syntax import join

PATH = "spec.algorithm"
STOPPING_PATH = "spec.earlyStopping"
_OURS = "Katib does not ship it: a cluster needs this project's {} in its katib-config"


def check_algorithm(findings: Findings, spec: dict[str, Any]) -> None:
    algorithm = spec.get("algorithm")
    if algorithm is None:
        findings.require(spec, "spec", "algorithm")
        return
    if not findings.require(algorithm, PATH, "algorithmName"):
        return
    name, path = algorithm["algorithmName"], join(PATH, "algorithmName")
    known: Mapping[str, tuple[Setting, ...]] = {**ALGORITHMS, **CLUSTER_ONLY}
    rule = (
        f"unable to get Suggestion config data for algorithm {name}: neither Katib nor this "
        "project has an algorithm of that name"
    )
    if not findings.choice(path, name, known, rule):
        return
    if name in KATIB_LACKS:
        findings.warning(path, name, _OURS.format("suggestion service"))
    if name in CLUSTER_ONLY:
        findings.warning(path, name, "runs on a Katib cluster only, not on this machine")
    check_settings(findings, algorithm, PATH, known)
    check = {"hyperband": _hyperband, "asha": _asha, "cmaes": _cmaes, "grid": _grid, "pbt": _pbt}
    if name in check:
        check[name](findings, spec, algorithm)


def check_early_stopping(findings: Findings, spec: dict[str, Any]) -> None:
    stopping = spec.get("earlyStopping")
    if stopping is None or not findings.require(stopping, STOPPING_PATH, "algorithmName"):
        return
    name, path = stopping["algorithmName"], join(STOPPING_PATH, "algorithmName")
    rule = (
        f"unable to get EarlyStopping config data for algorithm {name}: neither Katib nor this "
        "project has one of that name"
    )
    if not findings.choice(path, name, EARLY_STOPPING, rule):
        return
    if name in EARLY_STOPPING_KATIB_LACKS:
        findings.warning(path, name, _OURS.format("early stopping service"))
    check_settings(findings, stopping, STOPPING_PATH, EARLY_STOPPING)
    if not (spec.get("trialTemplate") or {}).get("retain"):
        rule = (
            "early stopping needs true here: without it Katib deletes a stopped Trial's Job before "
            "it has read the metrics, and the Experiment can stall"
        )
        findings.warning("spec.trialTemplate.retain", None, rule)
    kind = ((spec.get("metricsCollectorSpec") or {}).get("collector") or {}).get("kind")
    if kind == "TensorFlowEvent":
        rule = "Katib's collector of this kind cannot stop a Trial early: it exits on the rules"
        findings.warning("spec.metricsCollectorSpec.collector.kind", kind, rule)
    elif kind in ("Push", "Custom"):
        rule = "early stopping is done by Katib's own sidecar, which this kind does not have"
        findings.warning("spec.metricsCollectorSpec.collector.kind", kind, rule)


def check_settings(
    findings: Findings,
    part: dict[str, Any],
    path: str,
    table: Mapping[str, tuple[Setting, ...]],
) -> None:
    """``algorithmSettings`` of ``part`` against the algorithm's row of ``table``."""
    algorithm = part["algorithmName"]
    known = {setting.name: setting for setting in table[algorithm]}
    path = join(path, "algorithmSettings")
    given: set[str] = set()
    for i, each in enumerate(part.get("algorithmSettings") or []):
        child = join(path, i)
        if not findings.require(each, child, "name"):
            continue
        name = each["name"]
        if name in given:
            findings.error(join(child, "name"), name, "is set twice")
        elif name not in known:
            _unknown_setting(findings, algorithm, join(child, "name"), name, known)
        else:
            _setting_value(findings, known[name], each, child)
        given.add(name)
    for setting in known.values():
        if setting.required and setting.name not in given:
            findings.error(path, None, f"{setting.name} must be set for algorithm {algorithm}")


def _unknown_setting(
    findings: Findings, algorithm: str, path: str, name: str, known: Mapping[str, Setting]
) -> None:
    hint = did_you_mean(name, known) or f"; it has {', '.join(known) or 'none'}"
    rule = f"unknown setting {name} for algorithm {algorithm}{hint}"
    if algorithm == "darts":  # its service hands any other setting on to the Trial
        findings.warning(path, name, rule)
    else:
        findings.error(path, name, rule)


def _setting_value(findings: Findings, setting: Setting, each: dict[str, Any], path: str) -> None:
    if not findings.require(each, path, "value"):
        return
    try:
        setting.read(each["value"])
    except ValueError as error:
        findings.error(join(path, "value"), each["value"], f"{setting.name} {error}")


def _values(algorithm: dict[str, Any]) -> dict[str, str]:
    return {
        each["name"]: each.get("value") or ""
        for each in algorithm.get("algorithmSettings") or []
        if each.get("name")
    }


def _setting_path(algorithm: dict[str, Any], name: str) -> str:
    settings = algorithm.get("algorithmSettings") or []
    index = [each.get("name") for each in settings].index(name)
    return f"{PATH}.algorithmSettings[{index}].value"


def _resource(findings: Findings, spec: dict[str, Any], algorithm: dict[str, Any]) -> bool:
    """Whether ``resource_name`` and ``r_l`` are sound."""
    if findings.failed(PATH):
        return False
    values = _values(algorithm)
    name, largest = values["resource_name"], float(values["r_l"])
    parameters = spec.get("parameters") or []
    names = [parameter.get("name") or "" for parameter in parameters]
    path = _setting_path(algorithm, "resource_name")
    rule = "value of resource_name setting must be in parameters"
    if not findings.choice(path, name, names, rule):
        return False
    parameter = parameters[names.index(name)]
    if parameter.get("parameterType") not in ("int", "double"):
        rule = f"must name an int or double parameter, not one of {parameter.get('parameterType')}"
        findings.error(path, name, rule)
        return False
    high = number((parameter.get("feasibleSpace") or {}).get("max") or "")
    if high is not None and float(high) != largest:
        rule = f"differs from r_l, {values['r_l']}, the most that a Trial is given of {name}"
        bound = join(join(join(PARAMETERS, names.index(name)), "feasibleSpace"), "max")
        findings.warning(bound, parameter["feasibleSpace"]["max"], rule)
    return True


def _hyperband(findings: Findings, spec: dict[str, Any], algorithm: dict[str, Any]) -> None:
    _integers_only(findings, spec)
    if not _resource(findings, spec, algorithm):
        return
    values = _values(algorithm)
    eta = float(values.get("eta", 3))
    if eta != int(eta) or eta < 2:
        rule = "Katib rounds eta down to an integer of at least 2"
        findings.warning(_setting_path(algorithm, "eta"), values["eta"], rule)
    eta = max(int(eta), 2)
    brackets = int(math.log(float(values["r_l"])) / math.log(eta))
    least = math.ceil(eta**brackets)
    parallel = spec.get("parallelTrialCount", PARALLEL_TRIAL_COUNT)
    if parallel < least:
        rule = f"must be not less than {least} for hyperband: a whole rung is asked for at once"
        findings.error("spec.parallelTrialCount", parallel, rule)
    most = spec.get("maxTrialCount")
    if most is not None and brackets < 40 and most > (total := _all_trials(eta, brackets)):
        rule = (
            f"is more than the {total} Trials of all brackets: Katib then waits for more for ever"
        )
        findings.warning("spec.maxTrialCount", most, rule)


def _all_trials(eta: float, brackets: int) -> int:
    """Of a whole hyperband, the rungs of every bracket."""
    total = 0
    for s in range(brackets + 1):
        size = math.ceil((brackets + 1) / (s + 1) * eta**s)
        for _ in range(s + 1):
            total += size
            size = math.ceil(size / eta)
    return total


def _integers_only(findings: Findings, spec: dict[str, Any]) -> None:
    for i, parameter in enumerate(spec.get("parameters") or []):
        if parameter.get("parameterType") != "discrete":
            continue
        for j, value in enumerate((parameter.get("feasibleSpace") or {}).get("list") or []):
            exact = number(value)
            if exact is not None and exact.denominator != 1:
                path = f"{PARAMETERS}[{i}].feasibleSpace.list[{j}]"
                findings.error(path, value, "must be an integer for Katib's hyperband service")


def _asha(findings: Findings, spec: dict[str, Any], algorithm: dict[str, Any]) -> None:
    if not _resource(findings, spec, algorithm):
        return
    values = _values(algorithm)
    if float(values.get("min_resource", 1)) > float(values["r_l"]):
        path = _setting_path(algorithm, "min_resource" if "min_resource" in values else "r_l")
        findings.error(path, values.get("min_resource"), f"must be at most r_l, {values['r_l']}")


def _cmaes(findings: Findings, spec: dict[str, Any], algorithm: dict[str, Any]) -> None:
    kinds = [parameter.get("parameterType") for parameter in spec.get("parameters") or []]
    if len([kind for kind in kinds if kind in ("int", "double")]) < 2:
        rule = "cmaes needs at least two int or double parameters"
        findings.error(join(PATH, "algorithmName"), algorithm["algorithmName"], rule)


def _grid(findings: Findings, spec: dict[str, Any], _: dict[str, Any]) -> None:
    """Katib refuses to be asked for more points than there are; for fewer it says nothing."""
    parameters = spec.get("parameters") or []
    for i, parameter in enumerate(parameters):
        space = parameter.get("feasibleSpace") or {}
        if parameter.get("parameterType") == "double" and not space.get("step"):
            path = join(join(join(PARAMETERS, i), "feasibleSpace"), "step")
            findings.error(path, None, "must be specified for a double that grid searches")
    most = spec.get("maxTrialCount")
    if findings.failed(PARAMETERS) or not parameters or most is None:
        return
    points = math.prod(map(_points, parameters))
    if most > points:
        rule = f"must not be greater than {points}, the number of all combinations of the grid"
        findings.error("spec.maxTrialCount", most, rule)
    elif most < points:
        rule = f"is less than {points}, the size of the grid: the other points are never tried"
        findings.warning("spec.maxTrialCount", most, rule)


def _points(parameter: dict[str, Any]) -> int:
    space = parameter["feasibleSpace"]
    if space.get("list"):
        return len(space["list"])
    low, high, step = (number(space.get(key) or "1") for key in ("min", "max", "step"))
    assert low is not None
    assert high is not None
    assert step is not None
    return int((high - low) // step) + 1


def _pbt(findings: Findings, spec: dict[str, Any], algorithm: dict[str, Any]) -> None:
    for i, parameter in enumerate(spec.get("parameters") or []):
        space = parameter.get("feasibleSpace") or {}
        if parameter.get("parameterType") == "double" and not space.get("step"):
            path = join(join(join(PARAMETERS, i), "feasibleSpace"), "step")
            findings.error(path, None, "must be specified for a double that pbt perturbs")
    values = _values(algorithm)
    if "resample_probability" in values:
        rule = "makes Katib's pbt service fail: it compares the text with a number; leave it out"
        path = _setting_path(algorithm, "resample_probability")
        findings.error(path, values["resample_probability"], rule)
    if spec.get("resumePolicy") != "FromVolume":
        rule = "must be FromVolume for pbt, which keeps the checkpoints of its population there"
        findings.error("spec.resumePolicy", spec.get("resumePolicy"), rule)
