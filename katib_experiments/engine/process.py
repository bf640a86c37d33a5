"""Runs each Trial's command as a process group of its own on this machine.

The processes are children of a small server (:mod:`.forkserver`), which enforces limits and takes
them all down when the engine ends, however it ends.

A Trial that asks for no GPU sees what its parent sees: on a cluster it would see none, but someone
at a desk with a GPU wants it used.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from katib_experiments.engine import forkserver
from katib_experiments.engine.forkserver import Request
from katib_experiments.engine.gpu import Devices, visible
from katib_experiments.engine.runner import OUTPUT, Exit, Launch
from katib_experiments.errors import RunnerError

PYTHONS = ("python", "python3", f"python3.{sys.version_info.minor}")


@dataclass(slots=True)
class _Running:
    request: Request
    gpus: int = 0
    pid: int = 0
    """0 until the server has started it."""


class ProcessRunner:
    """A :class:`~katib_experiments.engine.runner.Runner` for any command.

    A command's ``python`` is the interpreter that this runs in. PATH begins with its folder, and
    PYTHONPATH ends with the folder that the runner was made in, so that a user's own module is
    found. Trials that want more GPUs than are free wait for those that hold them.
    """

    def __init__(self, devices: Devices | None = None) -> None:
        self._given_devices = devices
        self._server: Connection | None = None
        self._running: dict[str, _Running] = {}
        self._waiting: dict[str, Launch] = {}
        self._exits: list[Exit] = []
        self._failed_servers = 0
        self._home = str(Path.cwd())

    @cached_property
    def _devices(self) -> Devices:
        return self._given_devices or Devices(visible())

    def start(self, group: Sequence[Launch]) -> None:
        for launch in group:
            if launch.trial in self._running or launch.trial in self._waiting:
                raise RunnerError(f"Trial {launch.trial} is running already")
            if launch.gpus:
                self._devices.require(launch.gpus)
        self._waiting.update((launch.trial, launch) for launch in group)
        self._start_waiting()

    def poll(self, timeout: float) -> list[Exit]:
        end = time.monotonic() + timeout
        while self._server and (self._running or self._waiting) and not self._exits:
            left = end - time.monotonic()
            try:
                messages = self._server.receive(max(left, 0.0))
            except EOFError:
                self._server_ended()
                continue
            for message in messages:
                self._handle(message)
            if left <= 0:
                break
        exits, self._exits = self._exits, []
        return exits

    def kill(self, trial: str, *, grace: float = 5.0) -> None:
        if self._waiting.pop(trial, None) is not None:
            self._exits.append(Exit(trial, -signal.SIGTERM))
        elif trial in self._running and self._server is not None:
            self._server.send(kill=trial, grace=grace)

    def close(self) -> None:
        if self._server is not None:
            started = any(running.pid for running in self._running.values())
            self._server.close(patience=30.0 if started else 0.5)
            self._server = None
        for running in self._running.values():
            _kill_group(running.pid)
        self._running.clear()
        self._waiting.clear()
        self._exits.clear()

    def _start_waiting(self) -> None:
        for trial, launch in list(self._waiting.items()):
            gpus = self._devices.take(trial, launch.gpus) if launch.gpus else ()
            if gpus is None:
                continue
            del self._waiting[trial]
            request = self._request(launch, gpus)
            self._running[trial] = _Running(request, launch.gpus)
            self._submit(request)

    def _request(self, launch: Launch, gpus: tuple[str, ...]) -> Request:
        environment = self._environment(launch.environment)
        if gpus:
            environment["CUDA_VISIBLE_DEVICES"] = ",".join(gpus)
        command = list(launch.command)
        if is_python(command[0]):
            command[0] = sys.executable
        return Request(
            trial=launch.trial,
            command=command,
            directory=str(launch.directory.absolute()),
            output=str(launch.directory.absolute() / OUTPUT),
            environment=environment,
            memory=launch.memory,
            deadline=launch.deadline,
        )

    def _environment(self, added: Mapping[str, str]) -> dict[str, str]:
        """What a Trial's environment has beyond the parent's."""
        paths = (added.get("PYTHONPATH"), os.environ.get("PYTHONPATH"), self._home)
        search = added.get("PATH", os.environ.get("PATH", os.defpath))
        return {
            **added,
            "PATH": os.pathsep.join((str(Path(sys.executable).parent), search)),
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            "PYTHONUNBUFFERED": "1",
        }

    def _submit(self, request: Request) -> None:
        if self._server is None:
            self._server = self._connect(request)
        self._server.send(start=asdict(request))

    def _connect(self, request: Request) -> Connection:  # noqa: ARG002 - for runners that need it
        return Connection(("-I", "-S"))

    def _handle(self, message: Mapping[str, Any]) -> None:
        if "started" in message:
            self._running[message["started"]].pid = message["pid"]
        else:
            trial = message["ended"]
            seconds = message["cpu_seconds"]
            self._end(Exit(trial, message["code"], message["reason"], seconds))

    def _end(self, exit_: Exit) -> None:
        if self._running.pop(exit_.trial).gpus:
            self._devices.give_back(exit_.trial)
        self._exits.append(exit_)
        self._start_waiting()

    def _server_ended(self) -> None:
        """Somebody killed the server, or importing a Trial's module did. What it had started is
        lost; what it had not gets one more server."""
        assert self._server is not None
        complaint = self._server.close()
        self._failed_servers += not self._server.served
        self._server = None
        for trial, running in list(self._running.items()):
            if running.pid == 0 and self._failed_servers < 2:
                self._submit(running.request)
                continue
            _kill_group(running.pid)
            with Path(running.request.output).open("a") as output:
                output.write(f"{complaint}the process that held this Trial was killed\n")
            self._end(Exit(trial, -signal.SIGKILL))


class Connection:
    """A running server and the socket to it."""

    def __init__(
        self,
        flags: Sequence[str],
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._socket, far = socket.socketpair()
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the connection
        command = [sys.executable, *flags, forkserver.__file__, str(far.fileno()), *arguments]
        with far:
            self._process = subprocess.Popen(  # noqa: S603 - a file of this package
                command,
                stdin=subprocess.DEVNULL,
                stdout=self._complaints,
                stderr=self._complaints,
                env=None if environment is None else dict(environment),
                pass_fds=(far.fileno(),),
                start_new_session=True,
            )
        self._received = b""
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._socket, selectors.EVENT_READ)
        self.served = False
        """Whether it has started any Trial."""

    def send(self, **message: object) -> None:
        with suppress(OSError):  # a server that has ended is noticed where it is read
            self._socket.sendall(json.dumps(message).encode() + b"\n")

    def receive(self, timeout: float) -> list[dict[str, Any]]:
        """Messages that came within ``timeout`` seconds; EOFError once the server has ended."""
        if not self._selector.select(timeout):
            return []
        try:
            data = self._socket.recv(65536)
        except ConnectionError:
            data = b""
        if not data:
            raise EOFError
        *lines, self._received = (self._received + data).split(b"\n")
        self.served = self.served or bool(lines)
        return [json.loads(line) for line in lines]

    def close(self, patience: float = 1.0) -> str:
        """End the server, by force after ``patience`` seconds; the last that it complained of."""
        self._selector.close()
        self._socket.close()
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        with self._complaints as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 4000))
            return file.read().decode(errors="replace")


def is_python(program: str) -> bool:
    """Whether a command's first word means this interpreter: its name, or a path that exists only
    in the image."""
    if program == sys.executable or program in PYTHONS:
        return True
    path = Path(program)
    return path.is_absolute() and path.name in PYTHONS and not path.exists()


def _kill_group(pid: int) -> None:
    if pid:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
