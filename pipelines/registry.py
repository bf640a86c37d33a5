"""The pipelines by name, and their parameters as flags."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

NAMES = ("automl", "tune", "lecture")


def _text(text: str) -> str:
    return Path(text[1:]).read_text(encoding="utf-8") if text.startswith("@") else text


def _typed(text: str, kind: type) -> Any:  # noqa: ANN401
    value = json.loads(text)
    if not isinstance(value, kind):
        raise ValueError(text)
    return value


_READERS: Mapping[str, Callable[[str], Any]] = {
    "String": _text,
    "Integer": int,
    "Float": float,
    "Boolean": lambda text: {"true": True, "false": False}[text.lower()],
    "Dict": lambda text: _typed(text, dict),
    "List": lambda text: _typed(text, list),
}
_RULES = {
    "String": "a text, or @ and the path of a file to read",
    "Integer": "an integer",
    "Float": "a number",
    "Boolean": "true or false",
    "Dict": "a JSON object",
    "List": "a JSON list",
}


class ArgumentsError(Exception):
    """The flags are wrong; the text has one line per problem."""


def pipeline(name: str) -> Any:  # noqa: ANN401 - KFP has no types
    """The pipeline of that name; it takes KFP a second or two to import."""
    return getattr(import_module(f"pipelines.{name}"), name)


def arguments(name: str, flags: Sequence[str]) -> dict[str, Any]:
    """Values for the pipeline's parameters from ``--name=value``; ``-`` is as good as ``_``, and
    ``@file`` stands for the text of a file.

    Raises :class:`ArgumentsError` with every problem at once.
    """
    inputs = pipeline(name).component_spec.inputs
    values: dict[str, Any] = {}
    problems = []
    for flag in flags:
        key, equals, text = flag.removeprefix("--").partition("=")
        key = key.replace("-", "_")
        if key not in inputs or not flag.startswith("--"):
            problems.append(f"{flag}: {name} has the parameters {', '.join(inputs)}")
            continue
        kind = inputs[key].type
        try:
            if not equals:
                raise ValueError(flag)
            values[key] = _READERS[kind](text)
        except (OSError, ValueError, KeyError):
            received = f'"{text}"' if equals else "no value"
            problems.append(f"--{key}: received {received}: must be {_RULES[kind]}, as --{key}=…")
    if problems:
        raise ArgumentsError("\n".join(problems))
    return values


def parameters_help(name: str) -> str:
    """Every parameter of the pipeline with its default."""
    lines = []
    for key, each in pipeline(name).component_spec.inputs.items():
        default = each.default if each.type == "String" else json.dumps(each.default)
        lines.append(f"  --{key}={default}\n      {each.description}")
    return "\n".join(lines)
