"""GPUs and who holds them."""

from __future__ import annotations

from pathlib import Path

import pytest

from katib_experiments.engine.gpu import Devices, visible
from katib_experiments.engine.process import ProcessRunner
from katib_experiments.engine.runner import OUTPUT, Exit, Launch
from katib_experiments.errors import RunnerError

SHOW = ("sh", "-c", 'echo "$CUDA_VISIBLE_DEVICES"; while [ ! -e ../go ]; do sleep 0.02; done')


def wait(runner: ProcessRunner, count: int) -> list[Exit]:
    exits: list[Exit] = []
    while len(exits) < count:
        polled = runner.poll(30)
        assert polled
        exits += polled
    return exits


def trials(folder: Path, *names: str, gpus: int = 1) -> list[Launch]:
    for name in names:
        (folder / name).mkdir()
    return [Launch(name, SHOW, folder / name, gpus=gpus) for name in names]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", ()), ("-1", ()), ("0, 2", ("0", "2")), ("GPU-8a2b", ("GPU-8a2b",)), ("NoDevFiles", ())],
)
def test_the_parents_choice_of_gpus_counts(
    monkeypatch: pytest.MonkeyPatch, text: str, expected: tuple[str, ...]
):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", text)
    assert visible() == expected


def test_without_a_choice_the_driver_is_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    program = tmp_path / "nvidia-smi"
    listing = "GPU 0: H100 (UUID: GPU-1)\n  MIG 1g.10gb Device 0: (UUID: MIG-1)\nGPU 1: H100"
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{listing}\nEND\n")
    program.chmod(0o755)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert visible() == ("0", "1")


def test_without_a_driver_there_are_no_gpus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert visible() == ()


def test_no_gpu_is_held_twice():
    devices = Devices(("0", "1", "2"))
    assert devices.take("a", 2) == ("0", "1")
    assert devices.take("b", 2) is None
    assert devices.take("b", 1) == ("2",)
    devices.give_back("a")
    assert devices.take("c", 2) == ("0", "1")


def test_trials_get_distinct_gpus_and_wait_for_free_ones(tmp_path: Path):
    runner = ProcessRunner(Devices(("3", "5")))
    runner.start(trials(tmp_path, "a", "b", "c"))
    assert runner.poll(0.3) == []
    assert not (tmp_path / "c" / OUTPUT).exists()
    (tmp_path / "go").touch()
    wait(runner, 3)
    runner.close()
    shown = [(tmp_path / name / OUTPUT).read_text().strip() for name in "abc"]
    assert sorted(shown[:2]) == ["3", "5"]
    assert shown[2] in ("3", "5")


def test_the_driver_is_not_asked_for_trials_without_gpus(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr("katib_experiments.engine.process.visible", lambda: pytest.fail("asked"))
    runner = ProcessRunner()
    (tmp_path / "go").touch()
    runner.start(trials(tmp_path, "a", gpus=0))
    wait(runner, 1)
    runner.close()


def test_a_trial_that_waits_for_a_gpu_can_be_killed(tmp_path: Path):
    runner = ProcessRunner(Devices(("0",)))
    runner.start(trials(tmp_path, "a", "b"))
    runner.kill("b")
    assert [(exit_.trial, exit_.code) for exit_ in runner.poll(30)] == [("b", -15)]
    runner.close()


def test_more_gpus_than_there_are_is_refused_before_anything_starts(tmp_path: Path):
    runner = ProcessRunner(Devices(("0",)))
    with pytest.raises(RunnerError, match=r'nvidia.com/gpu"\]: Invalid value: 2: .* 1 GPU'):
        runner.start(trials(tmp_path, "a", "b", gpus=2))
    assert runner.poll(0) == []
    runner.close()
