"""``hyperband``: brackets of successive halving, from many short Trials to few long ones.

Li et al. 2018, with the bracket sizes of Katib's service: for ``s`` from ``s_max`` down to 0,
``ceil((s_max + 1) / (s + 1) * eta ** s)`` configurations begin with ``r_l / eta ** s`` of the
resource, and the best ``1 / eta`` of each rung go on with ``eta`` times as much. The search ends
after the last bracket.

Configuration ``n`` is the same in every history, so a Trial is recognised by its assignments and
nothing needs to be remembered. A rung is decided when all its Trials have ended, and until then no
further suggestion is given. A Trial without an objective is never promoted, and a rung does not
wait for one that the caller no longer lists (Katib hides those whose metrics are unavailable).
Unlike Katib's, it works with fewer parallel Trials than a rung holds.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence

from katib_experiments.algorithms.base import History
from katib_experiments.algorithms.budget import Budget, Configuration, halvings
from katib_experiments.errors import SearchSpaceExhausted
from katib_experiments.experiment.model import Suggestion, Trial


class Hyperband:
    def suggest(self, history: History, count: int) -> list[Suggestion]:
        settings = history.settings
        budget = Budget.of(history)
        results = _Results(history)
        drawn = given = 0
        for sizes, resources in _brackets(settings["r_l"], settings["eta"]):
            survivors = [budget.configuration(0, drawn + i) for i in range(sizes[0])]
            drawn += sizes[0]
            for size, resource in zip(sizes, resources, strict=True):
                survivors = survivors[:size]
                amount = budget.amount(resource)
                rung = [budget.assignments(survivor, amount) for survivor in survivors]
                if history.asked < given + len(rung):
                    rest = rung[history.asked - given :]
                    return [Suggestion(assignments) for assignments in rest[:count]]
                given += len(rung)
                trials = [results.take(assignments) for assignments in rung]
                if resource == resources[-1]:
                    break  # the next bracket begins anew and waits for nobody
                if results.awaited(trials):
                    return []
                survivors = results.ranked(survivors, trials)
        raise SearchSpaceExhausted(f"all {given} Trials of hyperband's brackets have been given")


def _brackets(most: float, eta: float) -> Iterator[tuple[list[int], list[float]]]:
    """For each bracket the sizes of its rungs and the resource of each."""
    s_max = halvings(most, 1.0, eta)
    for s in range(s_max, -1, -1):
        sizes = [math.ceil((s_max + 1) / (s + 1) * eta**s - 1e-9)]
        for _ in range(s):
            sizes.append(math.ceil(sizes[-1] / eta - 1e-9))
        yield sizes, [most / eta ** (s - i) for i in range(s + 1)]


class _Results:
    """The Trials of a history, to be taken out by their assignments, the earliest first."""

    def __init__(self, history: History) -> None:
        self._values = {trial.name: value for trial, value in history.observed()}
        self._active = any(not trial.condition.ended for trial in history.trials)
        self._trials: defaultdict[frozenset[tuple[str, str]], deque[Trial]] = defaultdict(deque)
        for trial in history.trials:
            self._trials[frozenset(trial.assignments.items())].append(trial)

    def take(self, assignments: Configuration) -> Trial | None:
        trials = self._trials[frozenset(assignments.items())]
        return trials.popleft() if trials else None

    def awaited(self, trials: Sequence[Trial | None]) -> bool:
        """Whether any of ``trials`` may yet end; one that is not listed, only while others run."""
        return any(self._active if trial is None else not trial.condition.ended for trial in trials)

    def ranked(
        self, configurations: Sequence[Configuration], trials: Sequence[Trial | None]
    ) -> list[Configuration]:
        """The configurations with an objective, the best first."""
        values = [math.inf if t is None else self._values.get(t.name, math.inf) for t in trials]
        order = sorted(range(len(values)), key=values.__getitem__)
        return [configurations[i] for i in order if values[i] < math.inf]
