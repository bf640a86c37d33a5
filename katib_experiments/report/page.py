"""The report's page: headline, best Trial, figures, table, document, in one HTML text.

Whatever came from a user passes through :func:`html.escape`, or is JSON without ``<``. The page
names no address, and its content security policy forbids the browser to ask for anything.
"""

from __future__ import annotations

import html
import json
import time
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, distribution, version
from itertools import groupby
from pathlib import Path

from katib_experiments.backend import Outcome
from katib_experiments.experiment.document import dumps
from katib_experiments.experiment.model import AlgorithmSpec
from katib_experiments.report.figures import (
    best_point,
    command,
    duration,
    headline,
    readable,
    short,
)
from katib_experiments.report.plots import figures
from katib_experiments.report.table import badge, table
from katib_experiments.report.traces import Figure

POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; "
    "img-src data: blob:"
)
"""Plotly compiles its WebGL drawing (parallel coordinates), hence ``unsafe-eval``."""


def page(outcome: Outcome, written: float | None = None) -> str:
    """The whole file. ``written`` is the time to print, in seconds since the epoch; now if None."""
    drawn = figures(outcome)
    title = html.escape(outcome.experiment.name)
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{title}: report</title>",
            f"<style>\n{_asset('page.css')}</style>\n</head>\n<body>",
            f"<main>\n{_header(outcome)}\n{_facts(outcome)}\n{_best(outcome)}",
            _figures(drawn),
            f"{table(outcome)}\n{_document(outcome)}\n{_footer(written)}\n</main>",
            f'<script type="application/json" id="figures">{_json(drawn)}</script>',
            f"<script>\n{_plotly()}\n</script>\n<script>\n{_asset('page.js')}</script>",
            "</body>\n</html>\n",
        ]
    )


