"""Plays Katib's controllers: suggestions become Trials, Trials run, their metrics decide the end.

Every decision is appended to the journal as an event before it takes effect outside, and read from
the state that the events fold to (:mod:`.history`). Where this differs from Katib on purpose is
listed in ``docs/katib.md``.
"""

from __future__ import annotations

import base64
import hashlib
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from katib_experiments.algorithms.base import Algorithm, History
from katib_experiments.backend import Outcome
from katib_experiments.engine.ending import (
    SUGGESTIONS_ENDED,
    Verdict,
    exit_text,
    sentences,
    verdict_of,
)
from katib_experiments.engine.events import (
    Became,
    Crashed,
    Ended,
    Event,
    Reported,
    Started,
    Stopped,
    Suggested,
)
from katib_experiments.engine.history import State
from katib_experiments.engine.journal import Journal
from katib_experiments.engine.metrics import Collector, collector_of
from katib_experiments.engine.runner import Exit, Launch, Runner
from katib_experiments.errors import AutomlError, RunnerError, SearchSpaceExhausted
from katib_experiments.experiment.model import (
    ExperimentCondition,
    Suggestion,
    Trial,
    TrialCondition,
)
from katib_experiments.stopping import EarlyStopping, RuleCheck

POLL_SECONDS = 0.1
"""How long a turn of the loop waits for a Trial to end before it looks at the metrics again."""

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


@dataclass(slots=True)
class _Running:
    launch: Launch
    collector: Collector
    check: RuleCheck


