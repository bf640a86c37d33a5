"""``spec.parameters``: names, types and feasible spaces.

Katib looks at little more than which fields are there. The rest (bounds the wrong way round, words
for numbers, an empty list) it finds out in its suggestion service, which then fails again and again
while the Experiment stays Created.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import Any

from katib_experiments.experiment.checks.findings import REQUIRED, Findings
from katib_experiments.experiment.model import Distribution, ParameterType
from katib_experiments.experiment.syntax import join

PATH = "spec.parameters"
_NUMBER = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
_INTEGER = re.compile(r"[-+]?[0-9]+")
_NUMERIC = ("int", "double")
_MOST_VALUES = 10**15
# hyperopt and scikit-optimize refuse an interval of no width, and are asked again for ever.
_REFUSE_A_POINT = ("random", "tpe", "bayesianoptimization")


def check_parameters(findings: Findings, spec: dict[str, Any]) -> None:
    parameters = spec.get("parameters") or []
    nas = spec.get("nasConfig") is not None
    if not parameters and not nas:
        findings.error("spec", None, "spec.parameters or spec.nasConfig must be specified")
    if parameters and nas:
        rule = "only one of spec.parameters and spec.nasConfig can be specified"
        findings.error("spec", None, rule)
    check_names(findings, parameters, PATH)
    for i, parameter in enumerate(parameters):
        path = join(PATH, i)
        check_parameter(findings, parameter, path)
        if not findings.failed(path):
            _width(findings, parameter, path, spec)


def check_names(findings: Findings, parameters: list[dict[str, Any]], path: str) -> None:
    seen: dict[str, int] = {}
    for i, parameter in enumerate(parameters):
        child = join(path, i)
        if not findings.require(parameter, child, "name"):
            continue
        first = seen.setdefault(parameter["name"], i)
        if first != i:
            rule = f"name is taken by {join(path, first)}"
            findings.error(join(child, "name"), parameter["name"], rule)


def check_parameter(findings: Findings, parameter: dict[str, Any], path: str) -> None:
    """One parameter, of the search space or of an operation of a ``nasConfig``."""
    kind = parameter.get("parameterType") or ""
    types = [str(type_) for type_ in ParameterType]
    supported = findings.require(parameter, path, "parameterType") and findings.choice(
        join(path, "parameterType"),
        kind,
        types,
        f"parameterType: {kind} is not supported, only {', '.join(types)}",
    )
    space, space_path = parameter.get("feasibleSpace") or {}, join(path, "feasibleSpace")
    if not any(space.values()):
        findings.error(space_path, None, f"feasibleSpace {REQUIRED}")
        return
    distribution = space.get("distribution") or "uniform"
    known = [str(each) for each in Distribution]
    rule = f"distribution: {distribution} is not supported, only {', '.join(known)}"
    findings.choice(join(space_path, "distribution"), distribution, known, rule)
    if supported and kind in _NUMERIC:
        _interval(findings, space, space_path, kind)
    elif supported:
        _choices(findings, space, space_path, kind)


def _interval(findings: Findings, space: dict[str, Any], path: str, kind: str) -> None:
    if space.get("list"):
        rule = f"feasibleSpace.list is not supported for parameterType: {kind}"
        findings.error(join(path, "list"), space["list"], rule)
    if not space.get("max") and not space.get("min"):
        rule = (
            f"feasibleSpace.max and feasibleSpace.min must be specified for parameterType: {kind}"
        )
        findings.error(path, None, rule)
        return
    findings.require(space, path, "min", "max")
    low = _bound(findings, space, path, "min", kind)
    high = _bound(findings, space, path, "max", kind)
    step = _bound(findings, space, path, "step", kind)
    if low is not None and high is not None and low > high:
        rule = f'must be greater than min "{space["min"]}"'
        findings.error(join(path, "max"), space["max"], rule)
    if step is not None:
        _step(findings, space, path, step, None if low is None or high is None else high - low)
    distribution = space.get("distribution") or ""
    if distribution in ("logUniform", "logNormal") and low is not None and low <= 0:
        rule = f"must be greater than 0 for distribution: {distribution}"
        findings.error(join(path, "min"), space["min"], rule)


def _bound(
    findings: Findings, space: dict[str, Any], path: str, key: str, kind: str
) -> Fraction | None:
    """The exact number at ``key``; None where it is missing, and after an error where it is no
    number, or no integer for an int."""
    text = space.get(key)
    if not text:
        return None
    value = number(text)
    rule = ""
    if value is None:
        rule = "must be a finite number"
    elif kind == "int" and not _INTEGER.fullmatch(text):
        rule = "must be an integer for parameterType: int"
    elif kind == "int" and abs(value) >= 2**63:
        rule = "must be an integer of 64 bits"
    if rule:
        findings.error(join(path, key), text, rule)
    return None if rule else value


def number(text: str) -> Fraction | None:
    """The exact value of a decimal number; None for anything else, infinities included."""
    if not _NUMBER.fullmatch(text) or len(text) > 400 or not math.isfinite(float(text)):
        return None
    # A number that is no float but zero (1e-99999) would be a fraction of gigabytes.
    return Fraction(text) if float(text) != 0 else Fraction(0)


def _step(
    findings: Findings, space: dict[str, Any], path: str, step: Fraction, width: Fraction | None
) -> None:
    text, path = space["step"], join(path, "step")
    if step <= 0:
        findings.error(path, text, "must be greater than 0")
    elif width is None or width <= 0:
        return
    elif step > width:
        rule = f"must not be greater than max - min, {float(width):g}"
        findings.error(path, text, rule)
    elif width / step > _MOST_VALUES:
        findings.error(path, text, "is too small: more than 1e15 values between min and max")
    elif width % step:
        last = float(width - width % step) + float(space["min"])
        rule = f"does not divide max - min: the last value is {last:g}, max is never tried"
        findings.warning(path, text, rule)


def _choices(findings: Findings, space: dict[str, Any], path: str, kind: str) -> None:
    if any(space.get(key) for key in ("max", "min", "step")):
        rule = f"feasibleSpace .max, .min and .step is not supported for parameterType: {kind}"
        findings.error(path, {k: space[k] for k in ("max", "min", "step") if k in space}, rule)
    values = space.get("list") or []
    path_of_list = join(path, "list")
    if not values:
        findings.error(path_of_list, None, f"{REQUIRED} for parameterType: {kind}")
    seen: dict[object, int] = {}
    for i, value in enumerate(values):
        child = join(path_of_list, i)
        key = number(value) if kind == "discrete" else value
        if key is None:
            rule = "must be a finite number for parameterType: discrete; categorical takes words"
            findings.error(child, value, rule)
            continue
        first = seen.setdefault(key, i)
        if first != i:
            findings.error(child, value, f"is the same as {join(path_of_list, first)}")
    if (space.get("distribution") or "uniform") != "uniform":
        rule = f"has no meaning for parameterType: {kind}, which draws uniformly"
        findings.warning(join(path, "distribution"), space["distribution"], rule)


def _width(findings: Findings, parameter: dict[str, Any], path: str, spec: dict[str, Any]) -> None:
    """A parameter with one value; ``parameter`` is free of errors."""
    space, path = parameter["feasibleSpace"], join(path, "feasibleSpace")
    algorithm = (spec.get("algorithm") or {}).get("algorithmName")
    if parameter["parameterType"] not in _NUMERIC:
        if len(space["list"]) == 1:
            rule = "has one value, so it never varies: write it into the template instead"
            findings.warning(join(path, "list"), space["list"], rule)
    elif number(space["min"]) == number(space["max"]) and not _is_resource(parameter, spec):
        rule = f'is equal to min "{space["min"]}", so it never varies: write it into the template'
        if algorithm in _REFUSE_A_POINT:
            rule = f"{rule} instead; Katib's {algorithm} service refuses it again and again"
            findings.error(join(path, "max"), space["max"], rule)
        else:
            findings.warning(join(path, "max"), space["max"], rule)


def _is_resource(parameter: dict[str, Any], spec: dict[str, Any]) -> bool:
    """Whether hyperband or asha sets this parameter, whose bounds then count for little."""
    settings = (spec.get("algorithm") or {}).get("algorithmSettings") or []
    return {"name": "resource_name", "value": parameter["name"]} in settings
