"""What every search algorithm is: a pure function from the history to the next points."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from katib_experiments.experiment.model import Experiment, Suggestion, Trial


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
        """The ended Trials with a finite objective, and that objective **to be minimized**."""
        objective = self.experiment.objective
        sign = -1.0 if objective.maximize else 1.0
        for trial in self.trials:
            if not trial.condition.ended:
                continue
            value = trial.value(objective)
            if value is not None:
                yield trial, sign * value


class Algorithm(Protocol):
    def suggest(self, history: History, count: int) -> list[Suggestion]:
        """The next ``count`` points (at least 1).

        Fewer only at the end of a finite space, or where a rung waits for running Trials and then
        possibly none; :class:`~katib_experiments.errors.SearchSpaceExhausted` where there will
        never be another. The same history and count give the same answer, in any process.
        """
        ...
