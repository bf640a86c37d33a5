"""The ``docker`` commands that are run."""

from __future__ import annotations

import ast
import os
import signal
from pathlib import Path

import pytest

from katib_experiments.engine.docker import LABEL, DockerRunner
from katib_experiments.engine.gpu import Devices
from katib_experiments.engine.runner import Exit, Launch
from katib_experiments.errors import RunnerError
from tests.support import docker


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    return docker.install(monkeypatch, tmp_path)


def run(runner: DockerRunner, folder: Path, *command: str, **fields: object) -> Exit:
    launch = Launch("trial", command, folder, image="example/trial:1", **fields)  # type: ignore[arg-type]
    runner.start([launch])
    while not (exits := runner.poll(30)):
        pass
    return exits[0]


def calls(state: Path, verb: str) -> list[list[str]]:
    made = [ast.literal_eval(line) for line in (state / "calls").read_text().splitlines()]
    return [call[1:] for call in made if call[0] == verb]


def test_a_trial_becomes_one_docker_run(state: Path, tmp_path: Path):
    runner = DockerRunner(Devices(("0", "1")))
    run(runner, tmp_path, "echo", "a b", memory=2**30, gpus=2, environment={"A": "x=y z"})
    runner.close()
    (words,) = calls(state, "run")
    name = words[words.index("--name") + 1]
    label = words[words.index("--label") + 1]
    assert name.startswith("trial-")
    assert label.startswith(f"{LABEL}=")
    expected = ["--rm", "--init", "--name", name, "--label", label]
    expected += ["--user", f"{os.getuid()}:{os.getgid()}"]
    expected += ["--mount", f"type=bind,source={tmp_path},target={tmp_path}"]
    expected += ["--memory", str(2**30), "--memory-swap", str(2**30)]
    expected += ["--gpus", '"device=0,1"', "--env", "A=x=y z"]
    assert words == [*expected, "--entrypoint", "echo", "example/trial:1", "a b"]


def test_names_of_attempts_differ(state: Path, tmp_path: Path):
    runner = DockerRunner()
    for _ in range(2):
        run(runner, tmp_path, "true")
    runner.close()
    first, second = (words[words.index("--name") + 1] for words in calls(state, "run"))
    assert first != second


@pytest.mark.parametrize(("memory", "reason"), [(2**30, "OOMKilled"), (None, "")])
def test_a_kill_that_nobody_here_sent_is_the_memory_limits(
    state: Path, tmp_path: Path, memory: int | None, reason: str
):
    runner = DockerRunner()
    exit_ = run(runner, tmp_path, "sh", "-c", "kill -9 $$", memory=memory)
    runner.close()
    assert (exit_.code, exit_.reason) == (-signal.SIGKILL, reason)


def test_closing_removes_what_is_left(state: Path, tmp_path: Path):
    runner = DockerRunner()
    (state / "left").write_text("999999999")
    runner.close()
    assert calls(state, "rm") == [["--force", "left"]]


def test_a_trial_without_an_image_is_refused(state: Path, tmp_path: Path):
    runner = DockerRunner()
    with pytest.raises(RunnerError, match="needs an image"):
        runner.start([Launch("trial", ("true",), tmp_path)])
    runner.close()


def test_without_an_engine_the_runner_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RunnerError, match="no Docker engine answers"):
        DockerRunner()


def test_an_engine_that_does_not_answer_is_quoted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    program = tmp_path / "docker"
    program.write_text("#!/bin/sh\necho 'Cannot connect' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RunnerError, match="no Docker engine answers: Cannot connect"):
        DockerRunner()
