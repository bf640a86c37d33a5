"""CPU time and memory of the suggestion service, by the number of Trials in the request.

Each row is a fresh process, asked over gRPC as Katib's controller asks: with all Trials every time,
those suggested before among them as completed. "First" is the first request, which has to read all
Trials; then follow :data:`REPETITIONS` for one point and as many for ten. "Katib" is what its own
services of v0.19.0 took for ten points, asked the same way on the same sort of machine. Prints a
table in Markdown, milliseconds of CPU and MiB; about two minutes, on Linux only::

    python -m tests.benchmarks.suggestion_service [ALGORITHM ...]
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import grpc

from katib_experiments.algorithms import NAMES
from katib_experiments.algorithms.base import History
from tests.benchmarks.suggest_latency import history
from tests.support.builders import a_trial
from tests.support.rpc import GrpcAlgorithm

SIZES = (1_000, 5_000)
REPETITIONS = 8
KATIB = {
    ("random", 1_000): 30,
    ("random", 5_000): 340,
    ("tpe", 1_000): 300,
    ("tpe", 5_000): 1600,
    ("grid", 1_000): 1030,
}
_LIMITS = {"OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
"""As in the image."""


def main() -> None:
    print("| algorithm | Trials | first | 1 asked | 10 asked | Katib | times | MiB |")
    print("|---|---|---|---|---|---|---|---|")
    for name in sys.argv[1:] or NAMES:
        for size in SIZES:
            print(row(name, size), flush=True)


def row(name: str, size: int) -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = str(found.getsockname()[1])
    command = [sys.executable, "-m", "katib_experiments.suggestion", "--port", port]
    command += ["--early-stopping-port", "0"]
    with (
        subprocess.Popen(command, env=os.environ | _LIMITS, stderr=subprocess.DEVNULL) as server,
        grpc.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        grpc.channel_ready_future(channel).result(60)
        first, one, ten = measured(GrpcAlgorithm(channel), history(name, size), server.pid)
        mebibytes = memory(server.pid)
        server.terminate()
    theirs = KATIB.get((name, size))
    factor = f"{theirs / max(ten, 0.1):.0f}" if theirs else "-"
    ours = f"{first:.0f} | {one:.1f} | {ten:.1f}"
    return f"| {name} | {size} | {ours} | {theirs or '-'} | {factor} | {mebibytes:.0f} |"


def measured(search: GrpcAlgorithm, given: History, pid: int) -> tuple[float, float, float]:
    """Milliseconds of the process for the first request, for one point and for ten."""
    experiment = replace(given.experiment, max_trial_count=given.asked + 1_000)
    past = replace(given, experiment=experiment)

    def ask(count: int) -> None:
        nonlocal past
        points = search.suggest(past, count)
        ended = [
            a_trial(f"t{past.asked + i}", point.assignments, -1.0) for i, point in enumerate(points)
        ]
        past = replace(past, trials=(*past.trials, *ended), asked=past.asked + count)

    first = spent(pid, lambda: ask(1))
    return first, *(
        spent(pid, lambda count=count: [ask(count) for _ in range(REPETITIONS)]) / REPETITIONS
        for count in (1, 10)
    )


def spent(pid: int, work: Callable[[], object]) -> float:
    """Milliseconds of CPU that all threads of the process used for ``work``."""
    before = cpu(pid)
    work()
    time.sleep(0.05)  # the last bytes of an answer are sent by another thread
    return cpu(pid) - before


def cpu(pid: int) -> float:
    nanoseconds = sum(
        int(path.read_text().split()[0]) for path in Path(f"/proc/{pid}/task").glob("*/schedstat")
    )
    return nanoseconds / 1e6


def memory(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


if __name__ == "__main__":
    main()
