"""What a command finds around it, and what becomes of a server that is lost."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from katib_experiments.engine.forkserver import GroupMemory
from katib_experiments.engine.process import ProcessRunner
from katib_experiments.engine.runner import OUTPUT, Exit, Launch
from tests.support.processes import LINUX, alive, until


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ProcessRunner]:
    monkeypatch.chdir(tmp_path)
    runner = ProcessRunner()
    yield runner
    runner.close()


def wait(runner: ProcessRunner) -> Exit:
    while not (exits := runner.poll(30)):
        pass
    return exits[0]


def run(runner: ProcessRunner, folder: Path, *command: str, **environment: str) -> str:
    directory = folder / "trial"
    directory.mkdir(exist_ok=True)
    runner.start([Launch("trial", command, directory, environment)])
    wait(runner)
    return (directory / OUTPUT).read_text()


@pytest.mark.parametrize("python", ["python", "python3", "/image/only/python3.11"])
def test_python_is_the_interpreter_that_this_runs_in(
    runner: ProcessRunner, tmp_path: Path, python: str
):
    output = run(runner, tmp_path, python, "-c", "import sys; print(sys.executable)")
    assert output.strip() == sys.executable


def test_a_shells_python_is_found_first_in_the_interpreters_folder(
    runner: ProcessRunner, tmp_path: Path
):
    output = run(runner, tmp_path, "sh", "-c", "echo $PATH", PATH="/usr/bin:/bin")
    assert output.strip() == f"{Path(sys.executable).parent}:/usr/bin:/bin"


def test_modules_of_the_folder_that_it_was_started_in_are_found_last(
    runner: ProcessRunner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("PYTHONPATH", "/second")
    output = run(runner, tmp_path, "sh", "-c", "echo $PYTHONPATH", PYTHONPATH="/first")
    assert output.strip() == f"/first:/second:{tmp_path}"


def test_what_python_prints_appears_at_once(runner: ProcessRunner, tmp_path: Path):
    code = "import os; print('before', end=''); os._exit(0)"
    assert run(runner, tmp_path, "python", "-c", code) == "before"


def test_a_trial_gets_none_of_the_servers_files(runner: ProcessRunner, tmp_path: Path):
    code = "import os; print(sorted(map(int, os.listdir('/dev/fd'))))"
    output = run(runner, tmp_path, "python", "-c", code)
    assert output.strip() == "[0, 1, 2, 3]"  # the fourth is the listing's own


def test_signals_are_as_a_fresh_process_has_them(runner: ProcessRunner, tmp_path: Path):
    code = (
        "import signal as s; print(s.getsignal(s.SIGTERM) == s.SIG_DFL, "
        "s.getsignal(s.SIGINT) == s.default_int_handler, s.pthread_sigmask(s.SIG_BLOCK, []))"
    )
    assert run(runner, tmp_path, "python", "-c", code) == "True True set()\n"


def parent_of_trial(runner: ProcessRunner, directory: Path) -> int:
    """Start a Trial that stays; the pid of the server that holds it."""
    runner.start([Launch("trial", ("sh", "-c", "echo $PPID; exec sleep 600"), directory)])
    while not (output := directory / OUTPUT).exists() or not output.read_text().endswith("\n"):
        runner.poll(0.02)
    return int(output.read_text())


def test_a_lost_server_fails_its_trials_and_is_replaced(runner: ProcessRunner, tmp_path: Path):
    os.kill(parent_of_trial(runner, tmp_path), signal.SIGKILL)
    assert wait(runner) == Exit("trial", -signal.SIGKILL)
    assert "the process that held this Trial was killed" in (tmp_path / OUTPUT).read_text()
    assert run(runner, tmp_path, "echo", "again") == "again\n"


@pytest.mark.skipif(not LINUX, reason="the kernel's doing, on Linux")
def test_a_trial_dies_with_its_server_though_no_engine_is_there(tmp_path: Path):
    runner = ProcessRunner()
    server = parent_of_trial(runner, tmp_path)
    children = Path(f"/proc/{server}/task/{server}/children")
    (trial,) = map(int, children.read_text().split())
    os.kill(server, signal.SIGKILL)
    until(lambda: not alive(trial), "the Trial's end")
    runner.close()


def test_a_terminals_signals_do_not_reach_the_server(runner: ProcessRunner, tmp_path: Path):
    server = parent_of_trial(runner, tmp_path)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(server, number)
    assert os.getsid(server) != os.getsid(0)
    assert runner.poll(0.3) == []


@pytest.mark.skipif(not LINUX, reason="read from Linux's /proc")
def test_memory_is_told_by_process_group():
    groups = GroupMemory().resident([os.getpgrp(), 999_999_999])
    assert groups[os.getpgrp()] > 10_000_000
    assert groups[999_999_999] == 0


def test_without_proc_no_memory_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr("katib_experiments.engine.forkserver.PROC", str(tmp_path))
    memory = GroupMemory()
    assert not memory.available
    assert memory.resident([os.getpgrp()]) == {}