def _asset(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _plotly() -> str:
    """plotly.js as the package ``plotly`` ships it; the package itself is not imported."""
    script = distribution("plotly").locate_file("plotly/package_data/plotly.min.js")
    return Path(str(script)).read_text(encoding="utf-8")


def _json(drawn: Sequence[Figure]) -> str:
    shown = [
        {
            "name": figure.name,
            "data": figure.data,
            "layout": figure.layout,
            "views": [{"trace": view.trace, "layout": view.layout} for view in figure.views],
        }
        for figure in drawn
        if figure.data
    ]
    written = json.dumps(shown, separators=(",", ":"), allow_nan=False)
    return written.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _header(outcome: Outcome) -> str:
    objective, status = outcome.experiment.objective, outcome.status
    last = status.conditions[-1] if status.conditions else None
    message = f"{last.reason}: {last.message}" if last and last.message else last and last.reason
    goal = f", goal {short(objective.goal)}" if objective.goal is not None else ""
    return (
        f'<header>\n<div class="title"><h1>{html.escape(outcome.experiment.name)}</h1>'
        f"{badge(status.condition)}</div>\n"
        f"<p>{objective.type.capitalize()} <code>{html.escape(objective.metric)}</code>{goal}, "
        f"with {_algorithm(outcome.experiment.algorithm)}</p>\n"
        f'<p class="soft">{html.escape(message or "")}</p>\n</header>'
    )


def _algorithm(spec: AlgorithmSpec) -> str:
    settings = ", ".join(f"{name}={value}" for name, value in spec.settings.items())
    return f"<b>{html.escape(spec.name)}</b>" + (f" ({html.escape(settings)})" if settings else "")


def _facts(outcome: Outcome) -> str:
    seen, experiment = headline(outcome), outcome.experiment
    counts = ", ".join(f"{count} {condition}" for condition, count in seen.counts.items())
    planned = f" of {experiment.max_trial_count}" if experiment.max_trial_count else ""
    best = short(seen.best.value) if seen.best else "none"
    note = f"Trial {seen.best.number}" if seen.best else "no finite objective"
    if seen.goal_reached:
        note += ", goal reached"
    facts = [
        (f"Best {experiment.objective.metric}", best, note, "best"),
        ("Trials", f"{len(outcome.trials)}{planned}", counts, ""),
    ]
    if seen.seconds is not None:
        trained = f"{duration(seen.training_seconds)} in Trials"
        facts.append(("Duration", duration(seen.seconds), trained, ""))
    rows = "\n".join(
        f"<div><dt>{html.escape(name)}</dt><dd>"
        f'<div class="value {style}">{html.escape(value)}</div>'
        f'<span class="soft">{html.escape(note)}</span></dd></div>'
        for name, value, note, style in facts
    )
    return f'<dl class="facts">\n{rows}\n</dl>'


def _best(outcome: Outcome) -> str:
    best = best_point(outcome)
    if best is None:
        return ""
    rows = "".join(
        f'<div><dt>{html.escape(name)}</dt><dd title="{html.escape(value)}">'
        f"{html.escape(readable(value))}</dd></div>"
        for name, value in best.trial.assignments.items()
    )
    words = command(outcome, best.trial).split(" ")  # each kept whole where a line breaks
    line = " ".join(f"<span>{html.escape(word)}</span>" for word in words)
    return (
        f'<section class="card">\n<h2>Best Trial: {html.escape(best.trial.name)}</h2>\n'
        f'<dl class="parameters">{rows}</dl>\n<div class="copy"><pre id="command">{line}</pre>'
        '<button type="button" data-copy="command">Copy</button></div>\n</section>'
    )


def _figures(drawn: Sequence[Figure]) -> str:
    """Two columns; a figure of full width, or one with only a sentence, stands between blocks."""
    blocks = []
    for full, group in groupby(drawn, key=lambda each: each.full_width or not each.data):
        style = "figures full" if full else "figures"
        blocks.append(f'<div class="{style}">\n{"".join(map(_figure, group))}</div>')
    return "\n".join(blocks)


def _figure(figure: Figure) -> str:
    """The frame that the script draws into; a figure without data keeps its sentence."""
    buttons = "".join(
        f'<button type="button" data-figure="{figure.name}" data-view="{i}" '
        f'aria-pressed="{str(i == 0).lower()}">{html.escape(view.label)}</button>'
        for i, view in enumerate(figure.views)
    )
    views = f'<div class="views">{buttons}</div>' if buttons else ""
    sentence = html.escape(figure.sentence)
    plot = (
        f'<div class="scroll"><div class="plot" id="{figure.name}" role="img" '
        f'aria-label="{html.escape(figure.title)}. {sentence}" '
        f'style="height:{figure.height}px;min-width:{figure.least_width}px">'
        "</div></div>\n"
    )
    return (
        f'<figure class="card">\n<figcaption><h2>{html.escape(figure.title)}</h2>\n'
        f"<p>{sentence}</p>{views}</figcaption>\n"
        f"{plot if figure.data else ''}</figure>\n"
    )


def _document(outcome: Outcome) -> str:
    experiment = outcome.experiment
    parts = [("Algorithm", _algorithm(experiment.algorithm))]
    if experiment.early_stopping:
        parts.append(("Early stopping", _algorithm(experiment.early_stopping)))
    parts.append(("Parallel Trials", str(experiment.parallel_trial_count)))
    rows = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in parts)
    document = ""
    if experiment.document:
        text = html.escape(dumps(dict(experiment.document)))
        document = (
            "<details><summary>The Experiment, as <code>kubectl apply</code> takes it</summary>"
            f'<div class="copy"><pre id="document">{text}</pre>'
            '<button type="button" data-copy="document">Copy</button></div></details>'
        )
    return (
        f'<section class="card long">\n<h2>How it was searched</h2>\n'
        f'<dl class="parameters">{rows}</dl>\n{document}\n</section>'
    )


def _footer(written: float | None) -> str:
    try:
        program = f"katib-automl {version('katib-automl')}"
    except PackageNotFoundError:
        program = "katib-automl"
    moment = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(written))
    return f"<footer>Written by {program}, {moment}.</footer>"
