"""Fields and their types: those of an Experiment, and those of a Job down to its containers.

``schema.json`` beside the package is generated from the API's own models (see
``tests/experiment/generate_schema.py``), which are too slow to import for every validation.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

from katib_experiments.experiment.checks.findings import REQUIRED, Findings, closest
from katib_experiments.experiment.syntax import Data, join

_QUANTITY = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][-+]?[0-9]+)?")
_PLACEHOLDER = "${trialParameters."
_DROP = object()


@cache
def schema() -> dict[str, dict[str, str]]:
    path = Path(__file__).parents[1] / "schema.json"
    types: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
    return types


def typed(findings: Findings, value: Data, path: str, type_: str) -> Data:
    """``value`` with only what is of ``type_``; an error for everything that is not.

    Nulls are left out, as the API server does. A misspelt field is taken for the one it is nearest
    to, so that what is in it is checked all the same. Items of a list keep their places.
    """
    result = _typed(findings, value, path, type_)
    return _empty(type_) if result is _DROP else result


def _typed(findings: Findings, value: Data, path: str, type_: str) -> Data:
    if type_.startswith("[]"):
        return _list(findings, value, path, type_[2:])
    if type_.startswith("{}"):
        return _map(findings, value, path, type_[2:])
    if type_ in schema():
        return _object(findings, value, path, schema()[type_])
    if rule := _RULES[type_](value):
        findings.wrong_type(path, value, rule)
        return _DROP
    return int(value) if type_ == "integer" else value


def _list(findings: Findings, value: Data, path: str, item: str) -> Data:
    if not isinstance(value, list):
        findings.wrong_type(path, value, f"must be a list of {_noun(item, plural=True)}")
        return _DROP
    return [typed(findings, each, join(path, i), item) for i, each in enumerate(value)]


def _map(findings: Findings, value: Data, path: str, item: str) -> Data:
    if not isinstance(value, dict):
        findings.wrong_type(path, value, "must be a mapping")
        return _DROP
    results = {
        key: _typed(findings, each, join(path, key), item)
        for key, each in value.items()
        if each is not None
    }
    return {key: result for key, result in results.items() if result is not _DROP}


def _object(findings: Findings, value: Data, path: str, fields: dict[str, str]) -> Data:
    if not isinstance(value, dict):
        findings.wrong_type(path, value, "must be a mapping of fields")
        return _DROP
    result: dict[str, Data] = {}
    for key, each in value.items():
        name = key if key in fields else _misspelt(findings, join(path, key), key, each, fields)
        if name is None or each is None or (name != key and name in value):
            continue
        child = _typed(findings, each, join(path, key), fields[name].removesuffix("!"))
        if child is not _DROP:
            result[name] = child
    for name, type_ in fields.items():
        if type_.endswith("!") and name not in result and value.get(name) is None:
            findings.error(join(path, name), None, REQUIRED)
    return result


def _misspelt(
    findings: Findings, path: str, key: str, value: Data, fields: dict[str, str]
) -> str | None:
    """The field that an unknown ``key`` stands for, after an error; None for no such."""
    name = closest(key, fields)
    hint = f'; did you mean "{name}"?' if name else ""
    shown = value if isinstance(value, str | int | float) else None
    findings.error(path, shown, f"unknown field{hint}")
    return name


def _string(value: Data) -> str:
    if isinstance(value, str):
        return ""
    if isinstance(value, dict | list) or value is None:
        return "must be a string"
    if isinstance(value, bool):
        return "must be a string: put it in quotes; y, n, on and off mean true and false in YAML"
    return f'must be a string: put it in quotes, "{json.dumps(value)}"'


def _boolean(value: Data) -> str:
    return "" if isinstance(value, bool) else "must be true or false"


def _integer(value: Data) -> str:
    if not _is_number(value) or not _finite(value) or int(value) != value:
        quoted = isinstance(value, str) and re.fullmatch(r"\s*[-+]?\d+\s*", value)
        return "must be an integer" + (", without quotes" if quoted else "")
    return "" if abs(value) < 2**63 else "must be an integer of 64 bits"


def _number(value: Data) -> str:
    good = _is_number(value) and _finite(value)
    return "" if good else "must be a finite number, without quotes"


def _integer_or_string(value: Data) -> str:
    good = isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool))
    return "" if good else "must be an integer or a string"


def _quantity(value: Data) -> str:
    text = str(value) if isinstance(value, str) or _is_number(value) else ""
    if _QUANTITY.fullmatch(text):
        return ""
    word = " itself, and no trial parameter:" if _PLACEHOLDER in text else ","
    return f"must be a quantity{word} such as 2, 500m or 1Gi"


_RULES: dict[str, Callable[[Data], str]] = {
    "string": _string,
    "boolean": _boolean,
    "integer": _integer,
    "number": _number,
    "int-or-string": _integer_or_string,
    "quantity": _quantity,
    "any": lambda _: "",
}
"""Each says what is wrong with a value, or nothing."""


def _is_number(value: Data) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _finite(value: float) -> bool:
    """Also of an integer that is too large for any float."""
    return isinstance(value, int) or math.isfinite(value)


def _empty(type_: str) -> Data:
    """What stands in a list for an item of the wrong type."""
    if type_.startswith("[]"):
        return []
    return {} if type_.startswith("{}") or type_ in schema() else ""


def _noun(type_: str, *, plural: bool = False) -> str:
    noun = type_ if type_ in ("string", "integer", "number", "boolean") else "mapping"
    return noun + "s" * plural
