"""Whatever moment everything is killed at, nothing that had ended is lost."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
import yaml

from katib_experiments.backend import Outcome
from katib_experiments.engine import LocalBackend
from katib_experiments.engine.events import Ended, Event, Started, Suggested
from katib_experiments.engine.journal import SqliteJournal
from katib_experiments.experiment.model import Trial
from tests.support.documents import a_document

TRIALS, KILLS = 99, 20
LINES = 3
SCRIPT = (
    f"x=${{trialParameters.x}}; for i in $(seq {LINES}); do echo accuracy=0.$i; sleep 0.1; done"
)
ENGINE = """
import sys
from pathlib import Path
from katib_experiments.engine import LocalBackend
from katib_experiments.experiment import read
experiment = read(Path(sys.argv[1]))
print("ready", flush=True)
backend = LocalBackend(Path(sys.argv[2]), runner="process")
backend.submit(experiment)
for _ in backend.watch(experiment.name):
    pass
"""


def the_document(directory: Path) -> Path:
    space = {"min": "0.01", "max": f"0.{TRIALS}", "step": "0.01"}
    parameter = {"name": "x", "parameterType": "double", "feasibleSpace": space}
    data = a_document(
        command=("sh", "-c", SCRIPT),
        parameters=[parameter],
        parallelTrialCount=4,
        maxTrialCount=TRIALS,
    )
    path = directory / "experiment.yaml"
    path.write_text(yaml.safe_dump(data))
    return path


def engine(document: Path, runs: Path) -> subprocess.Popen[bytes]:
    """A process that runs the Experiment, in a group of its own."""
    process = subprocess.Popen(
        [sys.executable, "-c", ENGINE, document, runs],
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.stdout.close()
    return process


def kill(process: subprocess.Popen[bytes]) -> bool:
    """kill -9 to the whole group; whether it was still running."""
    running = process.poll() is None
    if running:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return running


def events(directory: Path) -> list[Event]:
    journal = SqliteJournal(directory)
    found = journal.read()
    journal.close()
    return found


def ended(outcome: Outcome) -> dict[str, tuple[Trial, object]]:
    return {
        trial.name: (trial, outcome.logs[trial.name])
        for trial in outcome.trials
        if trial.condition.ended
    }


@pytest.mark.slow
def test_no_trial_is_lost_or_run_twice_over_twenty_kills(tmp_path):
    draw = random.Random(20)
    document, runs = the_document(tmp_path), tmp_path / "runs"
    backend = LocalBackend(runs)
    before: list[Event] = []
    results: dict[str, tuple[Trial, object]] = {}
    longest = 0.7  # seconds that a process lives at most
    for _ in range(KILLS):
        process = engine(document, runs)
        time.sleep(draw.uniform(0.0, longest))
        assert kill(process), "the run ended before it was killed often enough"
        if not backend.names():
            continue
        now = events(runs / "example")
        assert now[: len(before)] == before, "what was written stays as it was"
        longest *= 1.0 if len(now) > len(before) else 1.2
        before = now
        if now:
            found = ended(backend.outcome("example"))
            assert results.items() <= found.items(), "what had ended stays as it was"
            results = found
    assert any(isinstance(event, Started) and event.attempt > 1 for event in before)
    assert 0 < len(results) < TRIALS
    assert engine(document, runs).wait(120) == 0
    assert_every_point_once(backend.outcome("example"), events(runs / "example"), results)


def assert_every_point_once(outcome, history, results):
    assert results.items() <= ended(outcome).items()
    assert Counter(trial.condition.value for trial in outcome.trials) == {"Succeeded": TRIALS}
    assert len({trial.assignments["x"] for trial in outcome.trials}) == TRIALS
    for kind in (Suggested, Ended):
        names = [event.trial for event in history if isinstance(event, kind)]
        assert sorted(names) == sorted({trial.name for trial in outcome.trials})
    assert {len(logs) for logs in outcome.logs.values()} == {LINES}
