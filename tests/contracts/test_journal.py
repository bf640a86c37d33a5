"""What holds for every journal."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys

import pytest

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
from katib_experiments.engine.history import fold
from katib_experiments.engine.journal import (
    FILE,
    Journal,
    Lock,
    MemoryJournal,
    SqliteJournal,
    locked,
)
from katib_experiments.errors import AutomlError, ExperimentBusy
from katib_experiments.experiment.model import (
    EarlyStoppingRule,
    ExperimentCondition,
    MetricLog,
    TrialCondition,
)
from tests.support.builders import an_experiment

RUNNING = ExperimentCondition.RUNNING
EVENTS: list[Event] = [
    Created(time=1.0, document={"spec": {"maxTrialCount": 3, "text": 'é "quoted"\n'}}),
    Became(
        time=2.0, condition=RUNNING, reason="ExperimentRunning", message="Experiment is running"
    ),
    Suggested(time=3.0, trial="a", assignments={"x": "0.1"}, labels={"rung": "1"}),
    Started(
        time=4.0, trial="a", attempt=1, rules=(EarlyStoppingRule("val_accuracy", "0.5", "less", 4),)
    ),
    Reported(time=5.0, trial="a", logs=(MetricLog(4.5, "val_accuracy", "0.70"),)),
    Crashed(time=6.0, trial="a", message="Exit code 1"),
    Started(time=7.0, trial="a", attempt=2),
    Reported(time=8.0, trial="a", logs=(MetricLog(7.5, "val_accuracy", "1e-3"),)),
    Stopped(
        time=9.0, trial="a", condition=TrialCondition.EARLY_STOPPED, reason="R", message="stopped"
    ),
    Ended(time=10.0, trial="a", condition=TrialCondition.EARLY_STOPPED, reason="R", message="M"),
    Edited(time=11.0, counts={"maxTrialCount": 5, "parallelTrialCount": 1}),
]


@pytest.fixture(params=["sqlite", "memory"])
def journal(request, tmp_path):
    made = SqliteJournal(tmp_path) if request.param == "sqlite" else MemoryJournal()
    yield made
    made.close()


def test_events_come_back_as_they_were_and_in_order(journal: Journal):
    journal.append(EVENTS[:4])
    journal.append(EVENTS[4:])
    assert journal.read() == EVENTS


def test_a_reader_may_go_on_from_where_it_was(journal: Journal):
    journal.append(EVENTS)
    assert journal.read(after=3) == EVENTS[3:]
    assert journal.read(after=len(EVENTS)) == []


def test_an_append_that_fails_keeps_nothing_of_it(journal: Journal):
    wrong = Created(time=1.0, document={"spec": object()})
    with pytest.raises(TypeError):
        journal.append([EVENTS[0], wrong])
    journal.append(EVENTS[1:2])
    assert journal.read() == EVENTS[1:2]


def test_the_fold_of_what_was_read_is_the_fold_of_what_was_written(journal: Journal):
    journal.append(EVENTS)
    experiment = an_experiment()
    assert fold(experiment, journal.read()).outcome() == fold(experiment, EVENTS).outcome()


def test_closing_twice_is_no_error(journal: Journal):
    journal.close()
    journal.close()


def test_a_journal_of_a_file_is_there_for_the_next_process(tmp_path):
    first = SqliteJournal(tmp_path)
    first.append(EVENTS)
    second = SqliteJournal(tmp_path)
    assert second.read() == EVENTS
    first.close()
    second.close()


@pytest.mark.parametrize("torn", [1, 100, 4000])
def test_a_write_that_was_cut_off_is_as_if_it_never_was(tmp_path, torn):
    """Of the write-ahead log only the head of the last transaction reached the disk."""
    living, crashed = tmp_path / "living", tmp_path / "crashed"
    living.mkdir()
    journal = SqliteJournal(living)
    journal.append(EVENTS[:6])
    whole = (living / f"{FILE}-wal").stat().st_size
    journal.append(EVENTS[6:])
    shutil.copytree(living, crashed)
    journal.close()
    os.truncate(crashed / f"{FILE}-wal", whole + torn)
    recovered = SqliteJournal(crashed)
    assert recovered.read() == EVENTS[:6]
    recovered.append(EVENTS[6:])
    assert recovered.read() == EVENTS
    recovered.close()


APPEND_AND_DIE = """
import os, sys
from pathlib import Path
from katib_experiments.engine.events import Crashed
from katib_experiments.engine.journal import SqliteJournal
journal = SqliteJournal(Path(sys.argv[1]))
for number in range(50):
    journal.append([Crashed(time=float(number), trial="a", message="")] * 3)
os.kill(os.getpid(), 9)
"""


def test_what_a_killed_process_appended_is_kept(tmp_path):
    reader = SqliteJournal(tmp_path)
    writer = subprocess.Popen([sys.executable, "-c", APPEND_AND_DIE, tmp_path])
    while writer.poll() is None:
        assert len(reader.read()) % 3 == 0, "a reader sees whole transactions"
    reader.close()
    journal = SqliteJournal(tmp_path)
    assert [event.time for event in journal.read()] == [number // 3 for number in range(150)]
    journal.close()


def test_a_file_that_is_no_journal_is_refused(tmp_path):
    (tmp_path / FILE).write_text("something else " * 100)
    with pytest.raises(AutomlError, match="not a journal"):
        SqliteJournal(tmp_path)


def test_a_journal_of_a_newer_version_is_refused(tmp_path):
    SqliteJournal(tmp_path).close()
    with sqlite3.connect(tmp_path / FILE) as database:
        database.execute("PRAGMA user_version=99")
    database.close()
    with pytest.raises(AutomlError, match="newer version"):
        SqliteJournal(tmp_path)


def test_only_one_may_run_an_experiment_and_the_other_is_told_who_does(tmp_path):
    lock = Lock(tmp_path)
    assert locked(tmp_path)
    with pytest.raises(ExperimentBusy, match=f"run by process {os.getpid()};"):
        Lock(tmp_path)
    lock.release()
    assert not locked(tmp_path)
    Lock(tmp_path).release()


def test_looking_at_a_lock_does_not_take_it(tmp_path):
    assert not locked(tmp_path)
    assert not (tmp_path / "lock").exists()
