"""Katib's Experiment, Trial and their status, as frozen values.

Field names are Katib's (kubeflow.org/v1beta1) in Python's spelling. An ``Experiment`` is made from
a validated and defaulted document by :func:`katib_experiments.experiment.document.parse`; it keeps
that document, so that nothing a user wrote is lost.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class ParameterType(StrEnum):
    DOUBLE = "double"
    INT = "int"
    DISCRETE = "discrete"
    CATEGORICAL = "categorical"


class Distribution(StrEnum):
    UNIFORM = "uniform"
    LOG_UNIFORM = "logUniform"
    NORMAL = "normal"
    LOG_NORMAL = "logNormal"


class ObjectiveType(StrEnum):
    MINIMIZE = "minimize"
    MAXIMIZE = "maximize"


class Strategy(StrEnum):
    """How a metric's log becomes one value (``metricStrategies[].value``)."""

    MIN = "min"
    MAX = "max"
    LATEST = "latest"


class CollectorKind(StrEnum):
    STDOUT = "StdOut"
    FILE = "File"
    TENSORFLOW_EVENT = "TensorFlowEvent"
    PUSH = "Push"
    CUSTOM = "Custom"
    PROMETHEUS = "PrometheusMetric"


class TrialCondition(StrEnum):
    CREATED = "Created"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    KILLED = "Killed"
    FAILED = "Failed"
    METRICS_UNAVAILABLE = "MetricsUnavailable"
    EARLY_STOPPED = "EarlyStopped"

    @property
    def ended(self) -> bool:
        return self not in (TrialCondition.CREATED, TrialCondition.RUNNING)


class ExperimentCondition(StrEnum):
    CREATED = "Created"
    RUNNING = "Running"
    RESTARTING = "Restarting"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"

    @property
    def ended(self) -> bool:
        return self in (ExperimentCondition.SUCCEEDED, ExperimentCondition.FAILED)


@dataclass(frozen=True, slots=True)
class FeasibleSpace:
    """Bounds are kept as the document's strings; :mod:`.space` gives them meaning."""

    min: str = ""
    max: str = ""
    step: str = ""
    list: tuple[str, ...] = ()
    distribution: Distribution = Distribution.UNIFORM


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    type: ParameterType
    feasible_space: FeasibleSpace


@dataclass(frozen=True, slots=True)
class Objective:
    type: ObjectiveType
    metric: str
    """``objectiveMetricName``."""
    goal: float | None = None
    additional_metrics: tuple[str, ...] = ()
    strategies: Mapping[str, Strategy] = field(default_factory=dict)
    """One for the objective and for each additional metric, defaults included."""

    @property
    def maximize(self) -> bool:
        return self.type is ObjectiveType.MAXIMIZE

    @property
    def metrics(self) -> tuple[str, ...]:
        return (self.metric, *self.additional_metrics)

    def reached(self, value: float) -> bool:
        """Whether ``value`` is as good as the goal; never without a goal."""
        if self.goal is None:
            return False
        return value >= self.goal if self.maximize else value <= self.goal


@dataclass(frozen=True, slots=True)
class AlgorithmSpec:
    """``spec.algorithm`` and ``spec.earlyStopping``: a name and its settings, still strings."""

    name: str
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MetricsCollector:
    kind: CollectorKind = CollectorKind.STDOUT
    path: str = ""
    file_format: str = "TEXT"
    filters: tuple[str, ...] = ()
    """``source.filter.metricsFormat``; empty means Katib's default filter."""


@dataclass(frozen=True, slots=True)
class TrialParameter:
    name: str
    reference: str


@dataclass(frozen=True, slots=True)
class TrialTemplate:
    trial_spec: Mapping[str, Any]
    parameters: tuple[TrialParameter, ...]
    primary_container: str
    retain: bool = False


@dataclass(frozen=True, slots=True)
class Experiment:
    name: str
    namespace: str
    parameters: tuple[Parameter, ...]
    objective: Objective
    algorithm: AlgorithmSpec
    trial_template: TrialTemplate
    metrics_collector: MetricsCollector
    early_stopping: AlgorithmSpec | None = None
    parallel_trial_count: int = 3
    max_trial_count: int | None = None
    max_failed_trial_count: int | None = None
    resume_policy: str = "Never"
    document: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """The whole defaulted document, as plain dicts and lists."""


@dataclass(frozen=True, slots=True)
class Metric:
    """What one Trial's log of one metric came to. Values are Katib's strings: finite or
    ``unavailable``."""

    name: str
    min: str
    max: str
    latest: str

    def value(self, strategy: Strategy) -> float | None:
        """The value under ``strategy`` (falling back to latest, as Katib does); None unless
        finite."""
        if strategy is Strategy.LATEST:
            return finite(self.latest)
        value = finite(self.min if strategy is Strategy.MIN else self.max)
        return finite(self.latest) if value is None else value


def finite(text: str) -> float | None:
    """``text`` as a finite float, or None (Katib writes ``unavailable`` and empty strings)."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


@dataclass(frozen=True, slots=True)
class MetricLog:
    """One value that a Trial reported."""

    time: float
    """Seconds since the epoch, UTC; 0.0 where the line carried no timestamp."""
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class EarlyStoppingRule:
    """A running Trial is stopped once ``name comparison value`` holds for its best value so far
    after ``start_step`` reports of it (Katib's EarlyStoppingRule)."""

    name: str
    value: str
    comparison: str
    """``less``, ``greater`` or ``equal``."""
    start_step: int = 0


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One point of the feasible space, as ``parameter name -> text``."""

    assignments: Mapping[str, str]
    trial_name: str = ""
    """Empty: whoever makes the Trial chooses its name."""
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trial:
    name: str
    assignments: Mapping[str, str]
    condition: TrialCondition = TrialCondition.CREATED
    observation: Mapping[str, Metric] = field(default_factory=dict)
    rules: tuple[EarlyStoppingRule, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    start_time: float | None = None
    completion_time: float | None = None
    reason: str = ""
    message: str = ""

    def value(self, objective: Objective) -> float | None:
        """The objective's value, or None: not there yet, not finite, or never reported."""
        metric = self.observation.get(objective.metric)
        if metric is None:
            return None
        return metric.value(objective.strategies.get(objective.metric, Strategy.LATEST))


@dataclass(frozen=True, slots=True)
class Condition:
    """One entry of ``status.conditions``."""

    type: ExperimentCondition
    reason: str
    message: str
    time: float
    """Seconds since the epoch, UTC."""


@dataclass(frozen=True, slots=True)
class ExperimentStatus:
    conditions: tuple[Condition, ...] = ()
    start_time: float | None = None
    completion_time: float | None = None
    optimal: Trial | None = None
    """``currentOptimalTrial``."""

    @property
    def condition(self) -> ExperimentCondition:
        return self.conditions[-1].type if self.conditions else ExperimentCondition.CREATED


def optimal_trial(objective: Objective, trials: tuple[Trial, ...] | list[Trial]) -> Trial | None:
    """The best of the Trials with a finite objective; the earliest of equals."""
    best: Trial | None = None
    best_value = math.inf
    sign = -1.0 if objective.maximize else 1.0
    for trial in trials:
        if trial.condition not in (TrialCondition.SUCCEEDED, TrialCondition.EARLY_STOPPED):
            continue
        value = trial.value(objective)
        if value is not None and sign * value < best_value:
            best, best_value = trial, sign * value
    return best
