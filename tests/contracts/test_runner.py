"""What holds for every Runner."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from katib_experiments.engine.docker import DockerRunner
from katib_experiments.engine.process import ProcessRunner
from katib_experiments.engine.runner import OUTPUT, Exit, Launch, Runner
from katib_experiments.engine.warm import WarmRunner
from katib_experiments.errors import RunnerError
from tests.support import docker
from tests.support.processes import LINUX, alive, until

IMAGE = os.environ.get("TEST_PYTHON_IMAGE", "python:3.11-slim")
KINDS = {
    "warm": WarmRunner,
    "process": ProcessRunner,
    "docker": DockerRunner,
    "stand-in docker": DockerRunner,
}
LINGERER = """
import pathlib, subprocess, sys, time
child = subprocess.Popen(["sleep", "600"])
pathlib.Path(sys.argv[1]).write_text(str(child.pid))
print("ready", flush=True)
"""
"""A program that leaves its child's pid in a file."""


@dataclass
class Bench:
    """A runner, a folder for its Trials, and ways to start and await them."""

    kind: str
    runner: Runner
    folder: Path
    exits: dict[str, Exit] = field(default_factory=dict)

    def launch(self, code: str, *arguments: str, trial: str = "trial", **fields: object) -> Launch:
        """A Launch of a Python program; where modules are found, as a module."""
        directory = self.folder / "trials" / trial
        directory.mkdir(parents=True, exist_ok=True)
        command = ("python", "-c", code, *arguments)
        if "docker" not in self.kind:
            (self.folder / "program.py").write_text(code)
            command = ("python", "-m", "program", *arguments)
        return Launch(trial, command, directory, image=IMAGE, **fields)  # type: ignore[arg-type]

    def start(self, code: str, *arguments: str, **fields: object) -> str:
        launch = self.launch(code, *arguments, **fields)  # type: ignore[arg-type]
        self.runner.start([launch])
        return launch.trial

    def wait(self, trial: str = "trial", seconds: float = 60) -> Exit:
        end = time.monotonic() + seconds
        while trial not in self.exits:
            assert time.monotonic() < end, f"{trial} never ended; it wrote: {self.output(trial)}"
            self.exits |= {exit_.trial: exit_ for exit_ in self.runner.poll(1)}
        return self.exits[trial]

    def run(self, code: str, *arguments: str, **fields: object) -> Exit:
        return self.wait(self.start(code, *arguments, **fields))

    def output(self, trial: str = "trial") -> str:
        path = self.folder / "trials" / trial / OUTPUT
        return path.read_text() if path.exists() else ""

    def await_output(self, text: str, trial: str = "trial") -> None:
        until(lambda: text in self.output(trial), f"{text!r} in the output")


def prepare(kind: str, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.chdir(folder)
    if kind == "stand-in docker":
        docker.install(monkeypatch, folder)
    elif kind == "docker":
        inspect = ["sh", "-c", f"docker image inspect {IMAGE}"]
        if subprocess.run(inspect, capture_output=True, check=False).returncode != 0:
            pytest.skip(f"no Docker engine with the image {IMAGE}")


@pytest.fixture(params=KINDS)
def bench(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Bench]:
    prepare(request.param, monkeypatch, tmp_path)
    runner = KINDS[request.param]()
    yield Bench(request.param, runner, tmp_path)
    runner.close()


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("pass", 0),
        ("import sys; sys.exit(3)", 3),
        ("import sys; sys.exit('no data')", 1),
        ("raise ValueError('no data')", 1),
        ("import os; os._exit(7)", 7),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL),
    ],
)
def test_the_exit_status_is_the_programs(bench: Bench, code: str, expected: int):
    exit_ = bench.run(code)
    assert (exit_.trial, exit_.code, exit_.reason) == ("trial", expected, "")
    if "no data" in code:
        assert "no data" in bench.output()


def test_stdout_and_stderr_are_kept_in_the_order_written(bench: Bench):
    bench.run(
        "import sys\nfor n in range(100): print(n, file=(sys.stdout, sys.stderr)[n % 2])",
        environment={"PYTHONUNBUFFERED": "1"},
    )
    assert bench.output().split() == [str(n) for n in range(100)]


def test_the_environment_is_added(bench: Bench):
    bench.run("import os; print(os.environ['A'], os.environ['PATH'] != '')", environment={"A": "b"})
    assert bench.output() == "b True\n"


def test_the_working_directory_is_the_trials_own(bench: Bench):
    if "docker" in bench.kind:
        pytest.skip("a container's working directory is its image's")
    bench.run("open('model.bin', 'w').close()")
    assert (bench.folder / "trials" / "trial" / "model.bin").exists()


