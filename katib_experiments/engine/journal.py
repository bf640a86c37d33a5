"""Where a run's events are kept: an SQLite file, or memory.

One process writes, any number read. The file is in WAL mode with ``synchronous=NORMAL``: what was
appended survives ``kill -9`` of every process; after a power failure the last transactions may be
missing, and then the Trials they told of run again. A transaction costs about 0.05 ms; waiting for
the disk each time (FULL) costs four times that.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from katib_experiments.engine.events import Event, decode, encode
from katib_experiments.errors import AutomlError, ExperimentBusy

FILE = "journal.db"
VERSION = 1
"""Of the events' meaning; a journal of a newer version is refused."""


class Journal(Protocol):
    def append(self, events: Sequence[Event]) -> None:
        """Keep these events, all or none of them, after those kept before."""
        ...

    def read(self, after: int = 0) -> list[Event]:
        """The events kept, in order, without the first ``after``."""
        ...

    def close(self) -> None:
        """Free everything. May be called twice."""
        ...


class MemoryJournal:
    """Forgotten with the process; for tests and dry runs. Keeps the text of the events, so that
    what could not be written to a file fails here too."""

    def __init__(self) -> None:
        self._texts: list[str] = []

    def append(self, events: Sequence[Event]) -> None:
        self._texts += [encode(event) for event in events]

    def read(self, after: int = 0) -> list[Event]:
        return [decode(text) for text in self._texts[after:]]

    def close(self) -> None:
        pass


class SqliteJournal:
    """``journal.db`` in the run's ``directory``, one row per event.

    Raises AutomlError for a file that is no journal, or one of a newer version.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / FILE
        # The loop is a generator: its consumer may advance it from another thread than the one that
        # opened the journal, though never from two at once.
        self._database = sqlite3.connect(
            self._path, isolation_level=None, timeout=30, check_same_thread=False
        )
        try:
            self._prepare()
        except sqlite3.DatabaseError as error:
            self._database.close()
            raise AutomlError(f"{self._path}: not a journal of a run: {error}") from None
        except AutomlError:
            self._database.close()
            raise

    def _prepare(self) -> None:
        execute = self._database.execute
        (version,) = execute("PRAGMA user_version").fetchone()
        if version > VERSION:
            raise AutomlError(
                f"{self._path}: written by a newer version of this program "
                f"(journal version {version}; this one knows up to {VERSION})"
            )
        execute("PRAGMA synchronous=NORMAL")
        if version == 0:
            execute("PRAGMA journal_mode=WAL")
            execute("CREATE TABLE IF NOT EXISTS events (number INTEGER PRIMARY KEY, body TEXT)")
            execute(f"PRAGMA user_version={VERSION}")

    def append(self, events: Sequence[Event]) -> None:
        rows = [(encode(event),) for event in events]
        try:
            self._database.execute("BEGIN IMMEDIATE")
            with self._database:
                self._database.executemany("INSERT INTO events (body) VALUES (?)", rows)
        except sqlite3.Error as error:
            raise AutomlError(f"{self._path}: cannot be written: {error}") from error

    def read(self, after: int = 0) -> list[Event]:
        query = "SELECT body FROM events WHERE number > ? ORDER BY number"
        return [decode(body) for (body,) in self._database.execute(query, (after,))]

    def close(self) -> None:
        self._database.close()


class Lock:
    """The right to run one Experiment: held by one process at a time, until ``release()`` or the
    process's end, whatever ends it.

    Raises ExperimentBusy, naming the process that holds it.
    """

    def __init__(self, directory: Path) -> None:
        self._file = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        # Closing the file gives the lock up; a Lock that nobody holds any more does so too.
        self.release = weakref.finalize(self, os.close, self._file)
        if not self._taken():
            holder = os.read(self._file, 20).decode() or "?"
            self.release()
            raise ExperimentBusy(
                f"experiment {directory.name} is being run by process {holder}; "
                "wait for its end, or end it"
            )
        os.truncate(self._file, 0)
        os.write(self._file, str(os.getpid()).encode())

    def _taken(self) -> bool:
        # More than once, because a look of :func:`locked` holds it for a moment too.
        for attempt in range(5):
            time.sleep(0.01 * min(attempt, 1))
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            return True
        return False


def locked(directory: Path) -> bool:
    """Whether some process runs the Experiment of that directory now."""
    try:
        with (directory / "lock").open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
