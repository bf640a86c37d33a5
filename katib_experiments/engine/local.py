"""Experiments on this machine: a folder each, a journal in it, and the loop to run them.

::

    runs/<experiment>/
        experiment.yaml     the document, defaults filled in
        journal.db          all that happened
        lock                who runs it
        trials/<trial>/     its working directory, with output.log
"""

from __future__ import annotations

import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, Literal

from katib_experiments.algorithms import NAMES, algorithm
from katib_experiments.backend import Outcome
from katib_experiments.engine.events import Became, Created, Edited, Event
from katib_experiments.engine.history import State, fold
from katib_experiments.engine.journal import FILE, Lock, SqliteJournal, locked
from katib_experiments.engine.launch import backoff_limit, launch_of
from katib_experiments.engine.loop import Loop
from katib_experiments.engine.metrics import LineTail, collector_of
from katib_experiments.engine.runner import OUTPUT, Launch, Runner, choose
from katib_experiments.errors import (
    ExperimentNotFound,
    RunnerError,
    TrialNotFound,
)
from katib_experiments.experiment.changes import counts_of, refuse_changes
from katib_experiments.experiment.document import dumps, parse
from katib_experiments.experiment.model import Experiment, ExperimentCondition, Trial
from katib_experiments.experiment.space import Space
from katib_experiments.experiment.template import pod_spec, primary_container, render
from katib_experiments.stopping import early_stopping

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_FOLLOW_SECONDS = 0.2

RunnerChoice = Literal["auto", "warm", "process", "docker"] | Callable[[Launch], Runner]


class LocalBackend:
    """The :class:`~katib_experiments.backend.Backend` whose Trials are processes of this machine.

    ``runner`` names how they run, or makes the runner for Trials like the Launch it is given.
    Between :meth:`submit` and the end of :meth:`watch` no other process can run the Experiment.
    """

    def __init__(self, root: Path = Path("runs"), *, runner: RunnerChoice = "auto") -> None:
        self._root = Path(root)
        self._runner = runner
        self._locks: dict[str, Lock] = {}
        self._loop: Loop | None = None
        self._interrupts = 0

    def directory(self, name: str) -> Path:
        """Where all that belongs to the Experiment is kept."""
        if not _NAME.fullmatch(name):
            raise ExperimentNotFound(f'"{name}" is no name of an Experiment')
        return self._root / name

    def submit(self, experiment: Experiment) -> None:
        """As :meth:`Backend.submit`. Also raises RunnerError for what one machine cannot run."""
        directory = self.directory(experiment.name)
        _check(experiment)
        directory.mkdir(parents=True, exist_ok=True)
        if experiment.name not in self._locks:
            self._locks[experiment.name] = Lock(directory)
        try:
            with closing(SqliteJournal(directory)) as journal:
                added = _submission(experiment, journal.read())
                _write(directory / "experiment.yaml", dumps(dict(experiment.document)))
                journal.append(added)
        except BaseException:
            self._locks.pop(experiment.name).release()
            raise

    def watch(self, name: str) -> Iterator[Outcome]:
        """As :meth:`Backend.watch`: advancing the iterator is what runs the Experiment. Without an
        ended condition it ends after :meth:`interrupt`. Raises ExperimentBusy as :meth:`submit`
        does, and RunnerError where no Trial can be started here."""
        directory = self._existing(name)
        if name not in self._locks:
            self._locks[name] = Lock(directory)
        self._interrupts = 0
        return self._watch(directory)

    def _watch(self, directory: Path) -> Iterator[Outcome]:
        lock = self._locks.pop(directory.name, None) or Lock(directory)
        try:
            with closing(SqliteJournal(directory)) as journal:
                state = _state(directory, journal.read())
                if state.status.condition.ended:
                    yield state.outcome()
                    return
                self._loop = self._looped(state, journal, directory)
                for _ in range(self._interrupts):  # that came while the algorithm was imported
                    self._loop.interrupt()
                yield from self._loop.run()
        finally:
            self._loop = None
            lock.release()

    def _looped(self, state: State, journal: SqliteJournal, directory: Path) -> Loop:
        experiment = state.experiment
        launch, manifest = _example_launch(experiment)
        runner = self._runner
        return Loop(
            state,
            journal,
            algorithm=algorithm(experiment.algorithm.name),
            stopping=(
                early_stopping(experiment.early_stopping.name)
                if experiment.early_stopping
                else None
            ),
            runner=runner(launch) if callable(runner) else choose(launch, runner),
            launch=partial(_launch, experiment),
            directory=directory / "trials",
            backoff_limit=backoff_limit(manifest),
        )

    def interrupt(self) -> None:
        """End :meth:`watch` once the running Trials have; when called again, kill them first. They
        run again when the Experiment is taken up. Safe in a signal handler."""
        self._interrupts += 1
        if self._loop is not None:
            self._loop.interrupt()

    def outcome(self, name: str) -> Outcome:
        directory = self._existing(name)
        return _state(directory, _events(directory)).outcome()

    def names(self) -> list[str]:
        made = {
            path.parent.name: path.stat().st_mtime for path in self._root.glob("*/experiment.yaml")
        }
        return sorted(made, key=lambda name: (made[name], name), reverse=True)

    def logs(self, name: str, trial: str, *, follow: bool = False) -> Iterator[str]:
        directory = self._existing(name)
        state = _state(directory, _events(directory))
        if trial not in state.trials:
            raise TrialNotFound(f'experiment {name} has no Trial "{trial}"')
        return _lines(directory, state, trial, follow=follow)

    def delete(self, name: str) -> None:
        """As :meth:`Backend.delete`. Raises ExperimentBusy while some process runs it."""
        directory = self._existing(name)
        lock = self._locks.pop(name, None) or Lock(directory)
        try:
            shutil.rmtree(directory)
        finally:
            lock.release()

    def _existing(self, name: str) -> Path:
        directory = self.directory(name)
        if not (directory / FILE).is_file():
            raise ExperimentNotFound(f"no experiment {name} in {self._root}")
        return directory


