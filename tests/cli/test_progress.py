from __future__ import annotations

import pytest

from katib_experiments.backend import Outcome
from katib_experiments.cli.progress import all_rows, epochs_of, few_rows, progress_of
from katib_experiments.experiment.model import (
    ExperimentStatus,
    MetricLog,
    ObjectiveType,
    Trial,
    TrialCondition,
)
from tests.support.builders import a_trial, an_experiment, integer

RUNNING, FAILED = TrialCondition.RUNNING, TrialCondition.FAILED


def an_outcome(*trials: Trial, logs=None, **fields) -> Outcome:
    status = ExperimentStatus(start_time=0.0)
    return Outcome(an_experiment(**fields), status, trials, logs or {})


def ended(name: str, value: float, start: float, end: float, **fields) -> Trial:
    return a_trial(name, {}, value, start_time=start, completion_time=end, **fields)


def test_ended_trials_are_done_whatever_became_of_them():
    outcome = an_outcome(
        a_trial("a", {}, 0.5), a_trial("b", {}, None, FAILED), a_trial("c", {}, None, RUNNING)
    )
    progress = progress_of(outcome, now=10.0)
    assert (progress.done, progress.failed, progress.total) == (2, 1, 12)
    assert progress.seconds == 10.0


@pytest.mark.parametrize(
    ("objective", "best"), [(ObjectiveType.MAXIMIZE, "b"), (ObjectiveType.MINIMIZE, "a")]
)
def test_the_best_follows_the_objective(objective: ObjectiveType, best: str):
    outcome = an_outcome(a_trial("a", {}, 0.5), a_trial("b", {}, 0.9), objective=objective)
    assert progress_of(outcome, 0.0).best.name == best
    assert [row.trial.name for row in all_rows(outcome) if row.best] == [best]


def test_time_left_is_the_work_left_shared_among_the_parallel_trials():
    trials = [ended("a", 0.1, 0, 8), ended("b", 0.2, 0, 12)]
    outcome = an_outcome(*trials, max_trial_count=8, parallel_trial_count=3)
    assert progress_of(outcome, now=12.0).left == pytest.approx(6 * 10 / 3)


def test_a_running_trial_counts_for_the_rest_of_its_time():
    trials = [ended("a", 0.1, 0, 10), a_trial("b", {}, None, RUNNING, start_time=10.0)]
    outcome = an_outcome(*trials, max_trial_count=2, parallel_trial_count=2)
    assert progress_of(outcome, now=14.0).left == pytest.approx(6.0)
    assert progress_of(outcome, now=99.0).left == 0.0


@pytest.mark.parametrize("maximum", [None, 5])
def test_without_a_trial_or_a_maximum_there_is_no_estimate(maximum: int | None):
    trials = [ended("a", 0.1, 0, 10)] if maximum is None else []
    outcome = an_outcome(*trials, max_trial_count=maximum)
    assert progress_of(outcome, 20.0).left is None


def test_the_table_holds_the_running_the_best_and_the_latest_once_each():
    trials = [ended(f"t{i}", 1 - i / 100, i, i + 1) for i in range(20)]
    running = a_trial("now", {}, None, RUNNING)
    rows = few_rows(an_outcome(*trials, running), best=2, latest=2)
    assert [row.trial.name for row in rows] == ["t0", "t1", "t18", "t19", "now"]


@pytest.mark.parametrize("condition", [FAILED, RUNNING, TrialCondition.KILLED])
def test_a_trial_that_did_not_end_well_is_never_the_best(condition: TrialCondition):
    outcome = an_outcome(a_trial("a", {}, 0.9, condition), a_trial("b", {}, 0.1))
    assert [row.best for row in few_rows(outcome)] == [False, True]


def test_a_running_trial_shows_its_latest_report():
    reports = [MetricLog(float(i), "val_accuracy", f"0.{i}") for i in (3, 4)]
    other = MetricLog(5.0, "loss", "9")
    outcome = an_outcome(a_trial("a", {}, None, RUNNING), logs={"a": [*reports, other]})
    (row,) = few_rows(outcome)
    assert (row.value, row.reports) == (0.4, 2)


@pytest.mark.parametrize(
    ("argument", "epochs"),
    [
        ("--epochs=10", 10),
        ("--epochs 7", 7),
        ("--epochs=${trialParameters.epochs}", 4),
        ("-v", None),
    ],
)
def test_the_number_of_epochs_is_read_from_the_command_line(argument: str, epochs: int | None):
    command = ["python", "train.py", *argument.split()]
    experiment = an_experiment([integer("epochs", 1, 9)], command=command)
    assert epochs_of(experiment, a_trial("a", {"epochs": "4"})) == epochs
