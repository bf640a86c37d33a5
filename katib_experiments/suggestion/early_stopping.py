"""Katib's ``EarlyStopping`` service: rules for new Trials, and the mark on a stopped one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence

import grpc

from katib_experiments.experiment.model import Experiment, MetricLog, Trial
from katib_experiments.stopping import EarlyStopping, early_stopping
from katib_experiments.suggestion.checks import check_stopping
from katib_experiments.suggestion.convert import (
    algorithm_of,
    document_of,
    experiment_of,
    logs_of,
    rules_reply,
)
from katib_experiments.suggestion.recent import Recent, Seen
from katib_experiments.suggestion.rpc import NotYet, handler
from katib_experiments.suggestion.stubs import PACKAGE, Message, RulesRequest, api
from katib_experiments.suggestion.trial_status import mark_early_stopped

_SECONDS = 30
"""For one Trial's log; Katib gives the whole request 60."""

Mark = Callable[[str], None]
"""Marks the Trial of that name as stopped early."""


class EarlyStoppingService:
    def __init__(self, mark: Mark = mark_early_stopped) -> None:
        self._mark = mark
        self._lock = threading.Lock()
        self._known: Recent[tuple[Experiment, EarlyStopping]] = Recent()
        self._seen: Recent[Seen] = Recent()
        self._databases: Recent[Database] = Recent()

    def handler(self) -> grpc.GenericRpcHandler:
        validation = api.ValidateEarlyStoppingSettingsRequest
        return handler(
            f"{PACKAGE}.EarlyStopping",
            {
                "GetEarlyStoppingRules": (RulesRequest, self.rules),
                "SetTrialStatus": (api.SetTrialStatusRequest, self.set_status),
                "ValidateEarlyStoppingSettings": (validation, self.validate),
            },
        )

    def validate(self, request: Message) -> Message:
        check_stopping(algorithm_of(request.early_stopping))
        return api.ValidateEarlyStoppingSettingsReply()

    def rules(self, request: Message) -> Message:
        """The rules for the Trials that begin now. The logs come from Katib's database, each ended
        Trial's once."""
        address = request.db_manager_address
        with self._lock:
            message = api.Experiment.FromString(request.experiment)
            experiment, algorithm = self._known.get(request.experiment, lambda: _known(message))
            trials = self._seen.get(message.name, Seen).trials(request.trials)
            database = self._databases.get(address, lambda: Database(address))
            logs = _Logs(database, experiment.objective.metric, trials)
            return rules_reply(algorithm.rules(experiment, trials, logs))

    def set_status(self, request: Message) -> Message:
        self._mark(request.trial_name)
        return api.SetTrialStatusReply()


def _known(message: Message) -> tuple[Experiment, EarlyStopping]:
    document = document_of(message)
    check_stopping(document["spec"].get("earlyStopping", {}))
    experiment = experiment_of(document)
    assert experiment.early_stopping is not None
    return experiment, early_stopping(experiment.early_stopping.name)


class Database:
    """Katib's DB manager, which keeps what Trials report."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._channel = grpc.insecure_channel(address)
        self._get = self._channel.unary_unary(
            f"/{PACKAGE}.DBManager/GetObservationLog",
            request_serializer=api.GetObservationLogRequest.SerializeToString,
            response_deserializer=api.GetObservationLogReply.FromString,
        )

    def log(self, trial: str, metric: str) -> list[MetricLog]:
        request = api.GetObservationLogRequest(trial_name=trial, metric_name=metric)
        try:
            return logs_of(self._get(request, timeout=_SECONDS))
        except grpc.RpcError as error:
            raise NotYet(
                f"Katib's database manager at {self._address} does not tell the log of {trial}: "
                f"{error.code().name} {error.details()}"
            ) from None


class _Logs(Mapping[str, Sequence[MetricLog]]):
    """One metric's log of every Trial, fetched when it is looked at."""

    def __init__(self, database: Database, metric: str, trials: Sequence[Trial]) -> None:
        self._database = database
        self._metric = metric
        self._names = {trial.name: None for trial in trials}

    def __getitem__(self, trial: str) -> Sequence[MetricLog]:
        return self._database.log(trial, self._metric)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)
