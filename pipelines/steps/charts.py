"""Figures of numbers with axes, as SVG: lines, dots and ranges, several series in one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipelines.steps.drawing import svg, words

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 430, 250, 64, 44, 12, 160
COLORS = ("#2563a8", "#c2571a", "#2e8b57", "#8e5aa8", "#b8860b", "#7a828c")
LINE = "#c5ccd3"

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Axis:
    """Numbers from ``low`` to ``high`` on one side of a figure."""

    name: str
    low: float
    high: float
    log: bool = False

    @classmethod
    def around(cls, name: str, values: Sequence[float], *, log: bool = False) -> Axis:
        """With a little room on either side of the values, of which one must be there."""
        low, high = min(values), max(values)
        if log:
            room = (high / low) ** 0.04 if high > low else 2.0
            return cls(name, low / room, high * room, log=True)
        room = (high - low) * 0.05 or abs(high) * 0.1 or 1.0
        return cls(name, low - room, high + room)

    def share(self, value: float) -> float:
        """How far along the axis the value is, from 0 to 1."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    @property
    def ticks(self) -> list[float]:
        """Round numbers, about five of them on an axis that is not logarithmic."""
        if self.log:
            first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
            factors = (1, 2, 5) if last - first <= 3 else (1,)
            numbers = [f * 10.0**power for power in range(first, last + 1) for f in factors]
            return [each for each in numbers if self.low <= each <= self.high]
        rough = (self.high - self.low) / 5
        unit = 10 ** math.floor(math.log10(rough))
        step = min((1, 2, 5, 10), key=lambda factor: abs(factor * unit - rough)) * unit
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        return [round(number * step, 12) for number in range(first, last + 1)]


def lines(series: Mapping[str, Points], x: Axis, y: Axis) -> str:
    """A line per series with a dot at its end, the names beside; what lies above or below is drawn
    at the edge. The longest comes first, so that a shorter one that goes the same way is seen."""
    drawn = ""
    colored = list(zip(_colors(len(series)), series.values(), strict=True))
    for color, points in sorted(colored, key=lambda each: -len(each[1])):
        places = [_place(x, y, *point) for point in points]
        path = "M" + "L".join(f"{across:.1f} {down:.1f}" for across, down in places)
        drawn += f'<path d="{path}" fill="none" stroke="{color}" stroke-width="1.8"/>'
        drawn += _dot(places[-1], color)
    return _frame(drawn, x, y, list(series))


def dots(
    points: Points, x: Axis, y: Axis, *, line: Points = (), shades: Sequence[float] = ()
) -> str:
    """Points, each as strong as its share of 1, and a line through others, such as their means."""
    places = [_place(x, y, *point) for point in line]
    path = "M" + "L".join(f"{across:.1f} {down:.1f}" for across, down in places)
    drawn = f'<path d="{path}" fill="none" stroke="{COLORS[-1]}" stroke-dasharray="4 4"/>'
    marks = "".join(
        _dot(_place(x, y, *point), COLORS[0], shade)
        for point, shade in zip(points, shades or [1.0] * len(points), strict=True)
    )
    return _frame((drawn if places else "") + marks, x, y, [])


def ranges(rows: Mapping[str, tuple[float, float, float, str]], x: Axis) -> str:
    """A row per name: a line over three values, dots at the first and the second, and a text."""
    drawn, height, left = "", 26, 340
    for number, (name, (*values, text)) in enumerate(rows.items()):
        down = TOP + (number + 0.5) * height
        first, middle, last = (left + x.share(value) * WIDTH for value in values)
        drawn += (
            f'<path d="M{first:.1f} {down}H{last:.1f}" stroke="{COLORS[0]}" stroke-width="5" '
            f'stroke-opacity="0.3"/>{_dot((first, down), COLORS[0])}'
            f"{_dot((middle, down), COLORS[-1])}{words(left - 10, down + 4, name, 'end')}"
            f"{words(left + WIDTH + 12, down + 4, text, 'start')}"
        )
    bottom = TOP + len(rows) * height
    grid = ""
    for tick in x.ticks:
        across = left + x.share(tick) * WIDTH
        grid += f'<path d="M{across:.1f} {TOP}V{bottom}" stroke="{LINE}" opacity="0.5"/>'
        grid += words(across, bottom + 18, f"{tick:g}", "middle")
    grid += words(left + WIDTH / 2, bottom + 37, x.name, "middle")
    return svg(grid + drawn, left + WIDTH + 90, bottom + BOTTOM, x.name)


def _colors(count: int) -> list[str]:
    return [COLORS[number % len(COLORS)] for number in range(count)]


def _place(x: Axis, y: Axis, across: float, up: float) -> tuple[float, float]:
    height = min(1.0, max(0.0, y.share(up)))
    return LEFT + x.share(across) * WIDTH, TOP + (1 - height) * HEIGHT


def _dot(place: tuple[float, float], color: str, shade: float = 1.0) -> str:
    across, down = place
    return (
        f'<circle cx="{across:.1f}" cy="{down:.1f}" r="3.5" fill="{color}" '
        f'fill-opacity="{shade:.2f}"/>'
    )


def _frame(inside: str, x: Axis, y: Axis, names: Sequence[str]) -> str:
    drawn = ""
    for tick in x.ticks:
        across = LEFT + x.share(tick) * WIDTH
        drawn += f'<path d="M{across:.1f} {TOP}V{TOP + HEIGHT}" stroke="{LINE}" opacity="0.5"/>'
        drawn += words(across, TOP + HEIGHT + 18, f"{tick:g}", "middle")
    for tick in y.ticks:
        down = TOP + (1 - y.share(tick)) * HEIGHT
        drawn += f'<path d="M{LEFT} {down:.1f}H{LEFT + WIDTH}" stroke="{LINE}" opacity="0.5"/>'
        drawn += words(LEFT - 7, down + 4, f"{tick:g}", "end")
    drawn += words(LEFT + WIDTH / 2, TOP + HEIGHT + 37, x.name, "middle")
    turn = f' transform="rotate(-90 12 {TOP + HEIGHT / 2})"'
    drawn += words(12, TOP + HEIGHT / 2, y.name, "middle", turn)
    for number, (name, color) in enumerate(zip(names, _colors(len(names)), strict=True)):
        down = TOP + 12 + number * 20
        drawn += f'<path d="M{LEFT + WIDTH + 12} {down}h18" stroke="{color}" stroke-width="3"/>'
        drawn += words(LEFT + WIDTH + 36, down + 4, name, "start")
    width = LEFT + WIDTH + (RIGHT if names else 20)
    return svg(drawn + inside, width, TOP + HEIGHT + BOTTOM, f"{y.name} by {x.name}")
