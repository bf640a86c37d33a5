"""The command line of a Trial: :class:`.Settings` from flags, and the help for them."""

from __future__ import annotations

import contextlib
import difflib
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import Field
from typing import Any, TypeVar

from trial_image.conflicts import conflicts
from trial_image.rules import ANY, FUNCTION, rows, rule_of
from trial_image.settings import Settings, SettingsError

Rows = Mapping[str, Field[Any]]
Chosen = TypeVar("Chosen")


def parse(argv: Sequence[str]) -> Settings:
    """Settings from flags of the forms ``--name=value`` and ``--name value``.

    ``-`` and ``_`` in a name are the same, and an integer may be written ``64.0`` or ``1e3``,
    as some search algorithms do. Of a repeated flag the last one counts.

    Raises :class:`SettingsError` with every problem at once.
    """
    values, unknown, problems = read(rows(Settings), argv)
    settings = Settings(**values, hyperparameters=_hyperparameters(unknown))
    owns = settings.model or FUNCTION.holds(settings.dataset)
    problems += [
        no_such(flag, rows(Settings))
        for flag in unknown
        if not owns or flag[2:] not in settings.hyperparameters
    ]
    if problems := problems + conflicts(settings):
        raise SettingsError("\n".join(problems))
    return settings


def read(
    known_rows: Rows, argv: Sequence[str]
) -> tuple[dict[str, Any], dict[str, str | None], list[str]]:
    """Values by the name of their row, the flags of no row with their texts, and a line per value
    that breaks its rule."""
    known = {f"--{name}": row for name, row in known_rows.items()}
    values: dict[str, Any] = {}
    unknown: dict[str, str | None] = {}
    problems: list[str] = []
    for flag, text in _flags(argv):
        if flag not in known:
            unknown[flag] = text
            continue
        try:
            values[known[flag].name] = _value(known[flag], text)
        except (ValueError, KeyError):
            received = "no value" if text is None else f'"{text}"'
            problems.append(f"{flag}: received {received}: must be {rule_of(known[flag]).text}")
    return values, unknown, problems


def _hyperparameters(flags: Mapping[str, str | None]) -> dict[str, bool | int | float | str]:
    """Flags of the user's own by name; their texts as integers, numbers or booleans where they
    read so."""
    return {
        flag[2:]: _typed("true" if text is None else text)
        for flag, text in flags.items()
        if flag.startswith("--") and flag[2:].isidentifier()
    }


def _typed(text: str) -> bool | int | float | str:
    for kind in (bool, int, float):
        with contextlib.suppress(ValueError, KeyError):
            value: bool | int | float = (int if kind is int else _READERS[kind])(text)
            return value
    return text


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


def _value(row: Field[Any], text: str | None) -> object:
    kind = row.metadata["kind"]
    value = _READERS[kind](text if text is not None else "true" if kind is bool else "")
    if (text == "" and kind not in (str, tuple)) or not rule_of(row).holds(value):
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
    tuple: lambda text: tuple(map(_finite, text.split(","))) if text else (),
    bool: lambda text: {"true": True, "false": False}[text.lower()],
}


def no_such(flag: str, known_rows: Rows) -> str:
    close = difflib.get_close_matches(flag, [f"--{name}" for name in known_rows], n=1)
    return f"{flag}: no such flag; " + (f"did you mean {close[0]}?" if close else "see --help")


def usage() -> str:
    """The text of ``--help``."""
    return help_of(
        rows(Settings),
        "usage: python -m trial_image.train [--name=value …]",
        "Trains a Keras model and prints one line of metrics per epoch.",
    )


def help_of(known_rows: Rows, command: str, purpose: str) -> str:
    """Every row with its default and its rule."""
    lines = [command, "", purpose]
    for row in known_rows.values():
        if row.metadata["group"]:
            lines += ["", f"{row.metadata['group']}:"]
        rule = rule_of(row)
        limits = "" if rule is ANY else f"; {rule.text}"
        default = f"={default_of(row)}" if row.default is not None else ""
        lines += ["", f"  --{row.name}{default}", f"      {row.metadata['help']}{limits}"]
    return "\n".join(lines)


def default_of(row: Field[Any]) -> str:
    """A row's default as one would write it; empty where it is for the optimizer to choose."""
    if isinstance(row.default, tuple):
        return ",".join(map(str, row.default))
    if isinstance(row.default, bool):
        return str(row.default).lower()
    return "" if row.default is None else str(row.default)


def from_command_line(argv: Sequence[str]) -> Settings:
    """Settings, or the end of the process: with 0 after ``--help``, with 2 for wrong flags."""
    return settings_or_end(argv, parse, usage)


def settings_or_end(
    argv: Sequence[str], parse: Callable[[Sequence[str]], Chosen], usage: Callable[[], str]
) -> Chosen:
    if "--help" in argv:
        print(usage())  # noqa: T201
        sys.exit(0)
    try:
        return parse(argv)
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201
        sys.exit(2)
