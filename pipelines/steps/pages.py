"""Self-contained HTML pages for the Kubeflow Pipelines UI: no script, no address, both themes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from numpy.typing import NDArray

from pipelines.steps import drawing
from pipelines.steps.evaluation import confusion, reliability, roc

MOST_CLASSES = 30
"""Of a confusion matrix that can still be read."""
MOST_POINTS = 2000

STYLE = """
:root { color-scheme: light dark; --line: #c5ccd3; --soft: #5b6670; }
@media (prefers-color-scheme: dark) { :root { --line: #444c55; --soft: #9aa5b0; } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: .2rem; } h2 { font-size: 1.05rem; }
.soft { color: var(--soft); }
.row { display: flex; flex-wrap: wrap; gap: 1.5rem 2.5rem; }
.facts div { min-width: 8rem; } .facts b { display: block; font-size: 1.35rem; }
table { border-collapse: collapse; font-size: 13px; }
td, th { border: 1px solid var(--line); padding: .3rem .5rem; text-align: right; }
.scroll { overflow-x: auto; }
"""


def page(title: str, lead: str, body: str) -> str:
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n"
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f'<h1>{escape(title)}</h1>\n<p class="soft">{escape(lead)}</p>\n{body}\n</body>\n</html>\n'
    )


def facts(values: Mapping[str, float]) -> str:
    """Numbers with their names, side by side."""
    shown = "".join(
        f'<div><span class="soft">{escape(name.replace("_", " "))}</span><b>{value:.4g}</b></div>'
        for name, value in values.items()
    )
    return f'<div class="row facts">{shown}</div>'


def classification_page(
    y: NDArray[Any], probabilities: NDArray[Any], names: Sequence[str], metrics: Mapping[str, float]
) -> str:
    """Metrics, confusion matrix, ROC and reliability of one model."""
    curve = roc(y, probabilities)
    points = list(zip(curve.false_positive_rates, curve.true_positive_rates, strict=True))
    bins = reliability(y, probabilities)
    places = [(each.confidence, each.accuracy) for each in bins]
    kind = f"of {names[1]}" if len(names) == 2 else "every class against the rest"
    body = [
        facts(metrics),
        '<div class="row">',
        f"<section><h2>ROC, {escape(kind)}</h2>",
        drawing.curve(points, "false positive rate", "true positive rate"),
        "</section><section><h2>Calibration: on the line, confidence is accuracy</h2>",
        drawing.dots(places, [each.count for each in bins], "confidence", "accuracy"),
        "</section></div>",
        "<h2>Confusion: rows are the true class, columns the predicted one</h2>",
        _matrix(confusion(y, probabilities), names),
    ]
    return page("Evaluation on the test part", _lead(len(y)), "\n".join(body))


def regression_page(y: NDArray[Any], predicted: NDArray[Any], metrics: Mapping[str, float]) -> str:
    """Metrics, and each prediction over what it should have been."""
    step = max(1, len(y) // MOST_POINTS)
    points = [(float(a), float(b)) for a, b in zip(y[::step], predicted[::step], strict=True)]
    figure = drawing.scatter(points, "true value", "prediction")
    body = f"{facts(metrics)}\n<h2>On the line, a prediction is right</h2>\n{figure}"
    return page("Evaluation on the test part", _lead(len(y)), body)


def _lead(examples: int) -> str:
    return f"{examples:,} examples that neither search nor training has seen"


def _matrix(matrix: Sequence[Sequence[int]], names: Sequence[str]) -> str:
    if len(names) > MOST_CLASSES:
        return f"<p>{len(names)} classes are too many for a table.</p>"
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    rows = ""
    for name, row in zip(names, matrix, strict=True):
        cells = "".join(_cell(count, max(sum(row), 1)) for count in row)
        rows += f"<tr><th>{escape(name)}</th>{cells}</tr>"
    return f'<div class="scroll"><table><tr><th></th>{head}</tr>{rows}</table></div>'


def _cell(count: int, total: int) -> str:
    share = count / total
    return f'<td style="background: rgb(37 99 168 / {0.75 * share:.2f})">{count}</td>'
