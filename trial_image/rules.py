"""What a setting is, and the rules that its value must keep to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Rule:
    """What a value must keep to: ``text`` completes the sentence "must be …"."""

    text: str
    holds: Callable[[Any], bool] = field(repr=False)


def one_of(choices: Sequence[str]) -> Rule:
    return Rule("one of " + ", ".join(choices), lambda value: value in choices)


def at_least(low: int) -> Rule:
    return Rule(f"an integer of at least {low}", lambda value: value >= low)


ANY = Rule("text", lambda _: True)
SWITCH = Rule("true or false", lambda _: True)
POSITIVE = Rule("a number greater than 0", lambda value: value > 0)
SHARE = Rule("a number in [0, 1)", lambda value: 0 <= value < 1)
PROPER_SHARE = Rule("a number in (0, 1)", lambda value: 0 < value < 1)
SEED = Rule("an integer in [0, 4294967295]", lambda value: 0 <= value < 2**32)


def setting(default: Any, rule: Rule, text: str) -> Any:  # noqa: ANN401
    """A field of :class:`Settings`; the type of ``default`` is that of its values."""
    return field(default=default, metadata={"rule": rule, "help": text})
