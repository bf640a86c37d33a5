"""Runs each Trial in a container of its image, as a cluster would, through the ``docker`` command.

The Trial's directory is there under the same path, and is the only place that outlives the
container; the working directory is the image's own, as on a cluster. The command in the foreground
is a process like any other to :class:`.ProcessRunner`; it hands SIGTERM on to the container, and
what it cannot hand on, SIGKILL, is followed by ``docker rm --force``.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import replace

from katib_experiments.engine.forkserver import Request
from katib_experiments.engine.gpu import Devices
from katib_experiments.engine.process import ProcessRunner
from katib_experiments.engine.runner import Exit, Launch
from katib_experiments.errors import RunnerError

LABEL = "katib-automl.run"


class DockerRunner(ProcessRunner):
    """A :class:`~katib_experiments.engine.runner.Runner` for the image itself.

    ``Exit.cpu_seconds`` is 0: what a container has used is not asked for. Raises RunnerError where
    no Docker engine answers.
    """

    def __init__(self, devices: Devices | None = None) -> None:
        super().__init__(devices)
        answer = _docker("version", "--format", "{{.Server.Version}}")
        if answer.returncode != 0:
            raise RunnerError(
                f"no Docker engine answers: {answer.stderr.strip() or 'no reason given'}; start "
                "one, or use --runner process"
            )
        self._run = secrets.token_hex(4)
        self._count = 0
        self._memory: dict[str, int | None] = {}

    def start(self, group: Sequence[Launch]) -> None:
        for launch in group:
            if not launch.image:
                raise RunnerError(f"Trial {launch.trial}: the docker runner needs an image")
        super().start(group)

    def close(self) -> None:
        super().close()
        left = _docker("ps", "--all", "--quiet", "--filter", f"label={LABEL}={self._run}")
        if left.stdout.split():
            _docker("rm", "--force", *left.stdout.split())

    def _request(self, launch: Launch, gpus: tuple[str, ...]) -> Request:
        self._count += 1
        name = f"{launch.trial}-{self._run}-{self._count}"
        self._memory[launch.trial] = launch.memory
        return replace(
            super()._request(launch, ()),
            command=self._command(launch, gpus, name),
            environment={},
            memory=None,  # the container's own limit; the client in front of it is small
            cleanup=["docker", "rm", "--force", name],
        )

    def _command(self, launch: Launch, gpus: tuple[str, ...], name: str) -> list[str]:
        directory = str(launch.directory.absolute())
        options = ["--rm", "--init", "--name", name, "--label", f"{LABEL}={self._run}"]
        options += ["--user", f"{os.getuid()}:{os.getgid()}"]
        options += ["--mount", f"type=bind,source={directory},target={directory}"]
        if launch.memory is not None:
            # As much swap as memory in all: none, as under a kubelet.
            options += ["--memory", str(launch.memory), "--memory-swap", str(launch.memory)]
        if gpus:
            options += ["--gpus", f'"device={",".join(gpus)}"']
        for variable, value in launch.environment.items():
            options += ["--env", f"{variable}={value}"]
        program, *arguments = launch.command
        return ["docker", "run", *options, "--entrypoint", program, launch.image, *arguments]

    def _end(self, exit_: Exit) -> None:
        code, reason = exit_.code, exit_.reason
        if 128 < code < 160:  # how docker and shells write a signal
            code = 128 - code
        limited = self._memory.pop(exit_.trial, None) is not None
        if code == -signal.SIGKILL and exit_.code > 0 and limited and not reason:
            reason = "OOMKilled"  # the client lives: it was neither us nor a deadline
        super()._end(Exit(exit_.trial, code, reason))


def _docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(  # noqa: S603 - arguments are passed on without a shell
            ["docker", *arguments],  # noqa: S607 - found on PATH
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return subprocess.CompletedProcess(arguments, 127, "", str(error))
