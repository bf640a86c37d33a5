"""A run without processes: the loop over a fake runner and an algorithm that counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from katib_experiments.algorithms.base import Algorithm, History
from katib_experiments.backend import Outcome
from katib_experiments.engine.events import Created
from katib_experiments.engine.history import fold
from katib_experiments.engine.journal import Journal, MemoryJournal
from katib_experiments.engine.loop import Loop
from katib_experiments.engine.runner import Launch
from katib_experiments.experiment.model import Experiment, Suggestion
from tests.support.builders import an_experiment, double
from tests.support.runners import FakeRunner, Script


class Counting:
    """Gives x = 0, 1, 2, …"""

    def suggest(self, history: History, count: int) -> list[Suggestion]:
        return [Suggestion({"x": str(history.asked + index)}) for index in range(count)]


@dataclass
class Run:
    """One Experiment's journal and folder, and loops over them one after another."""

    directory: Path
    experiment: Experiment
    script: Callable[[int], Script]
    """What the Trial of x does."""
    algorithm: Algorithm = field(default_factory=Counting)
    journal: Journal = field(default_factory=MemoryJournal)
    options: dict[str, Any] = field(default_factory=dict)

    def loop(self) -> Loop:
        """A loop that takes the run up from its journal."""
        if not self.journal.read():
            self.journal.append([Created(time=0.0, document={})])
        self.runner = FakeRunner(lambda launch: self.script(int(launch.environment["x"])))
        return Loop(
            fold(self.experiment, self.journal.read()),
            self.journal,
            algorithm=self.algorithm,
            runner=self.runner,
            launch=lambda trial, folder: Launch(trial.name, ("x",), folder, trial.assignments),
            directory=self.directory,
            interval=0.0,
            **self.options,
        )

    def outcomes(self) -> Iterator[Outcome]:
        return self.loop().run()

    def end(self) -> Outcome:
        return list(self.outcomes())[-1]


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Run]:
    def made(
        script: Callable[[int], Script] | Sequence[Script],
        options: dict[str, Any] | None = None,
        algorithm: Algorithm | None = None,
        **fields: Any,
    ) -> Run:
        play = script if callable(script) else script.__getitem__
        fields = {"parallel_trial_count": 2, "max_trial_count": 6, "metric": "acc"} | fields
        experiment = an_experiment([double("x", 0, 1)], **fields)
        return Run(tmp_path, experiment, play, algorithm or Counting(), options=options or {})

    return made