def test_what_is_written_into_the_trials_directory_stays(bench: Bench):
    target = bench.folder / "trials" / "trial" / "model.bin"
    bench.run("import sys; open(sys.argv[1], 'w').close()", str(target))
    assert target.stat().st_uid == os.getuid()


def test_a_second_attempt_appends_to_the_output(bench: Bench):
    for attempt in "12":
        bench.exits.clear()
        bench.run("import sys; print(sys.argv[1])", attempt)
    assert bench.output() == "1\n2\n"


def test_standard_input_is_empty(bench: Bench):
    bench.run("print(repr(input and __import__('sys').stdin.read()))")
    assert bench.output() == "''\n"


def test_a_trial_past_its_deadline_is_killed(bench: Bench):
    exit_ = bench.run("import time; time.sleep(600)", deadline=0.5)
    assert (exit_.code, exit_.reason) == (-signal.SIGTERM, "DeadlineExceeded")


@pytest.mark.skipif(not LINUX, reason="resident memory is read from Linux's /proc")
def test_a_trial_above_its_memory_limit_is_killed(bench: Bench):
    if bench.kind == "stand-in docker":
        pytest.skip("the engine's limit, which the stand-in has not")
    hungry = "import time; held = bytearray(300_000_000); print('survived'); time.sleep(600)"
    exit_ = bench.run(hungry, memory=200_000_000)
    assert (exit_.code, exit_.reason) == (-signal.SIGKILL, "OOMKilled")


@pytest.mark.skipif(not LINUX, reason="resident memory is read from Linux's /proc")
def test_a_trials_children_count_towards_its_memory(bench: Bench):
    if bench.kind == "stand-in docker":
        pytest.skip("the engine's limit, which the stand-in has not")
    child = "import time; held = bytearray(300_000_000); time.sleep(600)"
    exit_ = bench.run(
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])",
        memory=200_000_000,
    )
    assert exit_.reason == "OOMKilled"


def test_a_trial_below_its_limits_is_left_alone(bench: Bench):
    exit_ = bench.run("import time; time.sleep(0.6)", memory=500_000_000, deadline=60)
    assert (exit_.code, exit_.reason) == (0, "")


def test_a_kill_takes_the_whole_process_group(bench: Bench):
    pid = bench.folder / "trials" / "trial" / "pid"
    bench.start(LINGERER + "time.sleep(600)", str(pid))
    bench.await_output("ready")
    bench.runner.kill("trial")
    assert bench.wait().code == -signal.SIGTERM
    until(lambda: not alive(int(pid.read_text())), "the grandchild's end")


def test_a_kill_is_a_request_that_a_trial_may_answer(bench: Bench):
    bench.start(
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(print('saved') or 5))\n"
        "print('ready', flush=True)\n"
        "time.sleep(600)"
    )
    bench.await_output("ready")
    bench.runner.kill("trial")
    assert bench.wait().code == 5
    assert "saved" in bench.output()


def test_a_trial_that_ignores_a_kill_dies_when_the_grace_ends(bench: Bench):
    bench.start(
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('ready', flush=True)\n"
        "time.sleep(600)"
    )
    bench.await_output("ready")
    bench.runner.kill("trial", grace=0.2)
    assert bench.wait().code == -signal.SIGKILL


def test_what_a_trial_leaves_behind_ends_with_it(bench: Bench):
    pid = bench.folder / "trials" / "trial" / "pid"
    assert bench.run(LINGERER, str(pid)).code == 0
    until(lambda: not alive(int(pid.read_text())), "the grandchild's end")


def test_killing_what_does_not_run_is_no_error(bench: Bench):
    bench.runner.kill("never-started")
    bench.run("pass")
    bench.runner.kill("trial")
    assert bench.runner.poll(0.05) == []


def test_each_exit_is_polled_once(bench: Bench):
    names = [f"trial-{n}" for n in range(5)]
    bench.runner.start([bench.launch("print(1)", trial=name) for name in names])
    polled: list[str] = []
    while len(polled) < len(names):
        polled += [exit_.trial for exit_ in bench.runner.poll(30)]
    assert sorted(polled) == names
    assert bench.runner.poll(0.05) == []


def test_polling_without_trials_returns_at_once(bench: Bench):
    before = time.monotonic()
    assert bench.runner.poll(60) == []
    assert time.monotonic() - before < 5


