"""What forks of a warm process may and may not share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from katib_experiments.engine.forkserver import gpu_is_open
from katib_experiments.engine.runner import OUTPUT, Exit, Launch
from katib_experiments.engine.warm import WarmRunner, module_of

Run = Callable[..., list[str]]


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[WarmRunner]:
    monkeypatch.chdir(tmp_path)
    runner = WarmRunner()
    yield runner
    runner.close()


@pytest.fixture
def run(runner: WarmRunner, tmp_path: Path) -> Run:
    """Write files, run ``python -m program`` once for each of ``arguments``, one after another;
    what each wrote, and its exit status if that is not 0."""

    def run(
        files: dict[str, str],
        *arguments: str,
        module: str = "program",
        environment: dict[str, str] | None = None,
    ) -> list[str]:
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(dedent(text))
        outputs = []
        for argument in arguments or ("",):
            trial = f"trial-{len(list(tmp_path.glob('trial-*')))}"
            (tmp_path / trial).mkdir()
            command = ("python3", "-m", module, argument)
            runner.start([Launch(trial, command, tmp_path / trial, environment or {})])
            exit_ = wait(runner)
            outputs.append((tmp_path / trial / OUTPUT).read_text())
            outputs[-1] += f"exit status {exit_.code}" if exit_.code else ""
        return outputs

    return run


def wait(runner: WarmRunner) -> Exit:
    while not (exits := runner.poll(30)):
        pass
    return exits[0]


COUNTING = "import os\nprint('imported in', os.getpid())\nPID = os.getpid()\n"
"""A module that tells which process imported it."""
SHARED = "import os, heavy\nprint('cold' if heavy.PID == os.getpid() else 'warm')\n"


def test_what_a_module_imports_is_imported_once(run: Run):
    assert run({"heavy.py": COUNTING, "program.py": SHARED}, "a", "b") == ["warm\n", "warm\n"]


def test_the_module_itself_runs_once_in_each_trial_as_main(run: Run, tmp_path: Path):
    program = f"""
        import sys
        with open({str(tmp_path / "runs")!r}, "a") as runs:
            runs.write(__name__ + sys.argv[1])
        print(sys.modules["__main__"].__dict__ is globals(), sys.argv[0] == __file__)
    """
    assert run({"program.py": program}, "1", "2") == ["True True\n"] * 2
    assert (tmp_path / "runs").read_text() == "__main__1__main__2"


def test_forks_draw_different_random_numbers(run: Run):
    program = "import random, numpy\nprint(random.random(), numpy.random.random())\n"
    first, second = run({"program.py": program}, "a", "b")
    assert not set(first.split()) & set(second.split())


def test_trials_change_nothing_for_each_other(run: Run):
    program = """
        import sys, state
        print(state.SEEN)
        state.SEEN.append(sys.argv[1])
    """
    assert run({"state.py": "SEEN = []", "program.py": program}, "a", "b") == ["[]\n", "[]\n"]


def test_a_package_runs_its_main_with_relative_imports(run: Run):
    files = {
        "package/__init__.py": "",
        "package/heavy.py": COUNTING,
        "package/__main__.py": "from . import heavy\nimport os\nprint(heavy.PID == os.getpid())",
    }
    assert run(files, module="package") == ["False\n"]


@pytest.mark.parametrize(
    "line", ["os.environ['BACKEND'] = 'jax'", "os.environ.setdefault('BACKEND', 'jax')"]
)
def test_the_environment_that_a_module_sets_before_an_import_acts_on_it(run: Run, line: str):
    library = "import os\nBACKEND = os.environ.get('BACKEND')"
    program = f"import os\n{line}\nimport library\nprint(library.BACKEND)"
    assert run({"library.py": library, "program.py": program}) == ["jax\n"]


def test_another_environment_than_the_first_is_run_cold(run: Run):
    run({"heavy.py": COUNTING, "program.py": SHARED}, environment={"A": "1"})
    assert run({}, environment={"A": "1"}) == ["warm\n"]
    assert run({}, environment={"A": "2"})[0].endswith("cold\n")


@pytest.mark.parametrize(
    "heavy",
    [
        "import no_such_library",
        "raise RuntimeError('no_such_library')",
        "import os, sys; sys.stderr.write('no_such_library'); sys.stderr.flush(); os.abort()",
    ],
)
def test_an_import_that_fails_shows_in_the_trials_own_log(run: Run, heavy: str):
    (output,) = run({"heavy.py": heavy, "program.py": SHARED})
    assert "no_such_library" in output
    assert "exit status" in output


def test_imports_that_start_a_thread_are_not_forked(run: Run):
    heavy = COUNTING + "import threading, time\n"
    heavy += "threading.Thread(target=time.sleep, args=(30,), daemon=True).start()"
    assert run({"heavy.py": heavy, "program.py": SHARED})[0].endswith("cold\n")


def test_an_uncaught_error_leaves_its_traceback(run: Run):
    (output,) = run({"program.py": "print('before')\nraise ValueError('no data')"})
    assert output.startswith("before\nTraceback")
    assert output.endswith("ValueError: no data\nexit status 1")


def test_a_program_ends_as_pythons_do(run: Run):
    program = """
        import atexit, ctypes, threading, time
        atexit.register(print, "at exit")
        threading.Thread(target=lambda: (time.sleep(0.2), print("thread"))).start()
        print("no newline", end=" ")
        ctypes.CDLL(None).printf(b"from C")
    """
    assert run({"program.py": program}) == ["no newline thread\nat exit\nfrom C"]


def test_an_idle_pool_of_threads_holds_nobody_up(run: Run):
    program = """
        from concurrent.futures import ThreadPoolExecutor
        pool = ThreadPoolExecutor(2)
        print(pool.submit(sum, [1, 2]).result())
    """
    assert run({"program.py": program}) == ["3\n"]


def test_a_program_may_spawn_processes_of_its_own(run: Run):
    program = """
        import multiprocessing

        def double(number):
            return 2 * number

        if __name__ == "__main__":
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                print(pool.map(double, [1, 2]))
    """
    assert run({"program.py": program}) == ["[2, 4]\n"]


def test_a_gpu_that_the_imports_opened_is_seen(tmp_path: Path):
    (tmp_path / "3").symlink_to("/dev/null")
    assert not gpu_is_open(tmp_path)
    (tmp_path / "4").symlink_to("/dev/nvidia-uvm")
    assert gpu_is_open(tmp_path)


def test_other_commands_are_run_too(runner: WarmRunner, tmp_path: Path):
    runner.start([Launch("trial", ("sh", "-c", "echo shell"), tmp_path)])
    assert wait(runner).code == 0
    assert (tmp_path / OUTPUT).read_text() == "shell\n"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("python -m train --lr=1", ("train", ["--lr=1"])),
        ("python3 -u -m a.b -m x", ("a.b", ["-m", "x"])),
        ("/image/only/python3.11 -m train", ("train", [])),
        ("python train.py", None),
        ("python -m", None),
        ("python -O -m train", None),
        ("python2 -m train", None),
        ("sh -c train", None),
        ("python -m ../train", None),
    ],
)
def test_which_commands_can_be_warm(command: str, expected: object):
    assert module_of(command.split()) == expected


@pytest.mark.slow
def test_keras_trains_in_forks_beside_each_other(run: Run, runner: WarmRunner, tmp_path: Path):
    program = """
        import keras, numpy, sys
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        history = model.fit(numpy.ones((64, 4)), numpy.ones(64), epochs=2, verbose=0)
        print(f"loss={history.history['loss'][-1]}")
    """
    (output,) = run({"program.py": program})
    assert "loss=" in output
    for name in "ab":
        (tmp_path / name).mkdir()
    command = ("python", "-m", "program")
    runner.start([Launch(name, command, tmp_path / name) for name in "ab"])
    exits = [wait(runner)]
    exits += runner.poll(30) if len(exits) < 2 else []
    assert [exit_.code for exit_ in exits] == [0, 0]
    assert all(exit_.cpu_seconds < 2.5 for exit_ in exits), "an import of TensorFlow alone is more"
