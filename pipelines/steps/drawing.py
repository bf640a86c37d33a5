"""Small figures as SVG: no script, no package, readable in any viewer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

SIDE, LEFT, BOTTOM, TOP = 300, 76, 44, 12
BLUE, GREY = "#2563a8", "#8a94a0"
LEAST_DOT, LARGEST_DOT = 2, 8
UNIT = ("0", "0.5", "1")

Points = Sequence[tuple[float, float]]


def curve(points: Points, x: str, y: str) -> str:
    """Points of the unit square joined by a line, over its diagonal."""
    places = (_place(*point) for point in points)
    path = "M" + "L".join(f"{across:.1f} {down:.1f}" for across, down in places)
    line = f'<path d="{path}" fill="none" stroke="{BLUE}" stroke-width="2"/>'
    return _frame(_diagonal() + line, x, y, UNIT, UNIT)


def dots(points: Points, weights: Sequence[float], x: str, y: str) -> str:
    """Points of the unit square whose area is their share of all weights, over its diagonal."""
    total = sum(weights)
    marks = ""
    for point, weight in zip(points, weights, strict=True):
        across, down = _place(*point)
        radius = LEAST_DOT + LARGEST_DOT * math.sqrt(weight / total)
        marks += f'<circle cx="{across:.1f}" cy="{down:.1f}" r="{radius:.1f}" fill="{BLUE}"/>'
    return _frame(_diagonal() + marks, x, y, UNIT, UNIT)


def scatter(points: Points, x: str, y: str) -> str:
    """Points on one scale for both axes, over the diagonal, where both would be equal."""
    values = [value for point in points for value in point]
    low, high = min(values), max(values)
    width = (high - low) or 1.0
    marks = "".join(
        f'<circle cx="{across:.1f}" cy="{down:.1f}" r="2.5" fill="{BLUE}" fill-opacity="0.5"/>'
        for across, down in (_place((a - low) / width, (b - low) / width) for a, b in points)
    )
    ticks = [f"{value:.4g}" for value in (low, low + width / 2, low + width)]
    return _frame(_diagonal() + marks, x, y, ticks, ticks)


def _diagonal() -> str:
    (left, low), (right, high) = _place(0, 0), _place(1, 1)
    return f'<path d="M{left} {low}L{right} {high}" stroke="{GREY}" stroke-dasharray="4 4"/>'


def _place(x: float, y: float) -> tuple[float, float]:
    return LEFT + x * SIDE, TOP + (1 - y) * SIDE


def _frame(inside: str, x: str, y: str, across: Sequence[str], up: Sequence[str]) -> str:
    middle, width, height = SIDE / 2, LEFT + SIDE + 20, TOP + SIDE + BOTTOM
    labels = [
        words(LEFT + i * middle, TOP + SIDE + 18, text, "middle") for i, text in enumerate(across)
    ]
    labels += [
        words(LEFT - 6, TOP + SIDE - i * middle + 4, text, "end") for i, text in enumerate(up)
    ]
    labels.append(words(LEFT + middle, TOP + SIDE + 36, x, "middle"))
    turn = f' transform="rotate(-90 12 {TOP + middle})"'
    labels.append(words(12, TOP + middle, y, "middle", turn))
    box = (
        f'<rect x="{LEFT}" y="{TOP}" width="{SIDE}" height="{SIDE}" fill="none" stroke="#c5ccd3"/>'
    )
    return svg(box + inside + "".join(labels), width, height, f"{y} by {x}")


def svg(inside: str, width: float, height: float, label: str) -> str:
    """A figure of that size, in pixels, and what it shows for those who cannot see it."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" role="img" aria-label="{escape(label)}">'
        f"{inside}</svg>"
    )


def words(x: float, y: float, text: str, anchor: str, more: str = "") -> str:
    """A label that starts, ends or has its middle there."""
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" font-size="12" '
        f'fill="currentColor"{more}>{escape(text)}</text>'
    )
