"""Experiment documents: from text to data with line numbers, back to text, and to the typed model.

``load`` and ``loads`` keep what a user wrote exactly, unknown fields and documents of other kinds
included; whether it is right is for :mod:`.validation` to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from katib_experiments.errors import DocumentError, Problem
from katib_experiments.experiment import syntax
from katib_experiments.experiment.model import (
    AlgorithmSpec,
    CollectorKind,
    Distribution,
    Experiment,
    FeasibleSpace,
    MetricsCollector,
    Objective,
    ObjectiveType,
    Parameter,
    ParameterType,
    Strategy,
    TrialParameter,
    TrialTemplate,
)

API_VERSION = "kubeflow.org/v1beta1"


@dataclass(frozen=True)
class Document:
    """One document of a file: its data as written, and where each field stands."""

    data: dict[str, Any]
    file: str = ""
    problems: tuple[Problem, ...] = ()
    """What was found in reading it: keys given twice."""
    lines: Mapping[str, int] = field(default_factory=dict, repr=False, compare=False)

    def line(self, path: str) -> int:
        """The line of ``spec.parameters[1].feasibleSpace.max``, from 1; that of the nearest field
        around it where it is missing, and 0 where the document came from no text."""
        while path and path not in self.lines:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.lines.get(path, 0)

    @property
    def is_experiment(self) -> bool:
        """Whether it means to be an Experiment; documents of other kinds may share a file."""
        kind, version = self.data.get("kind"), self.data.get("apiVersion")
        if kind == "Experiment" or not isinstance(kind, str) or not kind:
            return True
        return version == API_VERSION and kind not in ("Trial", "Suggestion")


def load(path: Path) -> list[Document]:
    """Every document of a YAML or JSON file; DocumentError where it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "is no UTF-8 text"
        raise DocumentError([Problem("file", None, reason, file=str(path), line=1)]) from None
    return loads(text, str(path))


def loads(text: str, file: str = "") -> list[Document]:
    """Every document of ``text``; DocumentError where it cannot be read."""
    documents = []
    for parsed in syntax.parse(text, file):
        if not isinstance(parsed.data, dict):
            line = parsed.lines.get("", 1)
            rule = "a document must be a mapping of fields"
            raise DocumentError([Problem("YAML", parsed.data, rule, file=file, line=line)])
        documents.append(Document(parsed.data, file, tuple(parsed.problems), parsed.lines))
    return documents


def dumps(data: syntax.Data, fmt: Literal["yaml", "json"] = "yaml") -> str:
    """``data`` as text that :func:`loads` reads back as the same data."""
    return syntax.dump(data, fmt)


def parse(data: Mapping[str, Any]) -> Experiment:
    """The Experiment of validated and defaulted ``data``."""
    metadata, spec = data["metadata"], data["spec"]
    early_stopping = spec.get("earlyStopping")
    return Experiment(
        name=metadata["name"],
        namespace=metadata.get("namespace") or "default",
        parameters=tuple(map(_parameter, spec.get("parameters") or ())),
        objective=_objective(spec["objective"]),
        algorithm=_algorithm(spec["algorithm"]),
        trial_template=_trial_template(spec["trialTemplate"]),
        metrics_collector=_metrics_collector(spec["metricsCollectorSpec"]),
        early_stopping=_algorithm(early_stopping) if early_stopping else None,
        parallel_trial_count=int(spec["parallelTrialCount"]),
        max_trial_count=_count(spec.get("maxTrialCount")),
        max_failed_trial_count=_count(spec.get("maxFailedTrialCount")),
        resume_policy=spec["resumePolicy"],
        document=data,
    )


def _count(value: float | None) -> int | None:
    return None if value is None else int(value)


def _parameter(data: Mapping[str, Any]) -> Parameter:
    space = data["feasibleSpace"]
    return Parameter(
        data["name"],
        ParameterType(data["parameterType"]),
        FeasibleSpace(
            min=space.get("min") or "",
            max=space.get("max") or "",
            step=space.get("step") or "",
            list=tuple(space.get("list") or ()),
            distribution=Distribution(space["distribution"]),
        ),
    )


def _objective(data: Mapping[str, Any]) -> Objective:
    goal = data.get("goal")
    return Objective(
        type=ObjectiveType(data["type"]),
        metric=data["objectiveMetricName"],
        goal=None if goal is None else float(goal),
        additional_metrics=tuple(data.get("additionalMetricNames") or ()),
        strategies={each["name"]: Strategy(each["value"]) for each in data["metricStrategies"]},
    )


def _algorithm(data: Mapping[str, Any]) -> AlgorithmSpec:
    settings = data.get("algorithmSettings") or ()
    return AlgorithmSpec(
        data["algorithmName"], {each["name"]: each.get("value") or "" for each in settings}
    )


def _metrics_collector(data: Mapping[str, Any]) -> MetricsCollector:
    source = data.get("source") or {}
    place = source.get("fileSystemPath") or {}
    filters = (source.get("filter") or {}).get("metricsFormat")
    return MetricsCollector(
        kind=CollectorKind(data["collector"]["kind"]),
        path=place.get("path") or "",
        file_format=place.get("format") or "TEXT",
        filters=tuple(filters or ()),
    )


def _trial_template(data: Mapping[str, Any]) -> TrialTemplate:
    """A template in a ConfigMap has no ``trial_spec`` here: it is the cluster's to read."""
    return TrialTemplate(
        trial_spec=data.get("trialSpec") or {},
        parameters=tuple(
            TrialParameter(each["name"], each["reference"]) for each in data["trialParameters"]
        ),
        primary_container=data["primaryContainerName"],
        retain=bool(data.get("retain")),
    )
