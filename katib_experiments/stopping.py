"""Early stopping: rules that a Trial carries from its start, shaped as Katib's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from katib_experiments.experiment.model import EarlyStoppingRule, Experiment, MetricLog, Trial


class EarlyStopping(Protocol):
    def rules(
        self,
        experiment: Experiment,
        trials: Sequence[Trial],
        logs: dict[str, Sequence[MetricLog]],
    ) -> tuple[EarlyStoppingRule, ...]:
        """The rules for a Trial that starts now, from those that came before; empty while there
        are too few."""
        ...