def _events(directory: Path, after: int = 0) -> list[Event]:
    with closing(SqliteJournal(directory)) as journal:
        return journal.read(after)


def _state(directory: Path, events: list[Event]) -> State:
    """The state of the run in ``directory``, whose first event holds the document."""
    if not events or not isinstance(events[0], Created):
        raise ExperimentNotFound(f"{directory} holds no experiment: its journal is empty")
    return fold(parse(events[0].document), events)


def _lines(directory: Path, state: State, trial: str, *, follow: bool) -> Iterator[str]:
    tail, read = LineTail(directory / "trials" / trial / OUTPUT), len(_events(directory))
    while follow and trial in state.active and locked(directory):
        yield from tail.read()
        time.sleep(_FOLLOW_SECONDS)
        news = _events(directory, read)
        read += len(news)
        for event in news:
            state.apply(event)
    yield from tail.read(final=True)


def _submission(experiment: Experiment, events: list[Event]) -> list[Event]:
    """What a submission adds to the events of the run that exists already."""
    now = time.time()
    counts = counts_of(experiment)
    if not events:
        return [Created(time=now, document=experiment.document)]
    assert isinstance(events[0], Created)
    refuse_changes(experiment.name, events[0].document, experiment.document)
    state = fold(parse(events[0].document), events)
    if counts == counts_of(state.experiment):
        return []
    added: list[Event] = [Edited(time=now, counts=counts)]
    if state.status.condition.ended:
        added.append(
            Became(
                time=now,
                condition=ExperimentCondition.RESTARTING,
                reason="ExperimentRestarting",
                message="Experiment is restarted",
            )
        )
    return added


def _write(path: Path, text: str) -> None:
    """The whole of it or nothing."""
    part = path.with_name(f".{path.name}")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def _launch(experiment: Experiment, trial: Trial, directory: Path) -> Launch:
    manifest = render(experiment, trial.name, trial.assignments)
    return launch_of(
        manifest,
        primary_container(manifest, experiment),
        pod_spec(manifest, experiment),
        trial=trial.name,
        directory=directory,
        collector=experiment.metrics_collector,
    )


def _check(experiment: Experiment) -> None:
    """Raise RunnerError for an Experiment that is right and yet cannot run on this machine."""
    name = experiment.algorithm.name
    if name not in NAMES:
        raise RunnerError(f'spec.algorithm.algorithmName: "{name}" runs only on a Katib cluster')
    if not experiment.trial_template.trial_spec:
        raise RunnerError("spec.trialTemplate.configMap: can be read only on a cluster")
    collector_of(experiment, Path())
    _example_launch(experiment)


def _example_launch(experiment: Experiment) -> tuple[Launch, dict[str, Any]]:
    """A Launch as every Trial's will be, and its manifest; RunnerError where none is possible."""
    assignments = Space.of(experiment).from_unit([0.5] * len(experiment.parameters))
    trial = Trial(f"{experiment.name}-example", assignments)
    with tempfile.TemporaryDirectory() as directory:
        launch = _launch(experiment, trial, Path(directory))
    return launch, render(experiment, trial.name, assignments)
