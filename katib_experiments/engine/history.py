"""The state of a run, as a fold over its events.

The engine's loop only ever appends events; whatever it decides, it decides from this state, so that
a run can be taken up from its journal alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from katib_experiments.backend import Outcome
from katib_experiments.engine.events import (
    Became,
    Crashed,
    Created,
    Edited,
    Ended,
    Event,
    Reported,
    Started,
    Stopped,
    Suggested,
)
from katib_experiments.engine.metrics import observation_of
from katib_experiments.experiment.changes import COUNTS
from katib_experiments.experiment.model import (
    Condition,
    Experiment,
    ExperimentCondition,
    ExperimentStatus,
    Metric,
    MetricLog,
    Trial,
    TrialCondition,
    optimal_trial,
)
from katib_experiments.metrics import Reduction


class State:
    """An Experiment and its Trials after some events; :meth:`apply` takes in the next one.

    The cost of an event does not grow with the number of those before it.
    """

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment
        self.status = ExperimentStatus()
        self.trials: dict[str, Trial] = {}
        """By name, in the order of their making."""
        self.counts: Counter[TrialCondition] = Counter()
        self.active: dict[str, None] = {}
        """The names of the Trials that have not ended, in the order of their making."""
        self.attempts: Counter[str] = Counter()
        """How often each active Trial was started."""
        self.crashes: Counter[str] = Counter()
        """How many of these attempts failed by themselves (as opposed to the engine's end)."""
        self.stopped: dict[str, Stopped] = {}
        """The active Trials that were told to end."""
        self._numbers: dict[str, int] = {}
        self._logs: dict[str, tuple[MetricLog, ...]] = {}
        self._growing: dict[str, list[MetricLog]] = {}
        self._reductions: dict[str, dict[str, Reduction]] = {}

    @property
    def ended_count(self) -> int:
        return len(self.trials) - len(self.active)

    @property
    def failed_count(self) -> int:
        """Trials that count towards ``maxFailedTrialCount``."""
        return self.counts[TrialCondition.FAILED] + self.counts[TrialCondition.METRICS_UNAVAILABLE]

    def outcome(self) -> Outcome:
        """A snapshot that later events leave alone."""
        return Outcome(self.experiment, self.status, tuple(self.trials.values()), self.logs())

    def logs(self) -> dict[str, tuple[MetricLog, ...]]:
        """Every Trial's reports; a copy."""
        growing = {name: tuple(logs) for name, logs in self._growing.items()}
        return {**self._logs, **growing}

    def ended_logs(self) -> Mapping[str, tuple[MetricLog, ...]]:
        """The reports of the Trials that ended; no copy."""
        return self._logs

    def apply(self, event: Event) -> None:
        """Take in ``event``."""
        self._TRANSITIONS[type(event)](self, event)

    def _created(self, event: Created) -> None:
        self.status = replace(self.status, start_time=event.time)
        self._condition(
            event.time, ExperimentCondition.CREATED, "ExperimentCreated", "Experiment is created"
        )

    def _edited(self, event: Edited) -> None:
        self.experiment = with_counts(self.experiment, event.counts)

    def _became(self, event: Became) -> None:
        self._condition(event.time, event.condition, event.reason, event.message)
        time = event.time if event.condition.ended else None
        self.status = replace(self.status, completion_time=time)

    def _condition(
        self, time: float, condition: ExperimentCondition, reason: str, message: str
    ) -> None:
        entry = Condition(condition, reason, message, time)
        self.status = replace(self.status, conditions=(*self.status.conditions, entry))

    def _suggested(self, event: Suggested) -> None:
        self._numbers[event.trial] = len(self.trials)
        self.active[event.trial] = None
        self._put(Trial(event.trial, event.assignments, labels=event.labels))

    def _started(self, event: Started) -> None:
        self.attempts[event.trial] = event.attempt
        self._growing[event.trial] = []
        self._reductions[event.trial] = {}
        self._put(
            replace(
                self.trials[event.trial],
                condition=TrialCondition.RUNNING,
                observation={},
                rules=event.rules,
                start_time=event.time,
                reason="TrialRunning",
                message="Trial is running",
            )
        )

    def _reported(self, event: Reported) -> None:
        reductions = self._reductions[event.trial]
        for log in event.logs:
            reductions.setdefault(log.name, Reduction()).add(log)
        self._growing[event.trial].extend(event.logs)
        observation = {name: reduction.metric(name) for name, reduction in reductions.items()}
        self._put(replace(self.trials[event.trial], observation=observation))

    def _crashed(self, event: Crashed) -> None:
        self.crashes[event.trial] += 1
        self._put(replace(self.trials[event.trial], message=event.message))

    def _stopped(self, event: Stopped) -> None:
        self.stopped[event.trial] = event

    def _ended(self, event: Ended) -> None:
        for record in (self.active, self.attempts, self.crashes, self.stopped, self._reductions):
            record.pop(event.trial, None)
        self._logs[event.trial] = tuple(self._growing.pop(event.trial, ()))
        trial = replace(
            self.trials[event.trial],
            condition=event.condition,
            observation=self._final(event),
            completion_time=event.time,
            reason=event.reason,
            message=event.message,
        )
        self._put(trial)
        self._compare(trial)

    def _final(self, event: Ended) -> Mapping[str, Metric]:
        """As Katib has it, a Trial that failed or was killed has no observation."""
        if event.condition in (TrialCondition.FAILED, TrialCondition.KILLED):
            return {}
        available = event.condition is not TrialCondition.METRICS_UNAVAILABLE
        reported = self.trials[event.trial].observation
        return observation_of(self.experiment, reported, available=available)

    def _compare(self, trial: Trial) -> None:
        """Keep the best; of equals, the one made first."""
        rivals = [rival for rival in (self.status.optimal, trial) if rival is not None]
        rivals.sort(key=lambda rival: self._numbers[rival.name])
        best = optimal_trial(self.experiment.objective, rivals)
        if best is not self.status.optimal:
            self.status = replace(self.status, optimal=best)

    def _put(self, trial: Trial) -> None:
        before = self.trials.get(trial.name)
        if before is not None:
            self.counts[before.condition] -= 1
        self.counts[trial.condition] += 1
        self.trials[trial.name] = trial

    _TRANSITIONS: ClassVar[Mapping[type[Event], Callable[[State, Any], None]]] = {
        Created: _created,
        Edited: _edited,
        Became: _became,
        Suggested: _suggested,
        Started: _started,
        Reported: _reported,
        Crashed: _crashed,
        Stopped: _stopped,
        Ended: _ended,
    }


def fold(experiment: Experiment, events: Iterable[Event]) -> State:
    """The state of a run: ``experiment`` as it was created, and all that happened since."""
    state = State(experiment)
    for event in events:
        state.apply(event)
    return state


def with_counts(experiment: Experiment, counts: Mapping[str, int | None]) -> Experiment:
    """``experiment`` and its document with other counts (by their names in the document)."""
    written = experiment.document.get("spec", {})
    spec = {key: value for key, value in written.items() if key not in COUNTS}
    spec |= {key: value for key, value in counts.items() if value is not None}
    model: dict[str, Any] = {COUNTS[key]: value for key, value in counts.items()}
    return replace(experiment, document={**experiment.document, "spec": spec}, **model)
