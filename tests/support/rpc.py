"""Katib's side of gRPC: its controller as a client, and its database manager."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import grpc

from katib_experiments.algorithms.base import History
from katib_experiments.experiment.model import (
    AlgorithmSpec,
    Experiment,
    MetricLog,
    Strategy,
    Suggestion,
    Trial,
    TrialCondition,
)
from katib_experiments.suggestion.early_stopping import EarlyStoppingService
from katib_experiments.suggestion.rpc import handler
from katib_experiments.suggestion.server import Server
from katib_experiments.suggestion.stubs import Message, api

_TYPES = {"double": api.DOUBLE, "int": api.INT, "discrete": api.DISCRETE}
_DISTRIBUTIONS = {"uniform": 1, "logUniform": 2, "normal": 3, "logNormal": 4}


@contextmanager
def served(early_stopping: EarlyStoppingService | None = None) -> Iterator[grpc.Channel]:
    """A channel to a server of this process."""
    with Server(early_stopping) as server:
        port = server.bind(0, "127.0.0.1")
        server.start()
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield channel


def call(channel: grpc.Channel, method: str, request: Message) -> Message:
    """``method`` is ``Suggestion/GetSuggestions``, say."""
    service, name = method.split("/")
    reply = api.DESCRIPTOR.services_by_name[service].methods_by_name[name].output_type
    return channel.unary_unary(
        f"/api.v1.beta1.{method}",
        request_serializer=type(request).SerializeToString,
        response_deserializer=getattr(api, reply.name).FromString,
    )(request, timeout=60)


@dataclass
class GrpcAlgorithm:
    """A search behind the service, as Katib's controller uses it: any other number than it asked
    for is an error, UNAVAILABLE is asked again later, and settings that come back are stored
    together with the suggestions."""

    channel: grpc.Channel
    stored: dict[int, dict[str, str]] = field(default_factory=dict)
    """By the number of suggestions that there were then."""

    @property
    def settings(self) -> dict[str, str]:
        return self.stored[max(self.stored)] if self.stored else {}

    def suggest(self, history: History, count: int) -> list[Suggestion]:
        before = max((asked for asked in self.stored if asked <= history.asked), default=None)
        settings = {} if before is None else self.stored[before]
        request = suggestions_request(history, count, settings)
        try:
            reply = call(self.channel, "Suggestion/GetSuggestions", request)
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.UNAVAILABLE:
                return []
            raise
        assert len(reply.parameter_assignments) == count
        changed = {s.name: s.value for s in reply.algorithm.algorithm_settings}
        self.stored[history.asked + count] = settings | changed
        return [
            Suggestion({a.name: a.value for a in point.assignments})
            for point in reply.parameter_assignments
        ]


def suggestions_request(
    history: History, count: int, settings: Mapping[str, str] | None = None
) -> Message:
    return api.GetSuggestionsRequest(
        experiment=experiment_message(history.experiment, settings),
        trials=trial_messages(history.experiment, history.trials),
        current_request_number=count,
        total_request_number=history.asked + count,
    )


def experiment_message(
    experiment: Experiment, settings: Mapping[str, str] | None = None
) -> Message:
    message = api.Experiment(name=experiment.name)
    spec = message.spec
    spec.objective.type = api.MAXIMIZE if experiment.objective.maximize else api.MINIMIZE
    spec.objective.objective_metric_name = experiment.objective.metric
    spec.objective.additional_metric_names.extend(experiment.objective.additional_metrics)
    spec.parallel_trial_count = experiment.parallel_trial_count
    spec.max_trial_count = experiment.max_trial_count or 0
    for parameter in experiment.parameters:
        space = parameter.feasible_space
        spec.parameter_specs.parameters.add(
            name=parameter.name,
            parameter_type=_TYPES.get(parameter.type, api.CATEGORICAL),
            feasible_space=api.FeasibleSpace(
                min=space.min,
                max=space.max,
                step=space.step,
                list=space.list,
                distribution=_DISTRIBUTIONS[space.distribution],
            ),
        )
    _algorithm(spec.algorithm, experiment.algorithm, settings or {})
    if experiment.early_stopping:
        _algorithm(spec.early_stopping, experiment.early_stopping, {})
    return message


def _algorithm(message: Message, spec: AlgorithmSpec, settings: Mapping[str, str]) -> None:
    message.algorithm_name = spec.name
    for name, value in {**spec.settings, **settings}.items():
        message.algorithm_settings.add(name=name, value=value)


def trial_messages(experiment: Experiment, trials: Sequence[Trial]) -> list[Message]:
    """All but those whose metrics are unavailable; begun a second after each other where the
    Trials do not say when."""
    return [
        trial_message(experiment, trial, begun)
        for begun, trial in enumerate(trials)
        if trial.condition is not TrialCondition.METRICS_UNAVAILABLE
    ]


def trial_message(experiment: Experiment, trial: Trial, begun: float = 0) -> Message:
    message = api.Trial(name=trial.name)
    for name, value in trial.assignments.items():
        message.spec.parameter_assignments.assignments.add(name=name, value=value)
    status = message.status
    status.condition = getattr(status, trial.condition.upper())
    status.start_time = rfc3339(begun if trial.start_time is None else trial.start_time)
    if trial.completion_time is not None:
        status.completion_time = rfc3339(trial.completion_time)
    for metric in trial.observation.values():
        strategy = experiment.objective.strategies.get(metric.name, Strategy.LATEST)
        status.observation.metrics.add(name=metric.name, value=getattr(metric, strategy.value))
    return message


def rfc3339(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class FakeDatabase:
    """The database manager, of whose methods only the one that reads logs is there."""

    def __init__(self, logs: Mapping[str, Sequence[MetricLog]]) -> None:
        self.logs = logs
        self.asked: list[str] = []

    def _get(self, request: Message) -> Message:
        self.asked.append(request.trial_name)
        reply = api.GetObservationLogReply()
        for log in self.logs.get(request.trial_name, ()):
            if log.name == request.metric_name:
                metric = api.Metric(name=log.name, value=log.value)
                reply.observation_log.metric_logs.add(time_stamp=rfc3339(log.time), metric=metric)
        return reply

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Its address."""
        methods = {"GetObservationLog": (api.GetObservationLogRequest, self._get)}
        handlers = (handler("api.v1.beta1.DBManager", methods),)
        server = grpc.server(ThreadPoolExecutor(1), handlers)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        yield f"127.0.0.1:{port}"
        server.stop(0).wait()