class Loop:
    """Runs an Experiment from ``state`` on, to its end or its interruption.

    ``launch`` turns a Trial and its folder, below ``directory``, into what the runner starts;
    ``interval`` is the least number of seconds between two Outcomes.
    """

    def __init__(
        self,
        state: State,
        journal: Journal,
        *,
        algorithm: Algorithm,
        runner: Runner,
        launch: Callable[[Trial, Path], Launch],
        directory: Path,
        stopping: EarlyStopping | None = None,
        backoff_limit: int = 0,
        interval: float = 0.2,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.state = state
        self._journal = journal
        self._algorithm = algorithm
        self._stopping = stopping
        self._runner = runner
        self._launch = launch
        self._directory = directory
        self._backoff_limit = backoff_limit
        self._interval = interval
        self._clock = clock
        self._running: dict[str, _Running] = {}
        self._unwritten: list[Event] = []
        self._changed = False  # since the last Outcome
        self._waiting = False  # the algorithm gave all it can until another Trial ends
        self._exhausted = False  # the algorithm will never give another point
        self._failure: AutomlError | None = None  # nothing new can be started any more
        self._interrupts = 0
        self._killed = False

    def interrupt(self) -> None:
        """Start nothing new, and return once the running Trials have ended; when called again, kill
        them (they run again when the run is taken up). Safe in a signal handler."""
        self._interrupts += 1

    def run(self) -> Iterator[Outcome]:
        """Yield an Outcome at the start, after changes and at the end.

        Raises RunnerError where no Trial can be started here. Closes the runner in the end.
        """
        try:
            self._take_up()
            yield self.state.outcome()
            shown, self._changed = time.monotonic(), False
            while self._turn():
                self._write()
                if self._changed and time.monotonic() - shown >= self._interval:
                    yield self.state.outcome()
                    shown, self._changed = time.monotonic(), False
            self._write()
            yield self.state.outcome()
        finally:
            self._runner.close()
        if isinstance(self._failure, RunnerError) and not self.state.status.condition.ended:
            raise self._failure

    def _take_up(self) -> None:
        """Trials that were told to stop have stopped with the engine; the others run again."""
        for name in list(self.state.stopped):
            self._end_stopped(name)
        if self.state.status.condition in (
            ExperimentCondition.CREATED,
            ExperimentCondition.RESTARTING,
        ):
            running = ExperimentCondition.RUNNING
            self._become(Verdict(running, "ExperimentRunning", "Experiment is running"))
        self._write()

    def _turn(self) -> bool:
        """One round; False when the run is over."""
        if self.state.status.condition.ended:
            return False
        verdict = verdict_of(self.state)
        if verdict is not None:
            self._wind_up(verdict)
        elif not self._interrupts and self._failure is None:
            self._suggest()
            self._start()
        if self._interrupts > 1 and not self._killed:
            self._killed = True
            for name in self._running:
                self._runner.kill(name)
        if not self._running:
            return self._stand_still(verdict)
        self._write()
        self._collect({ended.trial: ended for ended in self._runner.poll(POLL_SECONDS)})
        return True

    def _stand_still(self, verdict: Verdict | None) -> bool:
        """Nothing runs: name the end, or go on where the turn made another start possible."""
        if verdict is None and isinstance(self._failure, RunnerError):
            return False
        if verdict is None and self._failure is not None:
            message = f"Experiment has failed because {self._failure}"
            verdict = Verdict(ExperimentCondition.FAILED, "ExperimentFailed", message)
        if verdict is None and self._interrupts:
            return False
        if verdict is None and self._exhausted and not self.state.active:
            verdict = SUGGESTIONS_ENDED
        if verdict is not None:
            self._wind_up(verdict)
            self._become(verdict)
        return verdict is None

    # Trials that begin

    def _suggest(self) -> None:
        """Ask the algorithm for as many points as there are free places."""
        experiment, made = self.state.experiment, len(self.state.trials)
        wanted = experiment.parallel_trial_count - len(self.state.active)
        if experiment.max_trial_count is not None:
            wanted = min(wanted, experiment.max_trial_count - made)
        if wanted < 1 or self._waiting or self._exhausted:
            return
        name = experiment.algorithm.name
        try:
            history = History(experiment, tuple(self.state.trials.values()), made)
            suggestions = self._algorithm.suggest(history, wanted)
            self._check(suggestions, wanted)
        except SearchSpaceExhausted:
            self._exhausted = True
            return
        except Exception as error:  # whatever an algorithm does must lose no result
            self._failure = AutomlError(f"algorithm {name} failed: {_told(error)}")
            return
        self._waiting = len(suggestions) < wanted
        for suggestion in suggestions:
            self._add(suggestion)

    def _check(self, suggestions: list[Suggestion], wanted: int) -> None:
        if len(suggestions) > wanted:
            raise AutomlError(f"it gave {len(suggestions)} suggestions where {wanted} were asked")
        if not suggestions and not self.state.active:
            raise AutomlError("it gave no suggestion while no Trial was running")
        names = [suggestion.trial_name for suggestion in suggestions if suggestion.trial_name]
        for name in names:
            taken = name in self.state.trials or names.count(name) > 1
            if taken or len(name) > 63 or not _NAME.fullmatch(name):
                raise AutomlError(f'it named a Trial "{name}", which is taken or no valid name')

    def _add(self, suggestion: Suggestion) -> None:
        name = suggestion.trial_name or self._new_name()
        self._record(
            Suggested(
                time=self._clock(),
                trial=name,
                assignments=dict(suggestion.assignments),
                labels=dict(suggestion.labels),
            )
        )

    def _new_name(self) -> str:
        """As Katib's: the Experiment's name and eight characters; the same in every repetition."""
        experiment, number = self.state.experiment.name, len(self.state.trials)
        for salt in range(1000):
            digest = hashlib.sha256(f"{experiment} {number} {salt}".encode()).digest()
            name = f"{experiment}-{base64.b32encode(digest)[:8].decode().lower()}"
            if name not in self.state.trials:
                return name
        raise AssertionError("a thousand hashes collided")

    def _start(self) -> None:
        """Start what is due while there are places: new Trials, failed attempts, and those that ran
        when an earlier process ended."""
        group = []
        try:
            for name in list(self.state.active):
                if name in self._running:
                    continue
                if len(self._running) >= self.state.experiment.parallel_trial_count:
                    break
                group.append(self._begin(name))
            if group:
                self._write()
                self._runner.start(group)
        except AutomlError as error:
            self._failure = error
            for launch in group:
                self._running.pop(launch.trial, None)

    def _begin(self, name: str) -> Launch:
        directory = self._directory / name
        _set_aside(directory, self.state.attempts[name])
        launch = self._launch(self.state.trials[name], directory)
        rules = self.state.trials[name].rules
        attempt = self.state.attempts[name] + 1
        if attempt == 1 and self._stopping is not None:
            trials = tuple(self.state.trials.values())
            rules = self._stopping.rules(self.state.experiment, trials, self.state.ended_logs())
        collector = collector_of(self.state.experiment, launch.directory)
        self._record(Started(time=self._clock(), trial=name, attempt=attempt, rules=rules))
        check = RuleCheck(self.state.experiment.objective, rules)
        self._running[name] = _Running(launch, collector, check)
        return launch

    # Trials that run and end

    def _collect(self, exits: dict[str, Exit]) -> None:
        """Read what the running Trials reported, and end those whose process did."""
        for name, running in list(self._running.items()):
            ended = exits.get(name)
            logs = running.collector.read(final=ended is not None)
            if logs:
                self._record(Reported(time=self._clock(), trial=name, logs=tuple(logs)))
            if ended is not None:
                del self._running[name]
                self._end(name, ended, running)
            elif name not in self.state.stopped and running.check.met(logs):
                condition = TrialCondition.EARLY_STOPPED
                self._stop(name, condition, "TrialEarlyStopped", "Trial is early stopped")

    def _stop(self, name: str, condition: TrialCondition, reason: str, message: str) -> None:
        self._record(
            Stopped(
                time=self._clock(), trial=name, condition=condition, reason=reason, message=message
            )
        )
        self._runner.kill(name)

    def _end(self, name: str, ended: Exit, running: _Running) -> None:
        trial = self.state.trials[name]
        succeeded = ended.code == 0 and not ended.reason
        if name in self.state.stopped:
            self._end_stopped(name)
        elif self._killed:
            return  # even with status 0: a program may end well on SIGTERM without having finished
        elif succeeded and self.state.experiment.objective.metric in trial.observation:
            message = sentences("Trial has succeeded", running.collector.note)
            self._ended(name, TrialCondition.SUCCEEDED, "TrialSucceeded", message)
        elif succeeded:
            message = sentences("Metrics are not available", running.collector.note)
            condition = TrialCondition.METRICS_UNAVAILABLE
            self._ended(name, condition, "MetricsUnavailable", message)
        else:
            self._failed(name, ended, running)

    def _failed(self, name: str, ended: Exit, running: _Running) -> None:
        message = sentences("Trial has failed", exit_text(ended, running.launch))
        # A Job's deadline is for all its attempts together; after it there is no other.
        retried = self.state.crashes[name] < self._backoff_limit
        if retried and ended.reason != "DeadlineExceeded":
            self._record(Crashed(time=self._clock(), trial=name, message=message))
            return
        reason = f"TrialFailed. Job reason: {ended.reason}" if ended.reason else "TrialFailed"
        self._ended(name, TrialCondition.FAILED, reason, message)

    def _end_stopped(self, name: str) -> None:
        stopped = self.state.stopped[name]
        self._ended(name, stopped.condition, stopped.reason, stopped.message)

    def _ended(self, name: str, condition: TrialCondition, reason: str, message: str) -> None:
        self._waiting = False
        self._record(
            Ended(
                time=self._clock(), trial=name, condition=condition, reason=reason, message=message
            )
        )

    def _wind_up(self, verdict: Verdict) -> None:
        """The Experiment is decided: what still runs is stopped, what waits never starts."""
        reason = verdict.reason.removeprefix("Experiment")
        message = f"Trial was killed. {verdict.message}"
        for name in list(self.state.active):
            if name not in self._running:
                self._ended(name, TrialCondition.KILLED, reason, message)
            elif name not in self.state.stopped:
                self._stop(name, TrialCondition.KILLED, reason, message)

    # The journal

    def _become(self, verdict: Verdict) -> None:
        self._record(
            Became(
                time=self._clock(),
                condition=verdict.condition,
                reason=verdict.reason,
                message=verdict.message,
            )
        )

    def _record(self, event: Event) -> None:
        self.state.apply(event)
        self._unwritten.append(event)
        self._changed = True

    def _write(self) -> None:
        """Append what happened since the last call."""
        if self._unwritten:
            self._journal.append(self._unwritten)
            self._unwritten = []


def _set_aside(directory: Path, attempts: int) -> None:
    """Make the Trial's folder; what an earlier attempt left there moves to ``attempt-N``."""
    directory.mkdir(parents=True, exist_ok=True)
    aside = directory / f"attempt-{attempts}"
    for path in list(directory.iterdir()):
        if not re.fullmatch(r"attempt-\d+", path.name):
            aside.mkdir(exist_ok=True)
            path.replace(aside / path.name)


def _told(error: Exception) -> str:
    return str(error) if isinstance(error, AutomlError) else f"{type(error).__name__}: {error}"
