"""What every search algorithm is: a pure function from the history to the next points."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Protocol

from katib_experiments.experiment.model import (
    Experiment,
    Strategy,
    Suggestion,
    Trial,
    TrialCondition,
    finite,
)
from katib_experiments.experiment.settings import ALGORITHMS, typed_settings

_OBSERVED = (TrialCondition.SUCCEEDED, TrialCondition.EARLY_STOPPED)


@dataclass(frozen=True, slots=True)
class History:
    """All that an algorithm may know.

    ``asked`` is how many suggestions were given before this request; it numbers the draws, so a
    retried request gives the same answer. It may exceed ``len(trials)``: Katib leaves out Trials
    whose metrics are unavailable. ``trials`` are in the order of their making where the caller
    knows it, may hold running and failed ones, and need not all come from this algorithm.
    """

    experiment: Experiment
    trials: Sequence[Trial]
    asked: int

    def observed(self) -> Iterator[tuple[Trial, float]]:
        """The succeeded and early-stopped Trials with a finite objective, and that objective
        **to be minimized**."""
        name = self.experiment.objective.metric
        strategy = self.experiment.objective.strategies.get(name, Strategy.LATEST)
        text_of = attrgetter(strategy.value)  # a third of what Metric.value costs
        sign = -1.0 if self.experiment.objective.maximize else 1.0
        for trial in self.trials:
            if trial.condition not in _OBSERVED or name not in trial.observation:
                continue
            metric = trial.observation[name]
            value = finite(text_of(metric))
            if value is None:
                value = metric.value(strategy)
            if value is not None:
                yield trial, sign * value

    @property
    def settings(self) -> dict[str, Any]:
        """The algorithm's settings, typed and with their defaults."""
        return dict(typed_settings(self.experiment.algorithm, ALGORITHMS))


class Algorithm(Protocol):
    def suggest(self, history: History, count: int) -> list[Suggestion]:
        """The next ``count`` points (at least 1).

        Fewer only at the end of a finite space, or where a rung waits for running Trials and then
        possibly none; :class:`~katib_experiments.errors.SearchSpaceExhausted` where there will
        never be another. The same history and count give the same answer, in any process.
        """
        ...
