from __future__ import annotations

import os
import threading
from collections import Counter

import pytest
import yaml

from katib_experiments.engine import LocalBackend
from katib_experiments.engine.journal import FILE, Lock
from katib_experiments.errors import (
    AutomlError,
    ExperimentBusy,
    ExperimentChanged,
    ExperimentNotFound,
    RunnerError,
)
from katib_experiments.experiment.model import ExperimentCondition
from tests.support.documents import a_parsed
from tests.support.runners import FakeRunner, Script


def reporting(launch) -> Script:
    """What the document's command would write."""
    return Script([launch.command[-1].removeprefix("echo ")] * 3)


@pytest.fixture
def backend(tmp_path):
    return LocalBackend(tmp_path / "runs", runner=lambda launch: FakeRunner(reporting))


def ended(backend, experiment):
    backend.submit(experiment)
    return list(backend.watch(experiment.name))[-1]


def test_all_that_belongs_to_a_run_is_in_its_directory(backend):
    outcome = ended(backend, a_parsed())
    directory = backend.directory("example")
    assert {path.name for path in directory.iterdir()} >= {"experiment.yaml", FILE, "trials"}
    assert {path.name for path in (directory / "trials").iterdir()} == {
        trial.name for trial in outcome.trials
    }
    written = yaml.safe_load((directory / "experiment.yaml").read_text())
    assert written == outcome.experiment.document


def test_names_are_the_newest_first(backend):
    for name in ("b", "c", "a"):
        backend.submit(a_parsed(name))
    assert backend.names() == ["a", "c", "b"]


@pytest.mark.parametrize("name", ["..", "a/b", "", "/etc", "A", ".hidden", "a\n"])
def test_a_name_cannot_lead_out_of_the_directory_of_runs(backend, name):
    with pytest.raises(ExperimentNotFound):
        backend.directory(name)
    with pytest.raises(ExperimentNotFound):
        backend.delete(name)


def test_an_experiment_that_another_process_runs_is_busy(backend, tmp_path):
    backend.submit(a_parsed())
    other = LocalBackend(tmp_path / "runs")
    for call in (lambda: other.submit(a_parsed()), lambda: other.watch("example")):
        with pytest.raises(ExperimentBusy, match=str(os.getpid())):
            call()
    with pytest.raises(ExperimentBusy):
        other.delete("example")
    assert len(list(backend.watch("example"))[-1].trials) == 4
    assert len(list(other.watch("example"))[-1].trials) == 4


def test_an_experiment_can_be_looked_at_while_it_runs(backend, tmp_path):
    backend.submit(a_parsed())
    outcomes = backend.watch("example")
    next(outcomes)
    seen = LocalBackend(tmp_path / "runs").outcome("example")
    assert seen.status.condition is ExperimentCondition.RUNNING
    outcomes.close()


def test_leaving_a_run_gives_it_free(backend, tmp_path):
    backend.submit(a_parsed())
    outcomes = backend.watch("example")
    next(outcomes)
    outcomes.close()
    Lock(backend.directory("example")).release()


def test_a_run_is_taken_up_by_submitting_it_again(backend):
    backend.submit(a_parsed())
    outcomes = backend.watch("example")
    next(outcomes)
    backend.interrupt()
    assert list(outcomes)[-1].status.condition is ExperimentCondition.RUNNING
    outcome = ended(backend, a_parsed())
    assert Counter(trial.condition.value for trial in outcome.trials) == {"Succeeded": 4}


def test_an_interrupt_before_the_first_outcome_is_not_lost(backend):
    backend.submit(a_parsed())
    outcomes = backend.watch("example")
    backend.interrupt()
    assert list(outcomes)[-1].trials == ()


def test_an_interrupt_while_nothing_runs_is_no_error(backend):
    backend.interrupt()
    assert len(ended(backend, a_parsed()).trials) == 4


def test_a_changed_document_is_refused_with_every_field_that_differs(backend):
    backend.submit(a_parsed())
    space = {"min": "0.2", "max": "0.9", "step": "0.1"}
    changed = a_parsed(
        objective={"type": "minimize", "objectiveMetricName": "accuracy"},
        parameters=[{"name": "x", "parameterType": "double", "feasibleSpace": space}],
    )
    with pytest.raises(ExperimentChanged) as caught:
        backend.submit(changed)
    lines = str(caught.value).splitlines()
    assert '  spec.objective.type: "maximize" became "minimize"' in lines
    assert '  spec.parameters[0].feasibleSpace.min: "0.1" became "0.2"' in lines
    assert backend.outcome("example").experiment == a_parsed()


def test_a_refused_submission_does_not_hold_the_experiment(backend):
    ended(backend, a_parsed())
    with pytest.raises(ExperimentChanged):
        backend.submit(a_parsed(algorithm={"algorithmName": "random"}))
    Lock(backend.directory("example")).release()


def test_labels_and_the_status_of_a_document_are_no_change(backend):
    first = a_parsed()
    backend.submit(first)
    first.document["metadata"]["labels"] = {"team": "vision"}
    first.document["status"] = {"trials": 3}
    backend.submit(first)


def test_raising_the_failed_trials_allowed_lets_a_failed_experiment_go_on(tmp_path):
    def failing(launch) -> Script:
        good = "0.3" in launch.command[-1]
        return Script(["accuracy=0.3"]) if good else Script(code=1)

    backend = LocalBackend(tmp_path, runner=lambda launch: FakeRunner(failing))
    counts = {"parallelTrialCount": 1, "maxTrialCount": 4}
    assert len(ended(backend, a_parsed(maxFailedTrialCount=2, **counts)).trials) == 2
    outcome = ended(backend, a_parsed(maxFailedTrialCount=4, **counts))
    assert outcome.status.condition is ExperimentCondition.SUCCEEDED
    assert len(outcome.trials) == 4


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"algorithm": {"algorithmName": "darts"}}, "darts"),
        ({"metricsCollectorSpec": {"collector": {"kind": "Push"}}}, "Push"),
        ({"job": {"parallelism": 2}}, "2 pods"),
    ],
)
def test_what_one_machine_cannot_run_is_refused_before_anything_is_made(backend, spec, message):
    with pytest.raises(RunnerError, match=message):
        backend.submit(a_parsed(**spec))
    assert not backend.directory("example").exists()


def test_a_broken_journal_is_an_error_that_names_the_file(backend):
    ended(backend, a_parsed())
    (backend.directory("example") / FILE).write_text("not a database " * 100)
    with pytest.raises(AutomlError, match=FILE):
        backend.outcome("example")


def test_a_directory_without_a_journal_is_no_experiment(backend):
    (backend.directory("stray")).mkdir(parents=True)
    assert backend.names() == []
    with pytest.raises(ExperimentNotFound):
        backend.outcome("stray")


def test_followed_lines_come_while_the_trial_runs_until_nobody_runs_it(tmp_path):
    endless = Script(["one", "two"], endless=True)
    backend = LocalBackend(tmp_path, runner=lambda launch: FakeRunner(lambda launch: endless))
    backend.submit(a_parsed())
    outcomes = backend.watch("example")
    trial = next(outcome for outcome in outcomes if outcome.trials).trials[0]
    lines: list[str] = []
    logs = LocalBackend(tmp_path).logs("example", trial.name, follow=True)
    follower = threading.Thread(target=lambda: lines.extend(logs))
    follower.start()
    for _ in range(2):
        backend.interrupt()
    assert list(outcomes)[-1].status.condition is ExperimentCondition.RUNNING
    follower.join(10)
    assert not follower.is_alive()
    assert lines == ["one", "two"]
