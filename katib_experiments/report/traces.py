"""The parts that plots are made of: traces, axes, colours and labels, as plotly.js takes them.

A colour is written ``var(--name)`` and looked up in the page's style sheet when it is drawn, so
that light and dark differ in one place. Plotly reads labels as HTML: whatever a user wrote passes
through :func:`label`.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from katib_experiments.experiment.model import Objective, TrialCondition
from katib_experiments.report.figures import Point, readable, short, value_range

Json = dict[str, Any]

SCALE = [[i / 4, f"var(--scale-{i})"] for i in range(5)]
"""Worst to best."""
CLEAR = "rgba(0,0,0,0)"
AXIS = {
    "automargin": True,
    "gridcolor": "var(--grid)",
    "linecolor": "var(--line)",
    "zeroline": False,
    "showline": True,
    "ticks": "outside",
    "tickcolor": "var(--line)",
    "ticklen": 4,
}
FRAME = {
    "font": {"family": "system-ui, sans-serif", "size": 12, "color": "var(--soft)"},
    "paper_bgcolor": CLEAR,
    "plot_bgcolor": CLEAR,
    "margin": {"l": 4, "r": 8, "t": 10, "b": 4},
    "modebar": {"bgcolor": CLEAR, "color": "var(--soft)", "activecolor": "var(--ink)"},
    "hovermode": "closest",
    "hoverlabel": {
        "bgcolor": "var(--surface)",
        "bordercolor": "var(--line)",
        "font": {"color": "var(--ink)"},
        "align": "left",
    },
    "showlegend": False,
    "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
}


@dataclass(frozen=True)
class View:
    """One of several ways to look at a figure: what changes in its first trace and its layout."""

    label: str
    trace: Mapping[str, Any] = field(default_factory=dict)
    layout: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Figure:
    """A drawing with its title and one sentence on what it shows."""

    name: str
    """The element's id in the page."""
    title: str
    sentence: str
    data: Sequence[Json] = ()
    """Empty: there is nothing to draw, and the sentence says why."""
    layout: Mapping[str, Any] = field(default_factory=dict)
    views: Sequence[View] = ()
    height: int = 340
    """Pixels."""
    least_width: int = 0
    """Pixels; a narrower screen scrolls."""
    full_width: bool = False


def shortened(written: str, limit: int) -> str:
    """``written`` with its middle left out where it is longer than ``limit``."""
    if len(written) <= limit:
        return written
    return f"{written[: limit // 2]}…{written[-(limit // 2 - 1) :]}"


def label(written: str, limit: int = 80) -> str:
    """What a user wrote, shortened to ``limit`` and escaped for Plotly."""
    return html.escape(shortened(written, limit), quote=False)


def rounded(value: float | None) -> float | None:
    """Six significant digits: nobody sees more, and the file stays small."""
    return None if value is None else float(f"{value:.6g}")


def rounded_all(values: Sequence[float | None]) -> list[float | None]:
    return [rounded(value) for value in values]


def framed(x: Mapping[str, Any], y: Mapping[str, Any], **more: object) -> Json:
    """A layout with two axes; ``more`` goes over its defaults."""
    return {"xaxis": {**AXIS, **x}, "yaxis": {**AXIS, **y}, **FRAME, **more}


def axis_of(title: str, *, log: bool = False) -> Json:
    axis: Json = {"title": {"text": label(title, 40), "standoff": 8}}
    return axis | ({"type": "log", "tickformat": "~g", "nticks": 6} if log else {})


def whole_numbers(title: str, low: float, high: float) -> Json:
    """An axis of counted things."""
    axis = axis_of(title) | {"range": [low, high], "tickformat": "d"}
    return axis | ({"dtick": 1} if high - low <= 12 else {})


def ticks(categories: Sequence[str]) -> Json:
    """An axis with a category at each whole number: two that look alike stay apart."""
    return {
        "tickmode": "array",
        "tickvals": list(range(len(categories))),
        "ticktext": [label(category, 24) for category in categories],
        "range": [-0.5, len(categories) - 0.5],
    }


def hover_text(point: Point, metric: str, *notes: str) -> str:
    """The Trial's name, objective and parameters."""
    trial = point.trial
    lines = [
        f"<b>#{point.number} {label(trial.name)}</b>",
        f"{label(metric)} <b>{short(point.value)}</b>",
        *notes,
        *(f"{label(n, 40)} {label(readable(v), 40)}" for n, v in trial.assignments.items()),
    ]
    if trial.condition is TrialCondition.EARLY_STOPPED:
        lines.append("stopped early")
    return "<br>".join(lines)


def colours_of(objective: Objective, values: Sequence[float]) -> Json:
    """How the objective becomes a colour: for a marker, a heat map's cell or a line."""
    worst, best = value_range(objective, values)
    return {
        "colorscale": SCALE,
        "reversescale": not objective.maximize,
        "showscale": True,
        "colorbar": {
            "title": {"text": label(objective.metric, 30), "side": "right"},
            "thickness": 10,
            "outlinewidth": 0,
            "ticklen": 3,
            "xpad": 8,
            "len": 1,
        },
        "cmin": rounded(min(worst, best)),
        "cmax": rounded(max(worst, best)),
    }


def scatter(x: Sequence[object], y: Sequence[object], hover: Sequence[str], **more: object) -> Json:
    """Points that tell their ``hover`` text."""
    points = {"type": "scatter", "mode": "markers", "x": list(x), "y": list(y)}
    return points | {"hovertext": list(hover), "hoverinfo": "text"} | more


def dots(count: int, **style: object) -> Json:
    """A marker for each of ``count`` points: smaller and lighter where there are very many."""
    many = count > 200
    return {
        "size": 6 if many else 8,
        "opacity": 0.6 if many else 1,
        "color": "var(--accent)",
    } | style


def star(x: object, y: object, hover: str, **more: object) -> Json:
    """The best Trial's mark."""
    edge = {"width": 1.5, "color": "var(--surface)"}
    marker = {"symbol": "star", "size": 17, "color": "var(--best)", "line": edge}
    return scatter([x], [y], [hover], name="best", marker=marker, cliponaxis=False, **more)
