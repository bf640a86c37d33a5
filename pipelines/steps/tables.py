"""Tables in Markdown, as the Kubeflow Pipelines UI shows them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from katib_experiments import Outcome, Trial

MOST_TRIALS = 200
"""Of a table; the report has them all."""


def trials_table(outcome: Outcome) -> str:
    """The Trials, the best first, those without a value last."""
    experiment, best = outcome.experiment, outcome.status.optimal
    objective = experiment.objective
    sign = -1 if objective.maximize else 1
    parameters = [parameter.name for parameter in experiment.parameters]

    def order(trial: Trial) -> tuple[bool, float]:
        value = trial.value(objective)
        return value is None, sign * (value or 0.0)

    ranked = sorted(outcome.trials, key=order)
    rows = [
        [
            f"**{trial.name}**" if best and trial.name == best.name else trial.name,
            str(trial.condition),
            number(trial.value(objective)),
            *(trial.assignments.get(name, "") for name in parameters),
        ]
        for trial in ranked[:MOST_TRIALS]
    ]
    head = f"# {experiment.name}\n\n{objective.type} `{objective.metric}`, "
    head += f"{experiment.algorithm.name}, {len(ranked)} Trials\n\n"
    left = len(ranked) - MOST_TRIALS
    more = f"\n… and {left} more: see the report\n" if left > 0 else ""
    return head + table(["Trial", "state", objective.metric, *parameters], rows) + more


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines)


def number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")
