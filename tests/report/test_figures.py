from __future__ import annotations

from dataclasses import replace

import pytest

from katib_experiments.backend import Outcome
from katib_experiments.experiment.model import (
    ExperimentStatus,
    Objective,
    ObjectiveType,
    TrialCondition,
    TrialTemplate,
)
from katib_experiments.report import figures
from tests.report.outcomes import START, an_outcome
from tests.support.builders import a_trial, an_experiment

LOSS = Objective(ObjectiveType.MINIMIZE, "loss")
ACCURACY = Objective(ObjectiveType.MAXIMIZE, "accuracy")


def outcome_of(*values: float | str | None, **experiment) -> Outcome:
    made = an_experiment(**experiment)
    trials = [
        a_trial(f"t{i}", {}, value, metric=made.objective.metric)
        for i, value in enumerate(values, 1)
    ]
    return Outcome(made, ExperimentStatus(), tuple(trials))


def test_running_best_never_worsens():
    seen = figures.progress(outcome_of(0.5, 0.4, 0.7, 0.6, 0.7))
    assert seen.best == [0.5, 0.5, 0.7, 0.7, 0.7]
    assert seen.best_number == 3


def test_running_best_of_a_minimized_objective_falls():
    outcome = outcome_of(0.5, 0.4, 0.7, objective=ObjectiveType.MINIMIZE)
    assert figures.progress(outcome).best == [0.5, 0.4, 0.4]


def test_trials_that_do_not_count_are_kept_apart():
    outcome = outcome_of(0.5, None, "nan", "unavailable", 0.6)
    failed = a_trial("failed", {}, 0.99, TrialCondition.FAILED)
    running = a_trial("running", {}, 0.99, TrialCondition.RUNNING)
    seen = figures.progress(replace(outcome, trials=(*outcome.trials, failed, running)))
    assert [point.number for point in seen.points] == [1, 5]
    assert [number for number, _ in seen.without_value] == [2, 3, 4, 6]
    assert seen.total == 7


def test_the_progress_sentence_tells_when_and_how_much():
    values = [0.5] * 19 + [0.9] + [0.5] * 5 + [0.902] + [0.6] * 4
    sentence = figures.progress(outcome_of(*values, goal=0.95)).sentence
    assert sentence == (
        "Best after 26 of 30 Trials; the last 10 brought 0.002. "
        "The goal of 0.95 has not been reached."
    )


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ((), "None of 0 Trials has a finite objective yet."),
        ((None,), "None of 1 Trial has a finite objective yet."),
        ((0.5,), "Best after 1 of 1 Trial."),
        ((0.5, 0.6, 0.4), "Best after 2 of 3 Trials; the last one brought nothing more."),
    ],
)
def test_the_progress_sentence_of_few_trials(values, sentence):
    assert figures.progress(outcome_of(*values)).sentence == sentence


def test_headline_counts_conditions_and_seconds():
    seen = figures.headline(an_outcome(40))
    assert seen.counts == {
        TrialCondition.RUNNING: 2,
        TrialCondition.SUCCEEDED: 33,
        TrialCondition.FAILED: 1,
        TrialCondition.METRICS_UNAVAILABLE: 1,
        TrialCondition.EARLY_STOPPED: 3,
    }
    assert seen.training_seconds == pytest.approx(38 * 12)
    assert seen.seconds == pytest.approx(400)  # the last start: it is still running
    assert not seen.goal_reached


def test_an_ended_experiment_lasted_until_its_completion():
    outcome = an_outcome(4, running=0)
    status = replace(outcome.status, completion_time=START + 90)
    assert figures.headline(replace(outcome, status=status)).seconds == 90


def test_the_best_point_is_katibs_optimal_trial():
    outcome = an_outcome(40)
    best = figures.best_point(outcome)
    assert best is not None
    assert best.trial == outcome.status.optimal


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.25, "0.2 s"),
        (59.6, "1 min"),
        (42, "42 s"),
        (95.2, "1 min 35 s"),
        (3600, "1 h"),
        (7380, "2 h 3 min"),
        (90000, "1 d 1 h"),
    ],
)
def test_durations_are_told_in_two_units(seconds, text):
    assert figures.duration(seconds) == text


def test_the_command_is_the_trials_own_with_its_values():
    template = {
        "kind": "Job",
        "spec": {
            "containers": [
                {
                    "name": "main",
                    "command": ["python", "-m", "train"],
                    "args": ["--lr=${trialParameters.rate}"],
                }
            ]
        },
    }
    outcome = an_outcome(1, running=0)
    parameters = (replace(outcome.experiment.trial_template.parameters[0], name="rate"),)
    experiment = replace(
        outcome.experiment, trial_template=TrialTemplate(template, parameters, "main")
    )
    trial = a_trial("t", {"learning_rate": "0.01"})
    assert figures.command(replace(outcome, experiment=experiment), trial) == (
        "python -m train --lr=0.01"
    )


def test_without_a_command_of_its_own_the_assignments_are_flags():
    outcome = an_outcome(1, running=0)
    experiment = replace(outcome.experiment, trial_template=TrialTemplate({}, (), "main"))
    trial = a_trial("t", {"learning_rate": "0.01", "optimizer": "a b"})
    assert figures.command(replace(outcome, experiment=experiment), trial) == (
        "--learning_rate=0.01 '--optimizer=a b'"
    )


def test_outliers_on_the_bad_side_do_not_stretch_the_colours():
    losses = [1.0, 1.1, 1.2, 1.3, 1e9]
    assert figures.value_range(LOSS, losses) == pytest.approx((1.3 + 3 * 0.2, 1.0))
    assert figures.value_range(ACCURACY, [0.1, 0.9, 0.91, 0.92, 0.93]) == pytest.approx(
        (0.84, 0.93)
    )
    assert figures.value_range(ACCURACY, [0.8, 0.9]) == (0.8, 0.9)


def test_an_axis_is_wide_over_two_magnitudes_of_positive_values():
    assert figures.wide([0.01, 2.0])
    assert not figures.wide([0.1, 0.9])
    assert not figures.wide([-1.0, 1e6])
    assert not figures.wide([])
