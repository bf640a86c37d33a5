from __future__ import annotations

from collections import Counter

import pytest

from katib_experiments.engine.events import Suggested
from katib_experiments.engine.history import fold
from katib_experiments.errors import RunnerError, SearchSpaceExhausted
from katib_experiments.experiment.model import (
    EarlyStoppingRule,
    ExperimentCondition,
    ObjectiveType,
    Suggestion,
    TrialCondition,
)
from tests.support.runners import Script

GOOD = Script(["acc=0.5"])
BAD = Script(["Traceback …", "ValueError: no"], code=3)
SILENT = Script(["nothing to see"])


def scoring(x: int) -> Script:
    return Script([f"acc=0.{x}"])


def conditions(outcome) -> Counter[str]:
    return Counter(trial.condition.value for trial in outcome.trials)


def last(outcome) -> tuple[str, str]:
    condition = outcome.status.conditions[-1]
    return condition.type.value, condition.reason


def test_a_run_ends_after_max_trial_count_trials_with_its_best(run):
    outcome = run(scoring).end()
    assert last(outcome) == ("Succeeded", "ExperimentMaxTrialsReached")
    assert conditions(outcome) == {"Succeeded": 6}
    assert outcome.status.optimal.assignments == {"x": "5"}
    assert outcome.status.optimal.observation["acc"].latest == "0.5"


def test_the_conditions_of_an_experiment_are_katibs(run):
    found = [(c.type.value, c.reason, c.message) for c in run(scoring).end().status.conditions]
    assert found == [
        ("Created", "ExperimentCreated", "Experiment is created"),
        ("Running", "ExperimentRunning", "Experiment is running"),
        (
            "Succeeded",
            "ExperimentMaxTrialsReached",
            "Experiment has succeeded because max trial count has reached",
        ),
    ]


def test_no_more_than_parallel_trial_count_run_at_once(run):
    made = run(scoring, parallel_trial_count=4, max_trial_count=11)
    made.end()
    assert made.runner.most_at_once == 4
    assert len(made.runner.started) == 11


def test_every_trial_is_there_once_whatever_it_ends_as(run):
    made = run([GOOD, SILENT, BAD, GOOD, SILENT, GOOD])
    outcome = made.end()
    assert conditions(outcome) == {"Succeeded": 3, "MetricsUnavailable": 2, "Failed": 1}
    assert last(outcome) == ("Succeeded", "ExperimentMaxTrialsReached")


def test_the_names_of_trials_are_the_experiments_and_eight_characters(run, tmp_path):
    names = [trial.name for trial in run(scoring).end().trials]
    assert len(set(names)) == 6
    for name in names:
        assert name.startswith("example-")
        assert len(name) == len("example-") + 8
        assert name.removeprefix("example-").isalnum()


def test_a_suggested_name_is_the_trials(run):
    class Naming:
        def suggest(self, history, count):
            return [Suggestion({"x": "1"}, f"mine-{history.asked}", {"generation": "1"})]

    outcome = run(scoring, algorithm=Naming(), max_trial_count=2).end()
    assert [trial.name for trial in outcome.trials] == ["mine-0", "mine-1"]
    assert outcome.trials[0].labels == {"generation": "1"}


@pytest.mark.parametrize("name", ["../up", "UPPER", "same"])
def test_a_suggested_name_that_cannot_be_ends_the_run_with_the_reason(run, name):
    class Naming:
        def suggest(self, history, count):
            return [Suggestion({"x": "1"}, name)] * count

    outcome = run(scoring, algorithm=Naming()).end()
    assert last(outcome) == ("Failed", "ExperimentFailed")
    assert f'it named a Trial "{name}"' in outcome.status.conditions[-1].message


def test_the_goal_stops_the_trials_that_run(run):
    made = run([Script(["acc=0.1"] * 9), Script(["acc=0.95"]), *[GOOD] * 9], goal=0.9)
    outcome = made.end()
    assert last(outcome) == ("Succeeded", "ExperimentGoalReached")
    assert conditions(outcome) == {"Killed": 1, "Succeeded": 1}
    killed = outcome.trials[0]
    assert (killed.reason, killed.observation) == ("GoalReached", {})
    assert len(outcome.logs[killed.name]) < 9


