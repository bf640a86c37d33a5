"""The map of two parameters, drawn: a table of colours for a grid, else a cloud of points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from katib_experiments.report.coordinates import Axis, Cell, Map
from katib_experiments.report.figures import Point, short
from katib_experiments.report.traces import (
    Figure,
    Json,
    View,
    axis_of,
    colours_of,
    framed,
    hover_text,
    label,
    rounded,
    rounded_all,
    scatter,
    star,
    ticks,
)


def _parameter_axis(along: Axis) -> Json:
    drawn = axis_of(along.name, log=along.log)
    if along.categories is not None:
        return drawn | ticks(along.categories)
    low, high = along.dimension.bounds
    return drawn | ({"dtick": 1} if along.log and high / low >= 100 else {})


def _place(along: Axis, point: Point) -> float | None:
    """A number, or the index of a category."""
    place = along.place(point.trial.assignments)
    if isinstance(place, str):
        return (along.categories or ()).index(place)
    return rounded(place)


def map_figure(chart: Map) -> Figure:
    """A table of colours where Trials share places, else a point for each."""
    title = (
        f"{chart.x.name} × {chart.y.name}"
        if chart.y
        else f"{chart.objective.metric} over {chart.x.name}"
    )
    figure = Figure("map", title, chart.sentence, height=380)
    if not chart.points:
        return figure
    return replace(figure, **(_table(chart) if chart.is_table else _cloud(chart)))


def _table(chart: Map) -> Json:
    assert chart.y is not None
    xs, ys = chart.x.categories or (), chart.y.categories or ()
    cells = {(cell.x, cell.y): cell for cell in chart.cells}
    rows = [[cells.get((x, y)) for x in xs] for y in ys]
    colours = colours_of(chart.objective, [cell.best for cell in chart.cells])
    colours["zmin"], colours["zmax"] = colours.pop("cmin"), colours.pop("cmax")
    best = [[rounded(cell.best) if cell else None for cell in row] for row in rows]
    mean = [[rounded(cell.mean) if cell else None for cell in row] for row in rows]
    trace = {
        "type": "heatmap",
        "x": list(range(len(xs))),
        "y": list(range(len(ys))),
        "z": best,
        "text": _printed(best),
        "texttemplate": "%{text}",
        "hovertext": [[_cell_hover(chart, cell) if cell else "" for cell in row] for row in rows],
        "hoverinfo": "text",
        "hoverongaps": False,
        "xgap": 2,
        "ygap": 2,
        **colours,
    }
    views = [
        View("Best of each cell", trace={"z": [best], "text": [_printed(best)]}),
        View("Mean", trace={"z": [mean], "text": [_printed(mean)]}),
    ]
    axes = [
        _parameter_axis(each) | {"showgrid": False, "showline": False, "ticks": ""}
        for each in (chart.x, chart.y)
    ]
    several = any(len(cell.trials) > 1 for cell in chart.cells)
    return {"data": [trace], "layout": framed(*axes), "views": views if several else ()}


def _printed(rows: Sequence[Sequence[float | None]]) -> list[list[str]]:
    return [["" if value is None else f"{value:.3g}" for value in row] for row in rows]


def _cell_hover(chart: Map, cell: Cell) -> str:
    assert chart.y is not None
    names = [label(name) for name in cell.trials[:5]]
    more = len(cell.trials) - len(names)
    return "<br>".join(
        [
            f"{label(chart.x.name, 40)} <b>{label(cell.x, 40)}</b>",
            f"{label(chart.y.name, 40)} <b>{label(cell.y, 40)}</b>",
            f"best {short(cell.best)}, mean {short(cell.mean)}",
            *names,
            *([f"and {more} more"] if more > 0 else []),
        ]
    )


def _cloud(chart: Map) -> Json:
    objective = chart.objective
    colours = colours_of(objective, [point.value for point in chart.points])
    hover = [hover_text(point, objective.metric) for point in chart.points]
    values = rounded_all([point.value for point in chart.points])
    x = [_place(chart.x, point) for point in chart.points]
    y = [_place(chart.y, point) for point in chart.points] if chart.y else values
    marker = {
        "size": 12 if len(x) <= 200 else 8,
        "color": values,
        "line": {"width": 1, "color": "var(--edge)"},
        **colours,
    }
    best = chart.points.index(chart.top[0])
    mark = star(x[best], y[best], hover[best])
    axis = _parameter_axis(chart.y) if chart.y else axis_of(objective.metric)
    order: Json = {
        "marker.color": [[point.number for point in chart.points]],
        "marker.cmin": 1,
        "marker.cmax": chart.points[-1].number,
        "marker.reversescale": False,
        "marker.colorbar.title.text": "order of Trials",
    }
    back = {
        "marker.color": [values],
        "marker.cmin": colours["cmin"],
        "marker.cmax": colours["cmax"],
        "marker.reversescale": colours["reversescale"],
        "marker.colorbar.title.text": colours["colorbar"]["title"]["text"],
    }
    return {
        "data": [scatter(x, y, hover, marker=marker), mark],
        "layout": framed(_parameter_axis(chart.x), axis),
        "views": [View("Objective", trace=back), View("Order of Trials", trace=order)],
    }
