"""``asha``: asynchronous successive halving, which never waits for a rung to fill.

Li et al. 2020. Rung ``k`` trains with ``min_resource * eta ** k`` of the resource, as long as that
is at most ``r_l``. Each request promotes the best configuration among the top ``1 / eta`` of some
rung, the highest rung first, that was not promoted yet; where there is none, a new one is drawn at
random for the lowest rung. Everything is read from the Trials' assignments; a Trial without an
objective counts as the worst of its rung, and one that the caller does not list was never made.
"""

from __future__ import annotations

import math

from katib_experiments.algorithms.base import History
from katib_experiments.algorithms.budget import Budget, Configuration, halvings
from katib_experiments.experiment.model import Suggestion

_Key = frozenset[tuple[str, str]]


class Asha:
    def suggest(self, history: History, count: int) -> list[Suggestion]:
        seed = history.settings["random_state"]
        budget = Budget.of(history)
        ladder = _Ladder(history, budget)
        suggestions = []
        for number in range(history.asked, history.asked + count):
            rung, configuration = ladder.promotion() or (0, budget.configuration(seed, number))
            ladder.enter(rung, configuration)
            assignments = budget.assignments(configuration, ladder.amounts[rung])
            suggestions.append(Suggestion(assignments))
        return suggestions


class _Ladder:
    """Which configurations have entered each rung, and what those that ended there came to."""

    def __init__(self, history: History, budget: Budget) -> None:
        self._budget = budget
        self._eta = history.settings["eta"]
        self.amounts = _amounts(history, budget)
        self._entered: list[set[_Key]] = [set() for _ in self.amounts]
        self._results: list[dict[_Key, float]] = [{} for _ in self.amounts]
        values = {trial.name: value for trial, value in history.observed()}
        rungs = {amount: rung for rung, amount in enumerate(self.amounts)}
        for trial in history.trials:
            configuration = dict(trial.assignments)
            rung = rungs.get(configuration.pop(budget.resource, ""))
            if rung is None:  # a foreign Trial
                continue
            self.enter(rung, configuration)
            if trial.condition.ended:
                results, key = self._results[rung], _key(configuration)
                value = values.get(trial.name, math.inf)
                results[key] = min(value, results.get(key, math.inf))

    def enter(self, rung: int, configuration: Configuration) -> None:
        self._entered[rung].add(_key(configuration))

    def promotion(self) -> tuple[int, Configuration] | None:
        """The rung to go to and the configuration that has earned it."""
        for rung in range(len(self.amounts) - 2, -1, -1):
            results = self._results[rung]
            best = sorted(results, key=results.__getitem__)
            for key in best[: int(len(best) / self._eta + 1e-9)]:
                if key not in self._entered[rung + 1] and self._promotable(key, results[key]):
                    return rung + 1, dict(key)
        return None

    def _promotable(self, key: _Key, value: float) -> bool:
        space = self._budget.space
        return value < math.inf and len(key) == len(space) and space.to_unit(dict(key)) is not None


def _key(configuration: Configuration) -> _Key:
    return frozenset(configuration.items())


def _amounts(history: History, budget: Budget) -> list[str]:
    """The resource of each rung, as text; rungs that the parameter's step makes equal are one."""
    most, eta = history.settings["r_l"], history.settings["eta"]
    least = min(history.settings["min_resource"], most)
    resources = (least * eta**rung for rung in range(halvings(most, least, eta) + 1))
    return list(dict.fromkeys(map(budget.amount, resources)))
