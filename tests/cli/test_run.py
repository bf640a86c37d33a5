"""``automl run``, through the real engine."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

SLOW_TRIAL = """\
import sys, time
time.sleep(30)
"""
HALF_SECOND_TRIAL = """\
import time
time.sleep(0.5)
print("score=1")
"""


def trials_of(shown) -> dict[str, int]:
    status = json.loads(shown.out)["status"]
    return {key: value for key, value in status.items() if isinstance(value, int)}


def test_a_run_ends_with_its_best_trial_and_a_report(automl, quick_file, tmp_path):
    shown = automl("run", str(quick_file()))
    assert shown.code == 0, shown.err
    lines = shown.out.splitlines()
    assert [line[:5] for line in lines if line.startswith("[")] == ["[1/3]", "[2/3]", "[3/3]"]
    assert "quick Succeeded after 3 Trials" in shown.out
    assert any(line.startswith("best: quick-") for line in lines)
    assert "report: runs/quick/report.html" in shown.out
    assert (tmp_path / "runs/quick/report.html").is_file()


def test_what_to_look_at_next_names_a_folder_of_ones_own(automl, quick_file):
    shown = automl("run", str(quick_file()), "--no-report", "--runs", "my runs")
    look = "automl show quick --runs 'my runs'; automl logs quick best --runs 'my runs'"
    assert look in shown.out.replace("\n", " ")


def test_json_has_stdout_for_itself(automl, quick_file):
    shown = automl("run", str(quick_file()), "-o", "json", "--no-report")
    document = json.loads(shown.out)
    assert document["kind"] == "Experiment"
    assert document["status"]["currentOptimalTrial"]["bestTrialName"].startswith("quick-")
    assert "[3/3]" in shown.err


def test_an_ended_run_is_not_run_again(automl, quick_file, tmp_path):
    path = str(quick_file())
    automl("run", path)
    before = (tmp_path / "runs/quick/report.html").stat().st_mtime_ns
    shown = automl("run", path, "--no-report")
    assert shown.code == 0
    assert "quick Succeeded after 3 Trials" in shown.out
    assert "[1/3]" not in shown.out
    assert (tmp_path / "runs/quick/report.html").stat().st_mtime_ns == before


@pytest.mark.parametrize("word", ["quick.yaml", "quick"], ids=["file", "name"])
def test_more_trials_go_on_where_a_run_ended(automl, quick_file, word: str):
    automl("run", str(quick_file()), "--no-report")
    shown = automl("run", word, "--max-trials", "5", "--no-report", "-o", "json")
    assert shown.code == 0, shown.err
    assert trials_of(shown)["trialsSucceeded"] == 5
    assert "going on after 3" in shown.err


def test_another_name_is_another_run(automl, quick_file, tmp_path):
    automl("run", str(quick_file()), "--name", "other", "--max-trials", "1", "--no-report")
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["other"]


def test_a_changed_document_is_refused(automl, quick_file):
    path = quick_file()
    automl("run", str(path), "--no-report")
    path.write_text(path.read_text().replace("0.9", "0.8"))
    shown = automl("run", str(path), "--max-trials", "9")
    assert shown.code == 2
    assert "0.8" in shown.err or "max" in shown.err


def test_an_experiment_that_fails_exits_with_one_and_names_the_output(automl, quick_file):
    shown = automl("run", str(quick_file(program="raise SystemExit(3)")), "--no-report")
    assert shown.code == 1
    assert "quick Failed" in shown.out
    assert "automl logs quick quick-" in shown.out


def test_a_wrong_document_shows_every_error_and_starts_nothing(automl, quick_file, tmp_path):
    path = quick_file()
    path.write_text(path.read_text().replace("'0.1'", "'2'").replace("maximize", "maximise"))
    shown = automl("run", str(path))
    assert shown.code == 2
    assert len(shown.err.splitlines()) == 2
    assert not (tmp_path / "runs").exists()


def test_warnings_do_not_stop_a_run(automl, quick_file):
    path = quick_file()
    path.write_text(path.read_text().replace("backoffLimit: 0", "backoffLimit: 1"))
    shown = automl("run", str(path), "--no-report")
    assert shown.code == 0
    assert shown.out.startswith("warning: ")


def test_a_runner_that_is_not_there_exits_with_four(automl, quick_file, monkeypatch):
    monkeypatch.setenv("PATH", "")
    shown = automl("run", str(quick_file()), "--runner", "docker")
    assert shown.code == 4
    assert "docker" in shown.err.lower()


def test_two_experiments_in_a_file_are_refused(automl, quick_file, tmp_path):
    text = quick_file().read_text()
    (tmp_path / "two.yaml").write_text(f"{text}---\n{text}")
    shown = automl("run", "two.yaml")
    assert (shown.code, shown.err) == (2, "two.yaml holds 2 Experiments: run takes a file of one\n")


def test_a_report_that_fails_does_not_lose_the_run(automl, quick_file, monkeypatch):
    def broken(*_: object) -> Path:
        raise ValueError("no ink")

    monkeypatch.setattr("katib_experiments.report.write_report", broken)
    shown = automl("run", str(quick_file()))
    assert shown.code == 0
    assert "no report: ValueError: no ink" in shown.out
    assert "best: quick-" in shown.out


class Started:
    """``automl run`` as a process of its own, in a process group of its own as a shell would."""

    def __init__(self, path: Path, *words: str) -> None:
        command = [sys.executable, "-m", "katib_experiments", "run", str(path), *words]
        self.process = subprocess.Popen(
            command,
            cwd=path.parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.trials = path.parent / "runs" / "quick" / "trials"

    def wait_for_trials(self, count: int) -> None:
        deadline = time.monotonic() + 30
        while len(list(self.trials.glob("*/output.log"))) < count:
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def interrupt(self) -> None:
        os.killpg(self.process.pid, signal.SIGINT)

    def end(self) -> tuple[int, str]:
        out, _ = self.process.communicate(timeout=30)
        return self.process.returncode, out


@pytest.fixture
def started():
    begun: list[Started] = []

    def start(path: Path, *words: str) -> Started:
        begun.append(Started(path, *words))
        return begun[-1]

    yield start
    for each in begun:
        if each.process.poll() is None:
            each.process.kill()
        each.process.communicate()


Start = Callable[..., Started]


@pytest.mark.slow
def test_ctrl_c_lets_the_running_trials_end_and_says_how_to_go_on(automl, started, quick_file):
    path = quick_file(program=HALF_SECOND_TRIAL, maxTrialCount=50)
    run: Started = started(path)
    run.wait_for_trials(2)
    run.interrupt()
    code, out = run.end()
    assert code == 130
    assert re.search("waiting for .+ running Trials; Ctrl-C again stops at once", out)
    assert f"go on: automl run {path}" in out
    assert (path.parent / "runs/quick/report.html").is_file()
    status = yaml.safe_load(automl("show", "quick", "-o", "yaml").out)["status"]
    assert status["trialsSucceeded"] == status["trials"] >= 2


@pytest.mark.slow
def test_a_second_ctrl_c_stops_at_once(started, quick_file):
    run: Started = started(quick_file(program=SLOW_TRIAL), "--no-report")
    run.wait_for_trials(2)
    begin = time.monotonic()
    run.interrupt()
    time.sleep(0.3)
    run.interrupt()
    code, out = run.end()
    assert code == 130
    assert time.monotonic() - begin < 20
    assert "quick stopped after 0 Trials" in out


@pytest.mark.slow
def test_sigterm_stops_at_once(started, quick_file):
    run: Started = started(quick_file(program=SLOW_TRIAL), "--no-report")
    run.wait_for_trials(2)
    run.process.terminate()
    assert run.end()[0] == 130


@pytest.mark.slow
def test_two_runs_of_one_experiment_are_refused(automl, started, quick_file):
    path = quick_file(program=SLOW_TRIAL)
    run: Started = started(path, "--no-report")
    run.wait_for_trials(1)
    shown = automl("run", str(path))
    assert shown.code == 3
    assert "quick" in shown.err
    assert automl("delete", "quick", "--yes").code == 3
    run.process.terminate()
    run.end()
