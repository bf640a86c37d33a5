"""The parent of a run's Trials: a small process that starts, limits and reaps them.

It is run by path, without this package (``python forkserver.py FD [MODULE]``), and ends when the
socket ``FD`` does. An engine that dies, even by SIGKILL, closes that socket; every Trial's whole
process group is killed then, grandchildren included. Should this process be killed as well, the
kernel kills the Trials (``PR_SET_PDEATHSIG``), though not what they started.

With ``MODULE``, what that module imports is imported once, here, and a Trial of that module is a
fork that runs it as ``__main__``. Nothing else of the module is executed here: no operation runs
and no thread starts before the fork, which is what makes the fork safe with TensorFlow. Where the
imports fail, start threads or open a GPU, Trials are started cold instead, and an error shows in
their own logs. All forks share one hash seed (``PYTHONHASHSEED`` acts when Python starts); their
random numbers differ.

Messages are JSON, one a line. In: ``{"start": {...}}`` with the fields of :class:`Request`, and
``{"kill": TRIAL, "grace": SECONDS}``. Out: ``{"started": TRIAL, "pid": PID}`` and
``{"ended": TRIAL, "code": CODE, "reason": REASON, "cpu_seconds": SECONDS}``.
"""

from __future__ import annotations

import ast
import atexit
import contextlib
import ctypes
import gc
import importlib.util
import io
import json
import math
import os
import random
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

MEMORY_INTERVAL = 0.25
"""Seconds between two looks at the memory of the Trials."""
GRACE = 5.0
"""Seconds between SIGTERM and SIGKILL for a Trial past its deadline."""
PROC = "/proc"
PREPARATIONS = ("os.environ.", "os.environ[", "environ.", "environ[", "sys.path.")
"""How a statement begins that later imports may depend on."""
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)
OWN_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Meant for the engine, which decides what becomes of the Trials."""


@dataclass(frozen=True, slots=True)
class Request:
    """A Trial to start."""

    trial: str
    command: list[str]
    directory: str
    output: str
    """The file that takes stdout and stderr, appended to."""
    environment: dict[str, str]
    module: str = ""
    """Run as ``__main__`` in a fork, if it is the one that was imported; else ``command`` is."""
    arguments: list[str] = field(default_factory=list)
    memory: int | None = None
    deadline: float | None = None
    cleanup: list[str] = field(default_factory=list)
    """A command to run after the Trial was killed."""


@dataclass(slots=True)
class Child:
    """A Trial that runs; its process group has the number ``pid``."""

    request: Request
    pid: int
    deadline: float
    """On the monotonic clock; infinite without one."""
    kill_at: float = math.inf
    """When SIGTERM's grace ends."""
    stopping: bool = False
    reason: str = ""

    def signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)


