"""The Trials of an Experiment as plain data: what they were given, and what came of it.

::

    {"experiment": "grid-1a2b3c4d", "algorithm": "grid", "parameters": ["learning_rate"],
     "objective": "val_accuracy", "maximize": true,
     "trials": [{"name": "…", "state": "Succeeded", "parameters": {"learning_rate": "0.01"},
                 "metrics": {"val_accuracy": 0.97}, "curves": {"val_accuracy": [0.9, null, 0.97]}}]}

A metric is there where it is finite; in a curve, which has one value per report, null stands for
one that is not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from katib_experiments import Experiment, Outcome, Trial
from katib_experiments.experiment.model import MetricLog, Strategy, finite

Curve = Sequence[float | None]


@dataclass(frozen=True, slots=True)
class PastTrial:
    name: str
    state: str
    parameters: Mapping[str, str]
    metrics: Mapping[str, float] = field(default_factory=dict)
    curves: Mapping[str, Curve] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class History:
    experiment: str
    algorithm: str
    parameters: tuple[str, ...]
    objective: str
    maximize: bool
    trials: tuple[PastTrial, ...]

    @property
    def valued(self) -> list[PastTrial]:
        """The Trials with a value of the objective, the best first."""
        with_value = [trial for trial in self.trials if self.objective in trial.metrics]
        return sorted(with_value, key=self.value, reverse=self.maximize)

    def value(self, trial: PastTrial) -> float:
        return trial.metrics[self.objective]


def written(outcome: Outcome) -> str:
    """As JSON."""
    experiment = outcome.experiment
    history = {
        "experiment": experiment.name,
        "algorithm": experiment.algorithm.name,
        "parameters": [parameter.name for parameter in experiment.parameters],
        "objective": experiment.objective.metric,
        "maximize": experiment.objective.maximize,
        "trials": [
            {
                "name": trial.name,
                "state": str(trial.condition),
                "parameters": dict(trial.assignments),
                "metrics": metrics(experiment, trial),
                "curves": curves(outcome.logs.get(trial.name, ())),
            }
            for trial in outcome.trials
        ],
    }
    return json.dumps(history, indent=1, allow_nan=False)


def metrics(experiment: Experiment, trial: Trial) -> dict[str, float]:
    strategies = experiment.objective.strategies
    values = {
        name: metric.value(strategies.get(name, Strategy.LATEST))
        for name, metric in trial.observation.items()
    }
    return {name: value for name, value in values.items() if value is not None}


def curves(logs: Sequence[MetricLog]) -> dict[str, list[float | None]]:
    found: dict[str, list[float | None]] = {}
    for log in logs:
        found.setdefault(log.name, []).append(finite(log.value))
    return found


def read(path: Path) -> History:
    """What :func:`written` wrote."""
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    trials = tuple(PastTrial(**trial) for trial in data.pop("trials"))
    return History(**{**data, "parameters": tuple(data["parameters"])}, trials=trials)