def test_a_goal_of_zero_is_not_reached_by_a_trial_without_metrics(run):
    scripts = [Script(["loss=nan"]), Script(["loss=2.0"])] * 3
    made = run(scripts, metric="loss", goal=0.0, objective=ObjectiveType.MINIMIZE)
    outcome = made.end()
    assert last(outcome) == ("Succeeded", "ExperimentMaxTrialsReached")
    assert outcome.trials[0].condition is TrialCondition.METRICS_UNAVAILABLE
    assert outcome.trials[0].message == (
        "Metrics are not available. Left out: 1 × loss without a finite value"
    )


@pytest.mark.parametrize(("most", "trials"), [(0, 1), (1, 1), (2, 2), (3, 3)])
def test_too_many_failed_trials_fail_the_experiment(run, most, trials):
    """As in Katib, 0 and 1 are the same: a count of 0 failed Trials never fails it."""
    made = run([BAD, SILENT, BAD, BAD], max_failed_trial_count=most, parallel_trial_count=1)
    outcome = made.end()
    assert last(outcome) == ("Failed", "ExperimentFailed")
    assert "max failed count has reached" in outcome.status.conditions[-1].message
    assert len(outcome.trials) == trials


def test_a_run_without_a_failed_trial_never_fails(run):
    assert last(run(scoring, max_failed_trial_count=0).end())[0] == "Succeeded"


def test_the_goal_is_tested_before_the_failed_trials(run):
    made = run([BAD, Script(["acc=0.95"])], max_failed_trial_count=2, goal=0.9, max_trial_count=2)
    assert last(made.end()) == ("Succeeded", "ExperimentGoalReached")


class Finite:
    """Three points."""

    def suggest(self, history, count):
        left = list(range(history.asked, 3))[:count]
        if not left:
            raise SearchSpaceExhausted
        return [Suggestion({"x": str(x)}) for x in left]


@pytest.mark.parametrize("most", [None, 10])
def test_a_run_ends_when_the_suggestions_do(run, most):
    outcome = run(scoring, algorithm=Finite(), max_trial_count=most).end()
    assert last(outcome) == ("Succeeded", "ExperimentSuggestionEndReached")
    assert conditions(outcome) == {"Succeeded": 3}


class Rungs:
    """Two at a time, the next two only when these have ended."""

    def __init__(self):
        self.asked = 0

    def suggest(self, history, count):
        self.asked += 1
        running = [trial for trial in history.trials if not trial.condition.ended]
        return [] if running else [Suggestion({"x": "1"}), Suggestion({"x": "2"})]


def test_no_suggestion_while_trials_run_means_wait(run):
    rungs = Rungs()
    outcome = run(
        lambda x: Script(["acc=0.1"] * (1 if x == 1 else 9)), algorithm=rungs, max_trial_count=6
    ).end()
    assert conditions(outcome) == {"Succeeded": 6}
    assert rungs.asked <= 6, "asked again only after a Trial has ended"


def test_no_suggestion_while_nothing_runs_fails_the_experiment(run):
    class Mute:
        def suggest(self, history, count):
            return []

    outcome = run(scoring, algorithm=Mute()).end()
    assert last(outcome) == ("Failed", "ExperimentFailed")
    assert "no suggestion while no Trial was running" in outcome.status.conditions[-1].message


def test_an_algorithm_that_raises_fails_the_experiment_and_loses_no_trial(run):
    class Fragile:
        def suggest(self, history, count):
            if history.asked >= 2:
                raise ZeroDivisionError("division by zero")
            return [Suggestion({"x": "0"}), Suggestion({"x": "1"})]

    outcome = run([GOOD, Script(["acc=0.7"] * 5)], algorithm=Fragile()).end()
    assert last(outcome) == ("Failed", "ExperimentFailed")
    message = outcome.status.conditions[-1].message
    assert "algorithm random failed: ZeroDivisionError: division by zero" in message
    assert conditions(outcome) == {"Succeeded": 2}


