"""What holds for every place that runs Experiments."""

from __future__ import annotations

from collections import Counter

import pytest

from katib_experiments.backend import Backend, Outcome
from katib_experiments.engine import LocalBackend
from katib_experiments.errors import ExperimentChanged, ExperimentNotFound, TrialNotFound
from katib_experiments.experiment.model import Experiment, ExperimentCondition
from katib_experiments.status import experiment_document
from tests.support.documents import a_parsed

BACKENDS = {"engine": lambda directory: LocalBackend(directory / "runs", runner="process")}


@pytest.fixture(params=BACKENDS)
def backend(request, tmp_path) -> Backend:
    return BACKENDS[request.param](tmp_path)


def ended(backend: Backend, experiment: Experiment) -> Outcome:
    """Submit and wait for the end."""
    backend.submit(experiment)
    *_, outcome = backend.watch(experiment.name)
    return outcome


def counts(outcome: Outcome) -> Counter[str]:
    return Counter(trial.condition.value for trial in outcome.trials)


def test_an_experiment_ends_with_its_best_trial(backend):
    outcome = ended(backend, a_parsed())
    assert outcome.status.condition is ExperimentCondition.SUCCEEDED
    assert outcome.status.conditions[-1].reason == "ExperimentMaxTrialsReached"
    assert counts(outcome) == {"Succeeded": 4}
    assert outcome.status.optimal.assignments == {"x": "0.4"}
    assert {len(outcome.logs[trial.name]) for trial in outcome.trials} == {1}
    assert backend.outcome("example") == outcome


def test_every_end_of_a_trial_is_told_apart(backend):
    script = "case ${trialParameters.x} in 0.1) echo none;; 0.2) exit 3;; *) echo accuracy=1;; esac"
    outcome = ended(backend, a_parsed(command=("sh", "-c", script)))
    assert counts(outcome) == {"Succeeded": 2, "Failed": 1, "MetricsUnavailable": 1}


def test_failed_trials_fail_the_experiment(backend):
    outcome = ended(backend, a_parsed(command=("sh", "-c", "exit 1 # ${trialParameters.x}")))
    assert outcome.status.condition is ExperimentCondition.FAILED
    assert 3 <= counts(outcome)["Failed"] <= 4
    assert outcome.status.optimal is None


def test_the_status_has_katibs_shape(backend):
    status = experiment_document(ended(backend, a_parsed()))["status"]
    assert status["trials"] == status["trialsSucceeded"] == len(status["succeededTrialList"]) == 4
    assert [entry["type"] for entry in status["conditions"]] == ["Created", "Running", "Succeeded"]
    best = status["currentOptimalTrial"]
    assert best["parameterAssignments"] == [{"name": "x", "value": "0.4"}]
    assert best["observation"]["metrics"][0]["latest"] == "0.4"


def test_the_lines_of_a_trial_can_be_read(backend):
    outcome = ended(backend, a_parsed())
    lines = list(backend.logs("example", outcome.status.optimal.name))
    assert lines == ["accuracy=0.4"]
    assert list(backend.logs("example", outcome.status.optimal.name, follow=True)) == lines


def test_a_name_that_does_not_exist_is_not_found(backend):
    for call in (backend.outcome, backend.watch, backend.delete):
        with pytest.raises(ExperimentNotFound, match="nothing-here"):
            call("nothing-here")
    with pytest.raises(ExperimentNotFound):
        next(iter(backend.logs("nothing-here", "trial")))
    ended(backend, a_parsed())
    with pytest.raises(TrialNotFound, match="nobody"):
        next(iter(backend.logs("example", "nobody")))


def test_names_are_the_experiments_that_exist(backend):
    assert backend.names() == []
    for name in ("first", "second"):
        backend.submit(a_parsed(name))
    assert backend.names() == ["second", "first"]


def test_a_deleted_experiment_is_gone(backend):
    ended(backend, a_parsed())
    backend.delete("example")
    assert backend.names() == []
    with pytest.raises(ExperimentNotFound):
        backend.outcome("example")
    assert counts(ended(backend, a_parsed())) == {"Succeeded": 4}


def test_an_ended_experiment_that_is_submitted_again_stays_as_it_is(backend):
    first = ended(backend, a_parsed())
    assert ended(backend, a_parsed()) == first


def test_another_document_under_the_same_name_is_refused(backend):
    backend.submit(a_parsed())
    with pytest.raises(ExperimentChanged, match=r'algorithmName: "grid" became "random"'):
        backend.submit(a_parsed(algorithm={"algorithmName": "random"}))


def test_the_three_counts_may_be_edited(backend):
    policy = {"resumePolicy": "LongRunning"}
    first = ended(backend, a_parsed(maxTrialCount=2, maxFailedTrialCount=2, **policy))
    more = ended(backend, a_parsed(parallelTrialCount=1, maxTrialCount=5, **policy))
    assert counts(more) == {"Succeeded": 5}
    assert more.trials[:2] == first.trials
    assert more.experiment.document["spec"]["maxTrialCount"] == 5
    types = [condition.type.value for condition in more.status.conditions]
    assert types == ["Created", "Running", "Succeeded", "Restarting", "Running", "Succeeded"]
