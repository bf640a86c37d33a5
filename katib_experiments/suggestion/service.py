"""Katib's ``Suggestion`` service: one request, one answer, nothing to remember in between."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import Any

import grpc

from katib_experiments.algorithms import algorithm
from katib_experiments.algorithms.base import Algorithm, History
from katib_experiments.experiment.model import Experiment
from katib_experiments.suggestion.checks import check_experiment
from katib_experiments.suggestion.convert import document_of, experiment_of, suggestions_reply
from katib_experiments.suggestion.exactly import PADDING, exactly
from katib_experiments.suggestion.recent import Recent, Seen
from katib_experiments.suggestion.rpc import handler
from katib_experiments.suggestion.stubs import PACKAGE, Message, SuggestionsRequest, api

_LOG = logging.getLogger(__name__)


@dataclass
class _Known:
    """An Experiment as the last request described it. A new one when it is edited."""

    experiment: Experiment
    padding: int
    search: Algorithm


class SuggestionService:
    """Of any number of Experiments, though Katib starts a service for each."""

    def __init__(self) -> None:
        # A search may keep what it has learned from one request to the next.
        self._lock = threading.Lock()
        self._known: Recent[_Known] = Recent()
        self._seen: Recent[Seen] = Recent()

    def handler(self) -> grpc.GenericRpcHandler:
        validation = api.ValidateAlgorithmSettingsRequest
        return handler(
            f"{PACKAGE}.Suggestion",
            {
                "GetSuggestions": (SuggestionsRequest, self.suggest),
                "ValidateAlgorithmSettings": (validation, self.validate),
            },
        )

    def validate(self, request: Message) -> Message:
        check_experiment(document_of(request.experiment))
        return api.ValidateAlgorithmSettingsReply()

    def suggest(self, request: Message) -> Message:
        """As many points as ``current_request_number`` says."""
        count = request.current_request_number
        if count <= 0:
            return api.GetSuggestionsReply()
        with self._lock:
            start = time.monotonic()
            message = api.Experiment.FromString(request.experiment)
            known = self._known.get(request.experiment, lambda: _known(message))
            trials = self._seen.get(message.name, Seen).trials(request.trials)
            # Katib counts in the total what it asks for now; without a total there is the list.
            before = request.total_request_number - count
            history = History(known.experiment, trials, before if before >= 0 else len(trials))
            given, padding = exactly(known.search, history, count, known.padding)
            milliseconds = (time.monotonic() - start) * 1000
        _LOG.info(
            "%s: %s after %d, of which %d Trials are known: %.0f ms",
            *(message.name, count, history.asked, len(trials), milliseconds),
        )
        return suggestions_reply(given, {PADDING: str(padding)} if padding else {})


def _known(message: Message) -> _Known:
    document = document_of(message)
    padding = _taken(document["spec"]["algorithm"])
    check_experiment(document, running=True)
    experiment = experiment_of(document)
    return _Known(experiment, padding, algorithm(experiment.algorithm.name))


def _taken(spec: dict[str, Any]) -> int:
    """The padding, taken out of the algorithm's settings."""
    settings = spec["algorithmSettings"]
    own = [each["value"] for each in settings if each["name"] == PADDING]
    spec["algorithmSettings"] = [each for each in settings if each["name"] != PADDING]
    return int(own[0]) if own and own[0].isdecimal() else 0