def test_more_suggestions_than_asked_for_fail_the_experiment(run):
    class Generous:
        def suggest(self, history, count):
            return [Suggestion({"x": "0"})] * (count + 1)

    message = run(scoring, algorithm=Generous()).end().status.conditions[-1].message
    assert "3 suggestions where 2 were asked" in message


def test_a_failed_trial_says_how_it_ended_and_what_it_said_last(run):
    trial = run([BAD], max_trial_count=1, parallel_trial_count=1).end().trials[0]
    assert trial.message == "Trial has failed. Exit code 3. Last output: ValueError: no"
    assert trial.reason == "TrialFailed"


@pytest.mark.parametrize(
    ("script", "reason", "text"),
    [
        (Script(code=-9, reason="OOMKilled"), "TrialFailed. Job reason: OOMKilled", "signal 9"),
        (Script(reason="DeadlineExceeded"), "TrialFailed. Job reason: DeadlineExceeded", ""),
        (Script(code=-11), "TrialFailed", "Killed by signal 11"),
    ],
)
def test_a_limit_that_ended_a_trial_is_its_reason(run, script, reason, text):
    trial = run([script], max_trial_count=1, parallel_trial_count=1).end().trials[0]
    assert trial.condition is TrialCondition.FAILED
    assert trial.reason == reason
    assert text in trial.message


def test_a_failed_attempt_is_made_again_up_to_the_backoff_limit(run, tmp_path):
    attempts = iter([BAD, BAD, Script(["acc=0.4"])])
    made = run(lambda x: next(attempts), {"backoff_limit": 2}, max_trial_count=1)
    outcome = made.end()
    (trial,) = outcome.trials
    assert trial.condition is TrialCondition.SUCCEEDED
    assert [log.value for log in outcome.logs[trial.name]] == ["0.4"]
    assert (tmp_path / trial.name / "attempt-2" / "output.log").read_text().endswith("no\n")


def test_a_trial_fails_once_its_attempts_are_used_up(run):
    made = run(lambda x: BAD, {"backoff_limit": 2}, max_trial_count=1)
    assert conditions(made.end()) == {"Failed": 1}
    assert len(made.runner.started) == 3


def test_a_deadline_is_for_all_attempts(run):
    late = Script(code=-15, reason="DeadlineExceeded")
    made = run(lambda x: late, {"backoff_limit": 2}, max_trial_count=1)
    assert conditions(made.end()) == {"Failed": 1}
    assert len(made.runner.started) == 1


class BelowHalf:
    def rules(self, experiment, trials, logs):
        ended = [trial for trial in trials if trial.condition.ended]
        return (EarlyStoppingRule("acc", "0.5", "less", 2),) if ended else ()


def test_a_trial_that_meets_its_rules_is_stopped_with_what_it_reported(run):
    scripts = [Script(["acc=0.9"]), Script(["acc=0.1", "acc=0.2", *["acc=0.9"] * 20])]
    made = run(scripts, {"stopping": BelowHalf()}, parallel_trial_count=1, max_trial_count=2)
    first, second = made.end().trials
    assert (first.condition, first.rules) == (TrialCondition.SUCCEEDED, ())
    assert second.condition is TrialCondition.EARLY_STOPPED
    assert (second.reason, second.message) == ("TrialEarlyStopped", "Trial is early stopped")
    assert second.observation["acc"].max == "0.2"


def test_early_stopped_trials_count_as_ended_and_may_be_the_best(run):
    class Always:
        def rules(self, experiment, trials, logs):
            return (EarlyStoppingRule("acc", "1", "less", 1),)

    outcome = run(lambda x: Script([f"acc=0.{x}"] * 20), {"stopping": Always()}).end()
    assert conditions(outcome) == {"EarlyStopped": 6}
    assert outcome.status.optimal.assignments == {"x": "5"}


def test_what_a_trial_reports_is_seen_while_it_runs(run):
    made = run([Script(["acc=0.1", "acc=0.3", "acc=0.2"])], max_trial_count=1)
    seen = [
        outcome.logs.get(outcome.trials[0].name, ())
        for outcome in made.outcomes()
        if outcome.trials
    ]
    assert [len(logs) for logs in seen][:3] == [1, 2, 3]
    assert len(seen[0]) == 1, "an Outcome that was given out does not change"


