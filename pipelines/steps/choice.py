"""Which of two searches won."""

from __future__ import annotations

import math
from typing import NamedTuple

from pipelines.steps.programs import StepError
from pipelines.steps.tables import number, table

Score = tuple[str, float]
"""The name of a metric, and its value."""


class Choice(NamedTuple):
    winner: str
    reason: str


def chosen(search: Score, autokeras: Score, maximize: bool) -> Choice:
    """``search`` or ``autokeras``, and the reason. Of equals the search wins.

    Raises :class:`StepError` where the two cannot be compared.
    """
    (metric, value), (other_metric, other) = search, autokeras
    if metric != other_metric:
        raise StepError(
            f'autokeras_objective: received "{other_metric}": must be "{metric}", the '
            "Experiment's objective: values of two metrics cannot be compared"
        )
    if not (math.isfinite(value) and math.isfinite(other)):
        raise StepError(f"{metric}: received {value} and {other}: must both be finite")
    winner = "autokeras" if (other > value if maximize else other < value) else "search"
    if value == other:
        text = f"both have {metric} {value:.6g}; of equals the Experiment's best Trial wins"
        return Choice(winner, text)
    names = {"search": "the Experiment's best Trial", "autokeras": "AutoKeras's best network"}
    won, lost = (other, value) if winner == "autokeras" else (value, other)
    return Choice(winner, f"{names[winner]} has {metric} {won:.6g}, the other one {lost:.6g}")


def described(reason: str, metric: str, search: float, autokeras: float) -> str:
    """The decision in Markdown."""
    rows = [("Experiment", number(search)), ("AutoKeras", number(autokeras))]
    return f"# Which one is trained\n\n{table(['search', metric], rows)}\n{reason}.\n"
