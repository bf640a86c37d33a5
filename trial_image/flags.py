"""The command line of a Trial: :class:`.Settings` from flags, and the help for them."""

from __future__ import annotations

import difflib
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import Field, fields
from typing import Any

from trial_image.rules import ANY, Rule
from trial_image.settings import IDX_DATASETS, Settings, SettingsError


def parse(argv: Sequence[str]) -> Settings:
    """Settings from flags of the forms ``--name=value`` and ``--name value``.

    ``-`` and ``_`` in a name are the same, and an integer may be written ``64.0`` or ``1e3``,
    as some search algorithms do. Of a repeated flag the last one counts.

    Raises :class:`SettingsError` with every problem at once.
    """
    rows = {f"--{row.name}": row for row in fields(Settings)}
    values: dict[str, Any] = {}
    problems: list[str] = []
    for flag, text in _flags(argv):
        if flag not in rows:
            problems.append(_unknown(flag, list(rows)))
            continue
        try:
            values[rows[flag].name] = _value(rows[flag], text)
        except (ValueError, KeyError):
            received = "no value" if text is None else f'"{text}"'
            problems.append(f"{flag}: received {received}: must be {_rule(rows[flag]).text}")
    settings = Settings(**values)
    if problems := problems + _unused(settings):
        raise SettingsError("\n".join(problems))
    return settings


def _flags(argv: Sequence[str]) -> list[tuple[str, str | None]]:
    """(flag, text) pairs; a text that belongs to no flag stands in a flag's place."""
    flags: list[tuple[str, str | None]] = []
    wants_text = False
    for argument in argv:
        if wants_text and not argument.startswith("--"):
            flags[-1] = (flags[-1][0], argument)
            wants_text = False
            continue
        flag, equals, text = argument.partition("=")
        flags.append((flag.replace("-", "_").replace("__", "--", 1), text if equals else None))
        wants_text = argument.startswith("--") and not equals
    return flags


def _unused(settings: Settings) -> list[str]:
    """Settings that the chosen dataset would ignore in silence."""
    kind = settings.dataset.rpartition(".")[2]
    readers = {"data_dir": IDX_DATASETS, "target": ("csv",), "task": ("csv", "npz")}
    given = ((name, getattr(settings, name)) for name in readers)
    return [
        f'--{name}: received "{value}": is for --dataset of {" or ".join(readers[name])} alone'
        for name, value in given
        if value != getattr(Settings(), name) and kind not in readers[name]
    ]


def _rule(row: Field[Any]) -> Rule:
    rule: Rule = row.metadata["rule"]
    return rule


def _value(row: Field[Any], text: str | None) -> object:
    kind = type(row.default)
    value = _READERS[kind](text if text is not None else "true" if kind is bool else "")
    if (text == "" and kind is not str) or not _rule(row).holds(value):
        raise ValueError(text)
    return value


def _finite(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise ValueError(text)
    return value


def _integer(text: str) -> int:
    if text.isdigit():
        return int(text)
    if not (value := float(text)).is_integer():
        raise ValueError(text)
    return int(value)


_READERS: dict[type, Callable[[str], Any]] = {
    str: str,
    float: _finite,
    int: _integer,
    bool: lambda text: {"true": True, "false": False}[text.lower()],
}


def _unknown(flag: str, known: list[str]) -> str:
    close = difflib.get_close_matches(flag, known, n=1)
    return f"{flag}: no such flag; " + (f"did you mean {close[0]}?" if close else "see --help")


def usage() -> str:
    """The text of ``--help``."""
    lines = [
        "usage: python -m trial_image.train [--name=value …]",
        "",
        "Trains a Keras model and prints one line of metrics per epoch.",
    ]
    for row in fields(Settings):
        default = str(row.default).lower() if isinstance(row.default, bool) else row.default
        rule = _rule(row)
        limits = "" if rule is ANY else f"; {rule.text}"
        lines += ["", f"  --{row.name}={default}", f"      {row.metadata['help']}{limits}"]
    return "\n".join(lines)


def from_command_line(argv: Sequence[str]) -> Settings:
    """Settings, or the end of the process: with 0 after ``--help``, with 2 for wrong flags."""
    if "--help" in argv:
        print(usage())  # noqa: T201
        sys.exit(0)
    try:
        return parse(argv)
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201
        sys.exit(2)
