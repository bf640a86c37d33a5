"""One page about the techniques of the lecture: what each did, and how much it matters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from statistics import fmean

from pipelines.steps import charts
from pipelines.steps.charts import Axis
from pipelines.steps.history import Curve, History, PastTrial
from pipelines.steps.pages import page
from pipelines.steps.tables import number, table
from pipelines.steps.techniques import TECHNIQUES, Technique

ACCURACY = "val_accuracy"
SEED = "seed"
"""Trials that differ in nothing else are one setting."""
LEAST_ERROR = 0.001
"""Where nothing is wrong, for an axis that has no zero."""

Histories = Mapping[str, History]
Setting = tuple[str, ...]


def compared(histories: Histories, data: str) -> str:
    """The page. ``histories`` by the technique's name; ``data`` is what they all learned from."""
    known = [each for each in TECHNIQUES if each.name in histories]
    rows = {each.title: row for each in known if (row := _errors(each, histories[each.name]))}
    values = [value for low, _, high, _ in rows.values() for value in (low, high)]
    x = Axis.around("share of the validation part that is wrong", values or [1.0], log=True)
    body = [
        "<h2>How much each knob matters</h2>",
        "<p>From the best setting of a technique (blue) over the one in the middle (grey) to its "
        "worst. A setting counts with the mean of its seeds. Of many settings the best one "
        "flatters a little: judge the final model by the test part.</p>",
        charts.ranges(rows, x) if rows else "",
        *(_section(each, histories[each.name]) for each in known),
    ]
    trials = sum(len(history.trials) for history in histories.values())
    return page("One technique after the other", f"{data}; {trials} Trials", "\n".join(body))