def test_polling_ends_when_its_time_is_over(bench: Bench):
    bench.start("import time; time.sleep(600)")
    before = time.monotonic()
    assert bench.runner.poll(0.2) == []
    assert 0.1 < time.monotonic() - before < 30


def test_waiting_costs_no_processor_time(bench: Bench):
    bench.start("import time; print('ready', flush=True); time.sleep(600)")
    bench.await_output("ready")
    bench.runner.poll(0)
    before = time.process_time()
    bench.runner.poll(1)
    assert time.process_time() - before < 0.1


def test_a_name_that_runs_cannot_be_started_again(bench: Bench):
    bench.start("import time; time.sleep(600)")
    with pytest.raises(RunnerError, match="trial is running already"):
        bench.start("pass")


def test_closing_kills_what_runs_and_may_be_done_twice(bench: Bench):
    pid = bench.folder / "trials" / "trial" / "pid"
    bench.start(LINGERER + "time.sleep(600)", str(pid))
    bench.await_output("ready")
    bench.runner.close()
    bench.runner.close()
    until(lambda: not alive(int(pid.read_text())), "the grandchild's end")


def test_a_crash_hits_one_trial_only(bench: Bench):
    code = "import os, sys, time; time.sleep(0.5) if sys.argv[1] == 'calm' else os.abort()"
    bench.runner.start([bench.launch(code, name, trial=name) for name in ("calm", "wild")])
    assert bench.wait("wild").code == -signal.SIGABRT
    assert bench.wait("calm").code == 0


def test_much_output_blocks_nobody(bench: Bench):
    assert bench.run("for n in range(20_000): print('x' * 200)").code == 0
    assert len(bench.output()) == 20_000 * 201


def test_a_program_that_is_not_there_fails_with_a_reason(bench: Bench):
    if "docker" in bench.kind:
        pytest.skip("the image's matter, and the engine's message")
    launch = bench.launch("pass")
    bench.runner.start([Launch("trial", ("no-such-program",), launch.directory)])
    assert bench.wait().code == 127
    assert "no-such-program" in bench.output()


def test_a_module_that_is_not_there_fails_with_pythons_own_words(bench: Bench):
    if "docker" in bench.kind:
        pytest.skip("the image's matter")
    launch = bench.launch("pass")
    bench.runner.start([Launch("trial", ("python3", "-m", "no_such_module"), launch.directory)])
    assert bench.wait().code == 1
    assert "No module named no_such_module" in bench.output()


def test_the_time_used_is_told(bench: Bench):
    if "docker" in bench.kind:
        pytest.skip("a container's time is not asked for")
    busy = "import time\nwhile time.process_time() < 0.3: pass"
    assert 0.2 < bench.run(busy).cpu_seconds < 5


@pytest.mark.slow
def test_a_hundred_short_trials_in_a_row_all_end(bench: Bench):
    count = 20 if "docker" in bench.kind else 100
    launches = [bench.launch("print('done')", trial=f"trial-{n}") for n in range(count)]
    for first in range(0, count, 10):
        bench.runner.start(launches[first : first + 10])
        for launch in launches[first : first + 10]:
            assert bench.wait(launch.trial).code == 0
    assert all(bench.output(launch.trial) == "done\n" for launch in launches)


ENGINE = """
import sys, time
from pathlib import Path
from tests.contracts.test_runner import KINDS, LINGERER, Bench
bench = Bench(sys.argv[1], KINDS[sys.argv[1]](), Path.cwd())
bench.start(LINGERER + "time.sleep(600)", sys.argv[2])
bench.await_output("ready")
print("ready", flush=True)
while True:
    bench.runner.poll(1)
"""
"""An engine to be killed: one Trial, with a child of its own."""


@pytest.mark.slow
@pytest.mark.skipif(not LINUX, reason="elsewhere the kernel does not help")
@pytest.mark.parametrize("kind", KINDS)
def test_everything_dies_when_the_engine_is_killed(
    kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    prepare(kind, monkeypatch, tmp_path)
    root = str(Path(__file__).parents[2])
    monkeypatch.setenv("PYTHONPATH", root)
    pid = tmp_path / "pid"
    engine = subprocess.Popen(
        [sys.executable, "-c", ENGINE, kind, str(pid)], stdout=subprocess.PIPE, text=True
    )
    with engine:
        assert engine.stdout is not None
        assert engine.stdout.readline() == "ready\n"
        group = os.getpgid(int(pid.read_text()))
        engine.kill()
    until(lambda: not alive(int(pid.read_text())), "the grandchild's end")
    until(lambda: not alive(group), "the Trial's end")
