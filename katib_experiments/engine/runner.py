"""The seam between the engine's loop and the processes that Trials run in."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from katib_experiments.errors import RunnerError

OUTPUT = "output.log"
"""The file in a Trial's directory that takes its stdout and stderr, in the order written."""


@dataclass(frozen=True, slots=True)
class Launch:
    """One Trial, ready to start. All that a runner may know of it."""

    trial: str
    command: tuple[str, ...]
    """argv: the container's ``command`` and ``args``, rendered."""
    directory: Path
    """The Trial's own folder and working directory; exists."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Added to the parent's."""
    image: str = ""
    memory: int | None = None
    """Limit of resident memory in bytes, of the whole process group."""
    deadline: float | None = None
    """Seconds of wall time after which the Trial is killed (``activeDeadlineSeconds``)."""
    gpus: int = 0
    """How many accelerators it wants; it starts once they are free, as a pod does."""


@dataclass(frozen=True, slots=True)
class Exit:
    """How one Trial's process ended."""

    trial: str
    code: int
    """Exit status; negative: the signal that killed it."""
    reason: str = ""
    """``OOMKilled``, ``DeadlineExceeded``, or empty. Not empty: a failure, whatever the code."""
    cpu_seconds: float = 0.0
    """User + system, of the process and the children it waited for."""


class Runner(Protocol):
    def start(self, group: Sequence[Launch]) -> None:
        """Start these Trials. A group may share one process where the runner can; every Trial
        still ends with an Exit of its own.

        Raises :class:`~katib_experiments.errors.RunnerError` where nothing can be started here.
        """
        ...

    def poll(self, timeout: float) -> list[Exit]:
        """Wait up to ``timeout`` seconds for any Trial to end; those that did, each one once.
        Memory limits and deadlines are enforced whether anybody polls or not. Returns at once
        where no Trial runs."""
        ...

    def kill(self, trial: str, *, grace: float = 5.0) -> None:
        """SIGTERM to the whole process group, SIGKILL after ``grace`` seconds. Returns at once;
        the Exit comes through :meth:`poll`. Unknown or ended Trials are no error."""
        ...

    def close(self) -> None:
        """Kill what still runs and free everything. May be called twice."""
        ...


def choose(launch: Launch, preference: Literal["auto", "warm", "process", "docker"]) -> Runner:
    """The runner for Trials like ``launch``. ``auto``: warm for ``python -m``, else process.

    Raises :class:`~katib_experiments.errors.RunnerError` where the one preferred cannot run them.
    """
    # Each of them builds on this module.
    from katib_experiments.engine.docker import DockerRunner  # noqa: PLC0415
    from katib_experiments.engine.process import ProcessRunner  # noqa: PLC0415
    from katib_experiments.engine.warm import WarmRunner, module_of  # noqa: PLC0415

    if preference == "docker":
        return DockerRunner()
    warmable = module_of(launch.command) is not None
    if preference == "warm" and not warmable:
        raise RunnerError(
            f"the warm runner runs only commands of the form python -m module …; received: "
            f"{shlex.join(launch.command)}; use --runner process"
        )
    return WarmRunner() if warmable and preference != "process" else ProcessRunner()
