"""The figures as Plotly draws them: plain dicts of ``data`` and ``layout``.

They are rendered by plotly.js in the reader's browser, so nothing of Plotly is imported here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import median
from typing import Any

from katib_experiments.backend import Outcome
from katib_experiments.experiment.model import Objective, TrialCondition
from katib_experiments.report.coordinates import Coordinate, Parallel, parallel, trial_map
from katib_experiments.report.curves import Curve, Gaps, Panel, gaps, panels
from katib_experiments.report.figures import Progress, progress, short, wide
from katib_experiments.report.importance import Importance, importance
from katib_experiments.report.maps import map_figure
from katib_experiments.report.traces import (
    CLEAR,
    Figure,
    Json,
    View,
    axis_of,
    colours_of,
    dots,
    framed,
    hover_text,
    label,
    rounded,
    rounded_all,
    scatter,
    shortened,
    star,
    ticks,
    whole_numbers,
)

MOST_BARS = 15


def figures(outcome: Outcome) -> list[Figure]:
    """All figures of the report, in the order of its story."""
    objective = outcome.experiment.objective
    weights = importance(outcome)
    drawn = [
        progress_figure(progress(outcome), objective),
        importance_figure(weights),
    ]
    chart = trial_map(outcome, weights.ranked)
    if chart is not None:
        drawn.append(map_figure(chart))
    gap = gaps(outcome)
    if gap is not None:
        drawn.append(gap_figure(gap, objective))
    lines = parallel(outcome)
    if len(lines.coordinates) > 2:
        drawn.append(parallel_figure(lines, objective))
    return drawn + [curves_figure(panel, i) for i, panel in enumerate(panels(outcome))]


def progress_figure(seen: Progress, objective: Objective) -> Figure:
    """Objective over Trials, with the best so far and the goal."""
    figure = Figure("progress", "Objective over time", seen.sentence)
    if not seen.points:
        return figure
    numbers = [point.number for point in seen.points]
    data = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": "best so far",
            "x": [*numbers, seen.total],
            "y": rounded_all([*seen.best, seen.best[-1]]),
            "line": {"shape": "hv", "color": "var(--best)", "width": 2},
            "hoverinfo": "skip",
        },
        *_progress_points(seen, objective),
    ]
    y = axis_of(objective.metric, log=wide([point.value for point in seen.points]))
    layout = framed(whole_numbers("Trial", 0, seen.total + 1), y, showlegend=True)
    if seen.without_value:
        data.append(_progress_missing(seen))
        layout["yaxis"]["domain"] = [0.09, 1]
        layout["xaxis"]["anchor"] = "y2"
        layout["yaxis2"] = {
            "domain": [0, 0.05],
            "range": [-1, 1],
            "visible": False,
            "fixedrange": True,
        }
    if seen.goal is not None:
        data.append(_progress_goal(seen))
    return replace(figure, data=data, layout=layout, views=_halves(seen, y))


def _progress_points(seen: Progress, objective: Objective) -> list[Json]:
    traces = []
    for condition, name, symbol in (
        (TrialCondition.SUCCEEDED, "Trial", "circle"),
        (TrialCondition.EARLY_STOPPED, "stopped early", "circle-open"),
    ):
        group = [point for point in seen.points if point.trial.condition is condition]
        if group:
            trace = scatter(
                [point.number for point in group],
                rounded_all([point.value for point in group]),
                [hover_text(point, objective.metric) for point in group],
                name=name,
                marker=dots(len(seen.points), symbol=symbol),
            )
            traces.append(trace)
    best = next(point for point in seen.points if point.number == seen.best_number)
    mark = star(best.number, rounded(best.value), hover_text(best, objective.metric))
    return [*traces, mark]


def _progress_missing(seen: Progress) -> Json:
    return scatter(
        [number for number, _ in seen.without_value],
        [0] * len(seen.without_value),
        [f"<b>#{n} {label(t.name)}</b><br>{t.condition}" for n, t in seen.without_value],
        name="no objective",
        yaxis="y2",
        marker={"symbol": "x", "size": 7, "color": "var(--bad)"},
    )


def _progress_goal(seen: Progress) -> Json:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "goal",
        "x": [0, seen.total + 1],
        "y": [rounded(seen.goal)] * 2,
        "line": {"dash": "dash", "color": "var(--good)", "width": 1.5},
        "hoverinfo": "skip",
    }


def _halves(seen: Progress, y: Mapping[str, Any]) -> list[View]:
    """All Trials, or a close look at the better half."""
    values = [point.value for point in seen.points]
    middle, best = median(values), seen.best[-1]
    if len(values) < 8 or middle == best or y.get("type") == "log":
        return []
    margin = 0.08 * (best - middle)
    ends = sorted([middle - margin, best + margin])
    close = {"yaxis.range": rounded_all(ends), "yaxis.autorange": False}
    return [View("All Trials", layout={"yaxis.autorange": True}), View("Better half", layout=close)]


def importance_figure(weights: Importance) -> Figure:
    """A bar for each parameter."""
    shares = weights.shares[:MOST_BARS][::-1]
    title = "Which parameters matter"
    if not shares:
        return Figure("importance", title, weights.sentence)
    bars = {
        "type": "bar",
        "orientation": "h",
        "x": rounded_all([share for _, share in shares]),
        "y": list(range(len(shares))),
        "text": [f"{share:.0%}" for _, share in shares],
        "textposition": "outside",
        "cliponaxis": False,
        "marker": {"color": "var(--accent)"},
        "hoverinfo": "skip",
    }
    x = axis_of("Share of the explained variance") | {
        "tickformat": ".0%",
        "range": [0, 1.08],
        "dtick": 0.25,
    }
    y = ticks([name for name, _ in shares]) | {
        "showline": False,
        "ticks": "",
        "ticklabelstandoff": 6,
    }
    return Figure(
        "importance",
        title,
        weights.sentence,
        [bars],
        framed(x, y, bargap=0.45, margin={"l": 4, "r": 20, "t": 10, "b": 4}),
    )


def gap_figure(found: Gaps, objective: Objective) -> Figure:
    """The gap over the objective: good Trials that generalize are at zero, at the good end."""
    hover = [
        hover_text(point, objective.metric, f"gap {short(gap)}")
        for point, gap in zip(found.points, found.gaps, strict=True)
    ]
    x, y = rounded_all([point.value for point in found.points]), rounded_all(found.gaps)
    data = [scatter(x, y, hover, marker=dots(len(x)))]
    names = [point.trial.name for point in found.points]
    if found.best in names:
        i = names.index(found.best)
        data.append(star(x[i], y[i], hover[i]))
    zero = {"zeroline": True, "zerolinecolor": "var(--soft)", "zerolinewidth": 1}
    across = axis_of(objective.metric, log=wide([point.value for point in found.points]))
    layout = framed(across, axis_of(f"Gap in {found.name}") | zero)
    return Figure("gap", "Generalization gap", found.sentence, data, layout, height=380)


def parallel_figure(lines: Parallel, objective: Objective) -> Figure:
    """A line for each Trial across all parameters to the objective."""
    title = "All parameters at once"
    if not lines.points:
        return Figure("parallel", title, "No Trial has a finite objective yet.", full_width=True)
    values = [point.value for point in lines.points]
    trace = {
        "type": "parcoords",
        "dimensions": [_dimension(each) for each in lines.coordinates],
        "line": {"color": rounded_all(values), **colours_of(objective, values), "showscale": False},
        "labelfont": {"color": "var(--ink)", "size": 12},
        "tickfont": {"color": "var(--ink)", "size": 11},
        "rangefont": {"color": CLEAR, "size": 1},
        "unselected": {"line": {"color": "var(--line)", "opacity": 0.3}},
    }
    sentence = (
        f"Each line is one of {len(values)} Trials, stronger where it is better. Drag along an "
        "axis to keep the lines that pass there; drag its name to move it."
    )
    layout = framed({}, {}, margin={"l": 64, "r": 64, "t": 48, "b": 20})
    figure = Figure("parallel", title, sentence, [trace], layout, height=400, full_width=True)
    return replace(figure, least_width=112 * len(lines.coordinates))


def _dimension(along: Coordinate) -> Json:
    low, high = along.span
    if low == high:
        low, high = low - 0.5, high + 0.5
    drawn: Json = {
        "label": label(along.name, 16),
        "values": rounded_all(along.values),
        "range": [rounded(low), rounded(high)],
    }
    if along.ticks:
        drawn["tickvals"] = rounded_all([tick for tick, _ in along.ticks])
        # Plotly writes these as plain text, and would show an escape as it stands.
        drawn["ticktext"] = [shortened(written, 14) for _, written in along.ticks]
    return drawn


def curves_figure(panel: Panel, number: int) -> Figure:
    """Every Trial's curve; the best Trial's in front."""
    sides = ((panel.training, "training", "dot"), (panel.validation, "validation", "solid"))
    data = []
    for best in (False, True):
        for curves, side, dash in sides:
            chosen = [curve for curve in curves if (curve.trial.name == panel.best) is best]
            colour, width = ("best", 2.5) if best else (side, 1)
            line = {"color": f"var(--{colour})", "width": width, "dash": dash}
            if chosen:
                data.append(_lines(chosen, f"best, {side}" if best else side, line))
    stopped = [
        curve
        for curve in panel.validation or panel.training
        if curve.trial.condition is TrialCondition.EARLY_STOPPED
    ]
    if stopped:
        data.append(_ends(stopped))
    values = [v for c in (*panel.validation, *panel.training) for v in c.values if v is not None]
    y = axis_of(panel.name, log=wide(values))
    longest = max(len(curve.values) for curve in (*panel.validation, *panel.training))
    layout = framed(whole_numbers("Epoch", 0.8, longest + 0.2), y, showlegend=True)
    title = f"Learning curves: {panel.name}"
    return Figure(f"curves-{number}", title, panel.sentence, data, layout, height=380)


def _lines(curves: Sequence[Curve], name: str, line: Json) -> Json:
    """Many curves as one trace, which a browser draws a hundred times faster: a gap between each
    two of them."""
    x: list[int | None] = []
    y: list[float | None] = []
    labels: list[str] = []
    for curve in curves:
        x += [*range(1, len(curve.values) + 1), None]
        y += [*rounded_all(curve.values), None]
        labels += [label(curve.trial.name)] * (len(curve.values) + 1)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": x,
        "y": y,
        "text": labels,
        "hovertemplate": "<b>%{text}</b><br>epoch %{x}: %{y:.4g}<extra></extra>",
        "line": line,
        "connectgaps": False,
    }


def _ends(curves: Sequence[Curve]) -> Json:
    ends = [(len(curve.values), curve.values[-1]) for curve in curves]
    return scatter(
        [epoch for epoch, _ in ends],
        rounded_all([value for _, value in ends]),
        [f"<b>{label(curve.trial.name)}</b><br>stopped early" for curve in curves],
        name="stopped early",
        marker={"symbol": "circle-open", "size": 7, "color": "var(--bad)"},
    )
