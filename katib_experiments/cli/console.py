"""Where text for the user goes: colours on a terminal only, and never with NO_COLOR."""

from __future__ import annotations

import json
import sys

from rich.console import Console


def console(*, stderr: bool = False) -> Console:
    """A console on stdout or stderr that prints text as it is: no markup, no wrapping, no
    guessed colours. A pipe is wide enough for any table."""
    made = Console(stderr=stderr, markup=False, highlight=False, emoji=False, soft_wrap=True)
    if not made.is_terminal:
        made.width = 1000
    return made


def print_json(value: object) -> None:
    """``value`` as the one JSON document of stdout."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")


def short(text: str) -> str:
    """A number with four significant digits; any other text as it is."""
    try:
        value = float(text)
    except ValueError:
        return text
    return text if text.lstrip("-").isdigit() else f"{value:.4g}"


def duration(seconds: float) -> str:
    """``48 s``, ``3 min 20 s``, ``2 h 5 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