class Server:
    """Selects over the engine's socket and the ends of children."""

    def __init__(self, channel: socket.socket, module: str = "") -> None:
        self._channel = channel
        self._module = module
        self._open = True
        self._received = b""
        self._children: dict[str, Child] = {}
        self._cleanups: list[subprocess.Popen[bytes]] = []
        self._memory = GroupMemory()
        self._selector = selectors.DefaultSelector()
        self._alarm, self._wakeup = os.pipe()
        os.set_blocking(self._alarm, False)
        os.set_blocking(self._wakeup, False)

    def serve(self) -> None:
        """Handle requests until the engine closes the socket, then kill what still runs."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wakeup, warn_on_full_buffer=False)
        self._selector.register(self._channel, selectors.EVENT_READ, self._read)
        self._selector.register(self._alarm, selectors.EVENT_READ, self._rest)
        while self._open:
            for key, _ in self._selector.select(self._patience()):
                key.data()
            self._reap()
            self._enforce(time.monotonic())
        for child in self._children.values():
            self._destroy(child)
        for cleanup in self._cleanups:
            cleanup.wait()

    def _patience(self) -> float | None:
        """Seconds until something must be looked at; None: only events matter."""
        children = self._children.values()
        due = min((min(child.deadline, child.kill_at) for child in children), default=math.inf)
        patience = max(0.0, due - time.monotonic())
        if self._memory.available and any(child.request.memory for child in children):
            patience = min(patience, MEMORY_INTERVAL)
        return None if math.isinf(patience) else patience

    def _rest(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._alarm, 4096)

    def _read(self) -> None:
        try:
            data = self._channel.recv(65536)
        except OSError:
            data = b""
        self._open = bool(data)
        *lines, self._received = (self._received + data).split(b"\n")
        for line in lines:
            message = json.loads(line)
            if "start" in message:
                self._start(Request(**message["start"]))
            elif message["kill"] in self._children:
                self._stop(self._children[message["kill"]], message["grace"])

    def _send(self, **message: object) -> None:
        try:
            self._channel.sendall(json.dumps(message).encode() + b"\n")
        except OSError:
            self._open = False

    def _start(self, request: Request) -> None:
        run = run_module if request.module and request.module == self._module else run_command
        parent = os.getpid()
        # A signal sent before the child has its own handlers waits until then.
        signal.pthread_sigmask(signal.SIG_BLOCK, OWN_SIGNALS)
        try:
            pid = os.fork()
        except OSError as error:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, OWN_SIGNALS)
            with contextlib.suppress(OSError), Path(request.output).open("a") as output:
                output.write(f"cannot start a process: {error.strerror}\n")
            self._send(ended=request.trial, code=126, reason="", cpu_seconds=0.0)
            return
        if pid == 0:
            self._abandon()
            become(request, parent, run)
        with contextlib.suppress(OSError):  # the child does the same; whoever is first
            os.setpgid(pid, pid)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, OWN_SIGNALS)
        deadline = math.inf if request.deadline is None else time.monotonic() + request.deadline
        self._children[request.trial] = Child(request, pid, deadline)
        self._send(started=request.trial, pid=pid)

    def _abandon(self) -> None:
        """In the child: let go of what is the server's."""
        signal.set_wakeup_fd(-1)
        with contextlib.suppress(OSError):  # a kqueue is not inherited
            self._selector.close()
        self._channel.close()
        os.close(self._alarm)
        os.close(self._wakeup)

    def _stop(self, child: Child, grace: float) -> None:
        child.stopping = True
        child.kill_at = min(child.kill_at, time.monotonic() + grace)
        child.signal(signal.SIGTERM)

    def _destroy(self, child: Child) -> None:
        child.stopping = True
        child.kill_at = math.inf
        child.signal(signal.SIGKILL)
        if child.request.cleanup:
            command, nowhere = child.request.cleanup, subprocess.DEVNULL
            with contextlib.suppress(OSError):
                cleanup = subprocess.Popen(command, stdout=nowhere, stderr=nowhere)  # noqa: S603
                self._cleanups.append(cleanup)

    def _enforce(self, now: float) -> None:
        """Kill the Trials whose grace, time or memory has run out."""
        self._cleanups = [cleanup for cleanup in self._cleanups if cleanup.poll() is None]
        limited = [child for child in self._children.values() if child.request.memory]
        used = self._memory.resident([child.pid for child in limited]) if limited else {}
        for child in list(self._children.values()):
            if child.kill_at <= now:
                self._destroy(child)
            elif child.deadline <= now:
                child.deadline = math.inf
                if not child.stopping:
                    child.reason = "DeadlineExceeded"
                    self._stop(child, GRACE)
            if used.get(child.pid, 0) > (child.request.memory or math.inf) and not child.reason:
                child.reason = "OOMKilled"
                self._destroy(child)

    def _reap(self) -> None:
        for trial, child in list(self._children.items()):
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            if pid == 0:
                continue
            child.signal(signal.SIGKILL)  # as in a container, the rest ends with the first process
            del self._children[trial]
            self._send(
                ended=trial,
                code=os.waitstatus_to_exitcode(status),
                reason=child.reason,
                cpu_seconds=usage.ru_utime + usage.ru_stime,
            )


class GroupMemory:
    """Resident memory of process groups, from Linux's ``/proc``. Pages that processes share count
    in each of them."""

    def __init__(self) -> None:
        self.available = Path(PROC, "self", "stat").exists()
        self._page = os.sysconf("SC_PAGE_SIZE")
        self._strangers: set[int] = set()
        """Processes seen outside the groups asked for; not read again while they live."""

    def resident(self, groups: list[int]) -> dict[int, int]:
        """Bytes by group; empty where there is no ``/proc``."""
        if not self.available:
            return {}
        used = dict.fromkeys(groups, 0)
        listed = {int(name) for name in os.listdir(PROC) if name.isdecimal()}  # noqa: PTH208 - 4 a second
        self._strangers &= listed
        for pid in (listed - self._strangers) | (listed & used.keys()):
            group, size = self._stat(pid)
            if group in used:
                used[group] += size
            else:
                self._strangers.add(pid)
        return used

    def _stat(self, pid: int) -> tuple[int, int]:
        """Process group and resident bytes (proc_pid_stat(5), fields 5 and 24)."""
        try:
            text = Path(PROC, str(pid), "stat").read_text()
        except OSError:
            return 0, 0
        fields = text[text.rindex(")") + 2 :].split()
        return int(fields[2]), int(fields[21]) * self._page