def test_trials_are_seen_as_soon_as_they_run(run):
    made = run(lambda x: Script(["nothing"], endless=True))
    outcomes = made.outcomes()
    assert conditions(next(outcomes)) == {}
    assert conditions(next(outcomes)) == {"Running": 2}
    outcomes.close()


def test_a_runner_that_cannot_start_anything_is_an_error_and_loses_nothing(run):
    made = run(scoring)
    loop = made.loop()
    made.runner.start = lambda group: (_ for _ in ()).throw(RunnerError("no docker here"))
    with pytest.raises(RunnerError, match="no docker here"):
        list(loop.run())
    assert made.runner.closed
    assert conditions(made.end()) == {"Succeeded": 6}


def test_a_run_that_was_left_goes_on_with_the_same_trials(run, tmp_path):
    made = run(lambda x: Script([f"acc=0.{x}", "acc=0.0"]))
    outcomes = made.outcomes()
    for _ in range(6):
        left = next(outcomes)
    outcomes.close()
    assert made.runner.closed
    assert 0 < conditions(left)["Running"] < len(left.trials)
    outcome = made.end()
    assert conditions(outcome) == {"Succeeded": 6}
    before = {trial.name: trial for trial in left.trials}
    for trial in outcome.trials:
        known = before.get(trial.name)
        if known is not None and known.condition.ended:
            assert trial == known
        assert len(outcome.logs[trial.name]) == 2, "what an interrupted attempt reported is dropped"
    assert {launch.trial for launch in made.runner.started}.isdisjoint(
        name for name, trial in before.items() if trial.condition.ended
    )


def test_an_ended_run_only_tells_its_outcome(run):
    made = run(scoring)
    end = made.end()
    assert list(made.outcomes())[-1] == end
    assert not made.runner.started


def test_the_state_is_the_fold_of_the_journal(run):
    made = run([GOOD, SILENT, BAD, Script(["acc=0.1"] * 3), GOOD, GOOD])
    outcome = made.end()
    assert fold(made.experiment, made.journal.read()).outcome() == outcome


def test_a_stop_that_was_decided_before_the_end_of_the_process_holds(run):
    class Always:
        def rules(self, experiment, trials, logs):
            return (EarlyStoppingRule("acc", "1", "less", 1),)

    made = run(lambda x: Script(["acc=0.5"] * 20), {"stopping": Always()}, max_trial_count=2)
    outcomes = made.outcomes()
    while not any("Stopped" in type(event).__name__ for event in made.journal.read()):
        next(outcomes)
    outcomes.close()
    outcome = made.end()
    assert conditions(outcome)["EarlyStopped"] == 2
    assert len(made.runner.started) < 2


def test_the_first_interrupt_lets_running_trials_end(run):
    made = run(lambda x: Script(["acc=0.1"] * 3))
    loop = made.loop()
    outcomes = loop.run()
    while not conditions(next(outcomes))["Running"]:
        pass
    loop.interrupt()
    *_, outcome = outcomes
    assert conditions(outcome) == {"Succeeded": 2}
    assert outcome.status.condition is ExperimentCondition.RUNNING
    assert conditions(made.end()) == {"Succeeded": 6}


def test_the_second_interrupt_kills_them_and_they_run_again_later(run):
    made = run(lambda x: Script(["acc=0.1"] * 3))
    loop = made.loop()
    outcomes = loop.run()
    while not conditions(next(outcomes))["Running"]:
        pass
    loop.interrupt()
    loop.interrupt()
    *_, outcome = outcomes
    assert conditions(outcome) == {"Running": 2}
    assert conditions(made.end()) == {"Succeeded": 6}
    suggested = [event for event in made.journal.read() if isinstance(event, Suggested)]
    assert len(suggested) == 6


def test_a_failed_attempt_is_remembered_over_an_interruption(run):
    made = run(lambda x: Script(["acc=0.1"] * 2, code=1), {"backoff_limit": 1}, max_trial_count=1)
    outcomes = made.outcomes()
    next(outcomes)
    while len(made.runner.started) < 2:
        next(outcomes)
    outcomes.close()
    assert conditions(made.end()) == {"Failed": 1}
    assert len(made.runner.started) == 1