def _errors(technique: Technique, history: History) -> tuple[float, float, float, str] | None:
    """Shares of wrong answers: the least, the middle and the most; and the best accuracy."""
    means = sorted(_means(history).values(), reverse=True)
    if technique.objective != ACCURACY or not means:
        return None
    best, middle, worst = (
        max(1 - each, LEAST_ERROR) for each in (means[0], means[len(means) // 2], means[-1])
    )
    return best, middle, worst, f"{means[0]:.1%} right"


def summary(histories: Histories) -> str:
    """In Markdown: each technique with its best setting."""
    rows = []
    for each in TECHNIQUES:
        history = histories.get(each.name)
        best = best_setting(history) if history and each.objective == ACCURACY else None
        if history and best:
            rows.append((each.title, len(history.trials), number(best[1]), _said(history, best[0])))
    header = ["technique", "Trials", ACCURACY, "with"]
    return f"# One technique after the other\n\n{table(header, rows)}"


def _said(history: History, setting: Setting) -> str:
    pairs = zip(_keys(history), setting, strict=True)
    return ", ".join(f"{name} {_short(text)}" for name, text in pairs)


def _short(text: str) -> str:
    word, value, _ = _order(text)
    return text if word else f"{value:.4g}"


def settings(history: History, keys: Sequence[str] | None = None) -> dict[Setting, list[PastTrial]]:
    """The Trials by their values of ``keys``, by default all but the seed, in numeric order."""
    names = _keys(history) if keys is None else keys
    found: dict[Setting, list[PastTrial]] = {}
    for trial in history.valued:
        found.setdefault(tuple(trial.parameters[name] for name in names), []).append(trial)
    return dict(sorted(found.items(), key=lambda item: [_order(text) for text in item[0]]))


def best_setting(history: History) -> tuple[Setting, float] | None:
    """The setting with the best mean over its seeds; None where no Trial has a value."""
    means = _means(history)
    if not means:
        return None
    best = (max if history.maximize else min)(means, key=lambda setting: means[setting])
    return best, means[best]


def _means(history: History) -> dict[Setting, float]:
    return {
        setting: fmean(history.value(trial) for trial in trials)
        for setting, trials in settings(history).items()
    }


def _keys(history: History) -> list[str]:
    return [name for name in history.parameters if name != SEED]


def _order(text: str) -> tuple[bool, float, str]:
    """Numbers by size, then words."""
    try:
        return False, float(text), ""
    except ValueError:
        return True, 0.0, text


def _section(technique: Technique, history: History) -> str:
    best = best_setting(history)
    figure = _PICTURES[technique.picture](history) if best else "<p>No Trial has a value.</p>"
    said = f"{len(history.trials)} Trials, {history.algorithm}."
    if best and technique.objective == ACCURACY:
        said += f" Best {ACCURACY}: {best[1]:.4g} with {_said(history, best[0])}."
    return (
        f"<h2>{escape(technique.title)}</h2><p>{escape(technique.lesson)}</p>{figure}"
        f'<p class="soft">{escape(said)}</p>'
    )


def _curves(history: History) -> str:
    """The loss over the epochs: a line per value of the first parameter, the mean of its seeds."""
    series = {
        setting[0]: mean_curve([trial.curves.get("val_loss", ()) for trial in trials])
        for setting, trials in settings(history).items()
    }
    drawn = {name: points for name, points in series.items() if points}
    if not drawn:
        return _dots(history)
    every = [point for points in drawn.values() for point in points]
    x = Axis.around(f"epoch; one line per {history.parameters[0]}", [epoch for epoch, _ in every])
    return charts.lines(drawn, x, Axis.around("val_loss", [loss for _, loss in every], log=True))


def mean_curve(curves: Sequence[Curve]) -> list[tuple[float, float]]:
    """Epoch and mean, as far as all of them go: the mean of those that are left would fall where
    a bad one ends."""
    points = []
    for epoch, values in enumerate(zip(*filter(None, curves), strict=False), start=1):
        if finite := [value for value in values if value is not None and value > 0]:
            points.append((float(epoch), fmean(finite)))
    return points


def _dots(history: History) -> str:
    """The objective over the first parameter: by its size, or word beside word."""
    name = history.parameters[0]
    found = settings(history, [name])
    words = any(_order(text)[0] for (text,) in found)
    places = {text: float(number) if words else float(text) for number, (text,) in enumerate(found)}
    points = [
        (places[text], history.value(trial))
        for (text,), trials in found.items()
        for trial in trials
    ]
    means = [
        (places[text], fmean(history.value(trial) for trial in trials))
        for (text,), trials in found.items()
    ]
    across = list(places.values())
    label = f"{name}: {', '.join(places)}" if words else name
    log = min(across) > 0 and max(across) / min(across) > 10
    y = Axis.around(history.objective, [up for _, up in points])
    return charts.dots(points, Axis.around(label, across, log=log), y, line=means)


def _points(history: History) -> str:
    """The objective over the first parameter; the darker a dot, the later it was drawn."""
    name = history.parameters[0]
    ordered = [trial for trial in history.trials if history.objective in trial.metrics]
    points = [(float(trial.parameters[name]), history.value(trial)) for trial in ordered]
    shades = [0.25 + 0.75 * number / len(points) for number in range(1, len(points) + 1)]
    x = Axis.around(f"{name}; later Trials are darker", [each for each, _ in points], log=True)
    y = Axis.around(history.objective, [value for _, value in points])
    return charts.dots(points, x, y, shades=shades)


def _table(history: History) -> str:
    """The best objective under two parameters; the darker a cell, the better."""
    down, across = history.parameters[:2]
    cells = {
        setting: (history.value(trials[0]), len(trials))
        for setting, trials in settings(history, (down, across)).items()
    }
    values = [value for value, _ in cells.values()]
    rows, columns = (sorted({setting[i] for setting in cells}, key=_order) for i in (0, 1))
    head = "".join(f"<th>{escape(text)}</th>" for text in columns)
    body = ""
    for row in rows:
        line = "".join(
            _cell(cells.get((row, column)), min(values), max(values)) for column in columns
        )
        body += f"<tr><th>{escape(row)}</th>{line}</tr>"
    corner = f"{escape(down)} ↓ &nbsp; {escape(across)} →"
    return f'<div class="scroll"><table><tr><th>{corner}</th>{head}</tr>{body}</table></div>'


def _cell(found: tuple[float, int] | None, low: float, high: float) -> str:
    if found is None:
        return "<td></td>"
    value, trials = found
    share = (value - low) / (high - low) if high > low else 1.0
    more = f" <small>of {trials}</small>" if trials > 1 else ""
    return f'<td style="background: rgb(37 99 168 / {0.65 * share:.2f})">{value:.3f}{more}</td>'


def _range(history: History) -> str:
    """The smoothed loss over the rising rate."""
    series = {}
    for setting, trials in settings(history).items():
        found = trials[0].curves
        pairs = zip(found.get("learning_rate", ()), found.get("smoothed_loss", ()), strict=False)
        points = [(rate, loss) for rate, loss in pairs if rate is not None and loss is not None]
        if points:
            series[f"{setting[0]}: {history.value(trials[0]):.2g}"] = points
    if not series:
        return _dots(history)
    every = [point for points in series.values() for point in points]
    start = max(points[0][1] for points in series.values())
    x = Axis.around("learning rate", [across for across, _ in every], log=True)
    return charts.lines(series, x, Axis("smoothed loss", 0, 1.6 * start))


_PICTURES: Mapping[str, Callable[[History], str]] = {
    "curves": _curves,
    "dots": _dots,
    "points": _points,
    "table": _table,
    "range": _range,
}
