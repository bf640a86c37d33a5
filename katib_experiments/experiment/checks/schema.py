"""Fields and their types: those of an Experiment, and those of a Job down to its containers.

``schema.json`` beside the package is generated from the API's own models (see
``tests/experiment/generate_schema.py``), which are too slow to import for every validation.
"""

from __future__ import annotations

import json
import math
import re
from functools import cache
from pathlib import Path
from typing import Any

from katib_experiments.experiment.checks.findings import REQUIRED, Findings, closest
from katib_experiments.experiment.syntax import join

_QUANTITY = re.compile(
    r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][-+]?[0-9]+)?"
)
_PLACEHOLDER = "${trialParameters."
_DROP = object()


@cache
def schema() -> dict[str, dict[str, str]]:
    path = Path(__file__).parents[1] / "schema.json"
    types: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
    return types


def typed(findings: Findings, value: Any, path: str, type_: str) -> Any:
    """``value`` with only what is of ``type_``; an error for everything that is not.

    Nulls are left out, as the API server does. A misspelt field is taken for the one it is nearest
    to, so that what is in it is checked all the same. Items of a list keep their places.
    """
    result = _typed(findings, value, path, type_)
    return _empty(type_) if result is _DROP else result


def _typed(findings: Findings, value: Any, path: str, type_: str) -> Any:
    if type_.startswith("[]"):
        return _list(findings, value, path, type_[2:])
    if type_.startswith("{}"):
        return _map(findings, value, path, type_[2:])
    if type_ in schema():
        return _object(findings, value, path, schema()[type_])
    rule = _scalar_rule(value, type_)
    if rule:
        findings.wrong_type(path, value, rule)
        return _DROP
    return int(value) if type_ == "integer" else value


def _list(findings: Findings, value: Any, path: str, item: str) -> Any:
    if not isinstance(value, list):
        findings.wrong_type(path, value, f"must be a list of {_noun(item, plural=True)}")
        return _DROP
    return [typed(findings, each, join(path, i), item) for i, each in enumerate(value)]


def _map(findings: Findings, value: Any, path: str, item: str) -> Any:
    if not isinstance(value, dict):
        findings.wrong_type(path, value, "must be a mapping")
        return _DROP
    results = {
        key: _typed(findings, each, join(path, key), item)
        for key, each in value.items()
        if each is not None
    }
    return {key: result for key, result in results.items() if result is not _DROP}


def _object(findings: Findings, value: Any, path: str, fields: dict[str, str]) -> Any:
    if not isinstance(value, dict):
        findings.wrong_type(path, value, "must be a mapping of fields")
        return _DROP
    result: dict[str, Any] = {}
    for key, each in value.items():
        name = key if key in fields else _misspelt(findings, key, each, path, value, fields)
        if name is None or each is None:
            continue
        child = _typed(findings, each, join(path, key), fields[name].removesuffix("!"))
        if child is not _DROP:
            result[name] = child
    for name, type_ in fields.items():
        if type_.endswith("!") and name not in result:
            child_path = join(path, name)
            if name not in value or value[name] is None:
                findings.error(child_path, None, REQUIRED)
    return result


def _misspelt(
    findings: Findings, key: str, each: Any, path: str, value: dict[str, Any], fields: dict[str, str]
) -> str | None:
    """The field that an unknown ``key`` stands for, after an error; None for no such."""
    name = closest(key, fields)
    hint = f'; did you mean "{name}"?' if name else ""
    shown = each if isinstance(each, str | int | float) else None
    findings.error(join(path, key), shown, f"unknown field{hint}")
    return name if name not in value else None


def _scalar_rule(value: Any, type_: str) -> str:
    """What is wrong with ``value`` as a ``type_``; empty where nothing is."""
    boolean = isinstance(value, bool)
    number = isinstance(value, int | float) and not boolean
    if type_ == "string":
        return "" if isinstance(value, str) else _string_rule(value)
    if type_ == "boolean":
        return "" if boolean else "must be true or false"
    if type_ == "integer":
        return _integer_rule(value, number)
    if type_ == "number":
        return "" if number and _finite(value) else "must be a finite number, without quotes"
    if type_ == "int-or-string":
        whole = number and isinstance(value, int)
        return "" if whole or isinstance(value, str) else "must be an integer or a string"
    if type_ == "quantity":
        text = str(value) if number or isinstance(value, str) else ""
        good = _QUANTITY.fullmatch(text) or _PLACEHOLDER in text
        return "" if good else "must be a quantity, such as 2, 500m or 1Gi"
    return ""


def _string_rule(value: Any) -> str:
    if isinstance(value, dict | list) or value is None:
        return "must be a string"
    return f'must be a string: put it in quotes, "{json.dumps(value)}"'


def _integer_rule(value: Any, number: bool) -> str:
    if not number or not _finite(value) or int(value) != value:
        quoted = isinstance(value, str) and re.fullmatch(r"\s*[-+]?\d+\s*", value)
        return "must be an integer" + (", without quotes" if quoted else "")
    return "" if abs(value) < 2**63 else "must be an integer of 64 bits"


def _finite(value: float) -> bool:
    return isinstance(value, int) or math.isfinite(value)


def _empty(type_: str) -> Any:
    """What stands in a list for an item of the wrong type."""
    if type_.startswith("[]"):
        return []
    return {} if type_.startswith("{}") or type_ in schema() else ""


def _noun(type_: str, *, plural: bool = False) -> str:
    noun = type_ if type_ in ("string", "integer", "number", "boolean") else "mapping"
    return noun + "s" * plural
