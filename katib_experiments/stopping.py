"""Early stopping: rules that a Trial carries from its start, shaped as Katib's."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from katib_experiments.experiment.model import (
    EarlyStoppingRule,
    Experiment,
    MetricLog,
    Objective,
    Trial,
    TrialCondition,
)
from katib_experiments.experiment.settings import EARLY_STOPPING, SettingValue, typed_settings


class EarlyStopping(Protocol):
    def rules(
        self,
        experiment: Experiment,
        trials: Sequence[Trial],
        logs: Mapping[str, Sequence[MetricLog]],
    ) -> tuple[EarlyStoppingRule, ...]:
        """The rules for a Trial that starts now, from those that came before; empty while there
        are too few. Stopping waits until every rule has been met."""
        ...


def early_stopping(name: str) -> EarlyStopping:
    """A new instance of the algorithm of that ``earlyStopping.algorithmName``."""
    kinds: Mapping[str, Callable[[], EarlyStopping]] = {"medianstop": MedianStop, "asha": AshaStop}
    return kinds[name]()


class MedianStop:
    """``medianstop``: stop a Trial whose best value at its ``start_step``-th report is worse than
    what the succeeded Trials had on average over their first ``start_step`` reports.

    Katib calls it the median; what it computes is the mean of those means (medianstop/service.py,
    v0.19.0). ``min_trials_required`` succeeded Trials are needed.
    """

    def __init__(self) -> None:
        self._averages = _Figures(frozenset({TrialCondition.SUCCEEDED}))

    def rules(
        self,
        experiment: Experiment,
        trials: Sequence[Trial],
        logs: Mapping[str, Sequence[MetricLog]],
    ) -> tuple[EarlyStoppingRule, ...]:
        settings = _settings(experiment)
        step = int(settings["start_step"])

        def average(reports: list[float]) -> float | None:
            first = reports[:step]
            return sum(first) / len(first) if first else None

        averages = self._averages.of(experiment.objective, trials, logs, average)
        if len(averages) < int(settings["min_trials_required"]):
            return ()
        return (_worse_than(experiment.objective, sum(averages) / len(averages), step),)


class AshaStop:
    """``asha``: stop a Trial whose best value at its ``start_step``-th report is not among the best
    ``1 / eta`` of those that the ended Trials had there.

    One rung of asynchronous successive halving (Li et al., 2018, "A System for Massively Parallel
    Hyperparameter Tuning"): a Trial carries one rule, since Katib's rules stop it only when all are
    met. ``min_trials_required`` Trials must have reported ``start_step`` times.
    """

    def __init__(self) -> None:
        ended = frozenset({TrialCondition.SUCCEEDED, TrialCondition.EARLY_STOPPED})
        self._bests = _Figures(ended)

    def rules(
        self,
        experiment: Experiment,
        trials: Sequence[Trial],
        logs: Mapping[str, Sequence[MetricLog]],
    ) -> tuple[EarlyStoppingRule, ...]:
        settings, objective = _settings(experiment), experiment.objective
        step, eta = int(settings["start_step"]), float(settings["eta"])
        best_of = max if objective.maximize else min

        def best(reports: list[float]) -> float | None:
            return best_of(reports[:step]) if len(reports) >= step else None

        bests = self._bests.of(objective, trials, logs, best)
        if len(bests) < int(settings["min_trials_required"]):
            return ()
        bests.sort(reverse=objective.maximize)
        threshold = bests[max(1, int(len(bests) / eta)) - 1]
        return (_worse_than(objective, threshold, step),)


class _Figures:
    """One figure for each Trial that ended in one of ``conditions``, computed once: the log of such
    a Trial does not change."""

    def __init__(self, conditions: frozenset[TrialCondition]) -> None:
        self._conditions = conditions
        self._known: dict[str, float | None] = {}

    def of(
        self,
        objective: Objective,
        trials: Sequence[Trial],
        logs: Mapping[str, Sequence[MetricLog]],
        figure: Callable[[list[float]], float | None],
    ) -> list[float]:
        """``figure`` of each Trial's reports of the objective, where that is not None."""
        counted = [trial.name for trial in trials if trial.condition in self._conditions]
        for name in counted:
            if name not in self._known:
                self._known[name] = figure(_reports(objective, logs.get(name, ())))
        return [known for name in counted if (known := self._known[name]) is not None]


def _settings(experiment: Experiment) -> dict[str, SettingValue]:
    assert experiment.early_stopping is not None
    settings = typed_settings(experiment.early_stopping, EARLY_STOPPING)
    return {name: value for name, value in settings.items() if value is not None}


def _reports(objective: Objective, logs: Sequence[MetricLog]) -> list[float]:
    """The objective's values by time, as Katib's database gives them out."""
    mine = sorted((log for log in logs if log.name == objective.metric), key=lambda log: log.time)
    return [float(log.value) for log in mine]


def _worse_than(objective: Objective, value: float, step: int) -> EarlyStoppingRule:
    comparison = "less" if objective.maximize else "greater"
    return EarlyStoppingRule(objective.metric, str(value), comparison, step)


_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "less": operator.lt,
    "greater": operator.gt,
    "equal": operator.eq,
}


@dataclass(slots=True)
class RuleCheck:
    """Whether a running Trial has met all the rules that it carries.

    As Katib's collector does it: the objective is compared by its best value so far, any other
    metric by the value at hand, and a rule counts from the ``start_step``-th report of its metric.
    """

    objective: Objective
    rules: tuple[EarlyStoppingRule, ...]
    _best: float | None = None
    _reports: dict[str, int] = field(default_factory=dict)
    _open: list[EarlyStoppingRule] = field(init=False)

    def __post_init__(self) -> None:
        self._open = list(self.rules)

    def met(self, logs: Sequence[MetricLog]) -> bool:
        """Take in new reports; True once every rule has been met (never without rules)."""
        if not self._open:
            return bool(self.rules)
        for log in logs:
            self._reports[log.name] = self._reports.get(log.name, 0) + 1
            value = self._compared(log)
            self._open = [rule for rule in self._open if not self._meets(rule, log.name, value)]
        return not self._open

    def _compared(self, log: MetricLog) -> float:
        value = float(log.value)
        if log.name != self.objective.metric:
            return value
        better = max if self.objective.maximize else min
        self._best = value if self._best is None else better(self._best, value)
        return self._best

    def _meets(self, rule: EarlyStoppingRule, name: str, value: float) -> bool:
        if rule.name != name or self._reports[name] < rule.start_step:
            return False
        return _COMPARISONS[rule.comparison](value, float(rule.value))