def become(request: Request, parent: int, run: Callable[[Request], int]) -> NoReturn:
    """Turn this fork into the Trial's process, and end with it."""
    code = 1
    try:
        enter(request, parent)
        code = run(request)
    except BaseException:  # whatever it is, it belongs into the Trial's log
        traceback.print_exc()
    finally:
        flush()
        os._exit(code)


def flush() -> None:
    """Write out what Python and the C library still hold."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    LIBC.fflush(None)


def enter(request: Request, parent: int) -> None:
    """Take on the Trial's process group, signals, output, folder and environment."""
    with contextlib.suppress(OSError):
        os.setpgid(0, 0)
    die_with(parent)
    output = os.open(request.output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    for number in (*OWN_SIGNALS, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.chdir(request.directory)
    os.environ.update(request.environment)


def die_with(parent: int) -> None:
    """Have the kernel kill this process when ``parent`` ends; nothing outside Linux."""
    if sys.platform == "linux":
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def run_command(request: Request) -> int:
    """Replace this process by the Trial's command."""
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # which Python ignores
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execvp(request.command[0], request.command)  # noqa: S606 - no shell is wanted
    except OSError as error:
        os.write(2, f"cannot run {request.command[0]!r}: {error.strerror}\n".encode())
        return 127 if isinstance(error, FileNotFoundError) else 126


def run_module(request: Request) -> int:
    """Do what ``python -m module arguments`` does; its exit status."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)
    reseed()
    sys.path.insert(0, request.directory)
    sys.argv = [request.module, *request.arguments]
    sys.modules.pop(request.module, None)
    try:
        runpy.run_module(request.module, run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as exit_:
        code = status(exit_.code)
    except BaseException:  # the end of a program, as Python's own main has it
        sys.excepthook(*sys.exc_info())
        code = 1
    threading._shutdown()  # type: ignore[attr-defined] # as multiprocessing ends its forks
    atexit._run_exitfuncs()
    return code


def status(code: object) -> int:
    """The exit status of ``SystemExit(code)``."""
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    print(code, file=sys.stderr)  # noqa: T201 - as Python does
    return 1


def reseed() -> None:
    """Give this fork random numbers of its own."""
    random.seed()
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()


def preload(module: str) -> bool:
    """Import what ``module`` imports; whether forks of this process may now run it."""
    try:
        spec = importlib.util.find_spec(module)
        if spec is not None and spec.submodule_search_locations is not None:
            spec = importlib.util.find_spec(f"{module}.__main__")
        if spec is None or spec.origin is None:
            return False
        tree = ast.parse(Path(spec.origin).read_bytes())
        head = ast.Module(body=list(imports(tree)), type_ignores=[])
        names = {"__name__": spec.name, "__package__": spec.parent, "__file__": spec.origin}
        code = compile(head, spec.origin, "exec", dont_inherit=True)
        exec(code, names)  # noqa: S102 - the Trial's own imports
    except BaseException:  # shown in the log of the Trial that starts cold instead
        traceback.print_exc()
        return False
    gc.collect()
    gc.freeze()
    return threading.active_count() == 1 and not gpu_is_open()


def imports(tree: ast.Module) -> Iterator[ast.stmt]:
    """The top-level imports, and what must come before them: changes of the environment
    (``os.environ["KERAS_BACKEND"] = …``) and of the search path."""
    for statement in tree.body:
        imports = isinstance(statement, ast.Import | ast.ImportFrom)
        prepares = isinstance(statement, ast.Expr | ast.Assign)
        if imports or (prepares and ast.unparse(statement).startswith(PREPARATIONS)):
            yield statement


def gpu_is_open(descriptors: Path = Path("/proc/self/fd")) -> bool:
    """Whether this process holds a GPU already, which a fork cannot share."""
    if not descriptors.exists():
        return False
    return any(os.path.realpath(link).startswith("/dev/nvidia") for link in descriptors.iterdir())


def main(descriptor: str, module: str = "") -> None:
    for number in OWN_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    os.set_inheritable(int(descriptor), False)
    channel = socket.socket(fileno=int(descriptor))
    warm = module if module and preload(module) else ""
    flush()  # or every fork would write it again
    Server(channel, warm).serve()
    os._exit(0)  # nothing here needs the interpreter's long goodbye


if __name__ == "__main__":
    main(*sys.argv[1:])
