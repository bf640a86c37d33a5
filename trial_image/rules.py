"""What a setting is, and the rules that its value must keep to."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import Field, dataclass, field, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Rule:
    """What a value must keep to: ``text`` completes the sentence "must be …"."""

    text: str
    holds: Callable[[Any], bool] = field(repr=False)


def one_of(choices: Sequence[str]) -> Rule:
    return Rule("one of " + ", ".join(choices), lambda value: value in choices)


def some_of(choices: Sequence[str]) -> Rule:
    return Rule(
        f"one or more of {', '.join(choices)}, with commas between",
        lambda value: bool(value) and set(value.split(",")) <= set(choices),
    )


def at_least(low: int) -> Rule:
    return Rule(f"an integer of at least {low}", lambda value: value >= low)


ANY = Rule("text", lambda _: True)
SWITCH = Rule("true or false", lambda _: True)
NUMBER = Rule("a number", lambda _: True)
POSITIVE = Rule("a number greater than 0", lambda value: value > 0)
NOT_NEGATIVE = Rule("a number of at least 0", lambda value: value >= 0)
SHARE = Rule("a number in [0, 1)", lambda value: 0 <= value < 1)
PROPER_SHARE = Rule("a number in (0, 1)", lambda value: 0 < value < 1)
SHARE_OF_ALL = Rule("a number in (0, 1]", lambda value: 0 < value <= 1)
RISING = Rule(
    "rising numbers greater than 0, with commas between",
    lambda values: all(low < high for low, high in zip((0, *values), values, strict=False)),
)
POSITIVES = Rule(
    "numbers greater than 0, with commas between",
    lambda values: len(values) > 0 and min(values) > 0,
)
SEED = Rule("an integer in [0, 4294967295]", lambda value: 0 <= value < 2**32)
FUNCTION = Rule(
    "package.module:function or path/to/file.py:function",
    lambda value: re.fullmatch(r"([\w.]+|.+\.py):\w+", value) is not None,
)


def setting(
    default: Any,  # noqa: ANN401
    rule: Rule,
    text: str,
    *,
    kind: type | None = None,
    group: str = "",
) -> Any:  # noqa: ANN401
    """A field of :class:`.Settings`.

    ``kind``: the type of its values; that of ``default`` unless the default is None, which means
    that the flag was not given. ``group``: the heading of this row and those after it.
    """
    metadata = {"rule": rule, "help": text, "kind": kind or type(default), "group": group}
    return field(default=default, metadata=metadata)


def rows(settings: type) -> dict[str, Field[Any]]:
    """The settings by name."""
    return {row.name: row for row in fields(settings) if "rule" in row.metadata}


def rule_of(row: Field[Any]) -> Rule:
    found: Rule = row.metadata["rule"]
    return found
