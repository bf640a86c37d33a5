from __future__ import annotations

import io
import time
from dataclasses import replace

import pytest
from rich.console import Console

from katib_experiments.backend import Outcome
from katib_experiments.cli.display import LiveDisplay, PlainDisplay, display_on
from katib_experiments.experiment.model import ExperimentStatus, MetricLog, Trial, TrialCondition
from tests.support.builders import a_trial, an_experiment

ASSIGNMENTS = {
    "learning_rate": "0.0123456789",
    "num_layers": "3",
    "batch_size": "128",
    "optimizer": "rmsprop",
    "dropout": "0.30000000000000004",
}


def an_outcome(*trials: Trial, **fields) -> Outcome:
    experiment = an_experiment(name="digits", command=["train", "--epochs=10"], **fields)
    logs = {trial.name: [MetricLog(0.0, "val_accuracy", "0.5")] * 4 for trial in trials}
    return Outcome(experiment, ExperimentStatus(start_time=0.0), trials, logs)


def trials(count: int) -> list[Trial]:
    ended = [
        a_trial(f"digits-{i:08x}", ASSIGNMENTS, i / count, start_time=i, completion_time=i + 2.0)
        for i in range(count)
    ]
    running = a_trial(f"digits-{count:08x}", ASSIGNMENTS, None, TrialCondition.RUNNING)
    return [*ended, replace(running, start_time=float(count))]


def drawn(outcome: Outcome, width: int) -> list[str]:
    text = io.StringIO()
    console = Console(file=text, width=width, force_terminal=True, color_system=None)
    console.print(LiveDisplay(console, outcome, clock=lambda: 50.0).render())
    return text.getvalue().splitlines()


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_table_fits(width: int):
    lines = drawn(an_outcome(*trials(9)), width)
    assert max(map(len, lines)) <= width
    assert len(lines) < 20


@pytest.mark.parametrize("width", [60, 120])
def test_the_table_shows_what_one_waits_for(width: int):
    shown = "\n".join(drawn(an_outcome(*trials(9)), width))
    for text in ("9/12 done", "left", "4/10", "best 0.888889", "0.01235", "128", "00000008"):
        assert text in shown


def test_a_note_is_seen_with_the_next_drawing():
    console = Console(file=io.StringIO(), force_terminal=True)
    display = LiveDisplay(console, an_outcome())
    display.note("waiting")
    console.print(display.render())
    assert "waiting" in console.file.getvalue()


def test_a_pipe_gets_a_line_for_each_trial_that_ended():
    console = Console(file=io.StringIO(), width=1000)
    with display_on(console, an_outcome()) as display:
        assert isinstance(display, PlainDisplay)
        display.update(an_outcome(*trials(1)))
        display.update(an_outcome(*trials(2)))
        display.update(an_outcome(*trials(2)))
    lines = console.file.getvalue().splitlines()[1:]
    assert [line.split()[:2] for line in lines] == [
        ["[1/12]", "digits-00000000"],
        ["[2/12]", "digits-00000001"],
    ]
    assert "val_accuracy=0.5 best=0.5 learning_rate=0.01235" in lines[1]


def test_a_run_that_goes_on_does_not_repeat_its_first_lines():
    console = Console(file=io.StringIO(), width=1000)
    display = PlainDisplay(console, an_outcome(*trials(5)))
    display.update(an_outcome(*trials(6)))
    text = console.file.getvalue()
    assert "going on after 5" in text
    assert text.count("Succeeded") == 1


def test_drawing_a_thousand_trials_takes_a_hundredth_of_a_core():
    outcome = an_outcome(*trials(1000), max_trial_count=2000)
    drawn(outcome, 120)
    begin = time.process_time()
    for _ in range(10):
        drawn(outcome, 120)
    assert (time.process_time() - begin) / 10 < 0.1, "twice a second"
