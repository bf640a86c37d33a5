"""Which runner a command gets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from katib_experiments.engine.docker import DockerRunner
from katib_experiments.engine.process import ProcessRunner
from katib_experiments.engine.runner import Launch, choose
from katib_experiments.engine.warm import WarmRunner
from katib_experiments.errors import RunnerError
from tests.support import docker

MODULE = "python -m train"
SCRIPT = "sh -c train"


@pytest.mark.parametrize(
    ("command", "preference", "expected"),
    [
        (MODULE, "auto", WarmRunner),
        (MODULE, "warm", WarmRunner),
        (MODULE, "process", ProcessRunner),
        (SCRIPT, "auto", ProcessRunner),
        (SCRIPT, "process", ProcessRunner),
        (SCRIPT, "docker", DockerRunner),
    ],
)
def test_a_command_gets_the_runner_that_suits_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str, preference: Any, expected: type
):
    docker.install(monkeypatch, tmp_path)
    assert type(choose(Launch("trial", tuple(command.split()), tmp_path), preference)) is expected


def test_warm_is_refused_for_what_cannot_be_warm(tmp_path: Path):
    with pytest.raises(RunnerError, match="received: sh -c train; use --runner process"):
        choose(Launch("trial", tuple(SCRIPT.split()), tmp_path), "warm")
