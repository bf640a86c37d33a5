"""What holds for every place that runs Experiments."""

from __future__ import annotations

from collections import Counter

import pytest

from katib_experiments.backend import Backend, Outcome
from katib_experiments.errors import ExperimentChanged, ExperimentNotFound, TrialNotFound
from katib_experiments.experiment.model import Experiment, ExperimentCondition
from katib_experiments.status import experiment_document
from tests.support.backends import REACHABLE, REASON_TO_SKIP, Place, engine, katib

PLACES = [
    pytest.param(engine, id="engine"),
    pytest.param(
        katib,
        id="katib",
        marks=[pytest.mark.cluster, pytest.mark.skipif(not REACHABLE, reason=REASON_TO_SKIP)],
    ),
]


@pytest.fixture(params=PLACES)
def place(request, tmp_path) -> Place:
    with request.param(tmp_path) as made:
        yield made


@pytest.fixture
def backend(place) -> Backend:
    return place.backend


@pytest.fixture
def search(place):
    """Parsed documents: a search for the largest x, of 4 Trials, 2 at a time."""
    return place.search


def ended(backend: Backend, experiment: Experiment) -> Outcome:
    """Submit and wait for the end."""
    backend.submit(experiment)
    *_, outcome = backend.watch(experiment.name)
    return outcome


def counts(outcome: Outcome) -> Counter[str]:
    return Counter(trial.condition.value for trial in outcome.trials)


def test_an_experiment_ends_with_its_best_trial(backend, search):
    outcome = ended(backend, search())
    assert outcome.status.condition is ExperimentCondition.SUCCEEDED
    assert outcome.status.conditions[-1].reason == "ExperimentMaxTrialsReached"
    assert counts(outcome) == {"Succeeded": 4}
    largest = max(float(trial.assignments["x"]) for trial in outcome.trials)
    assert outcome.status.optimal.value(outcome.experiment.objective) == largest
    assert {len(outcome.logs[trial.name]) for trial in outcome.trials} == {1}
    assert backend.outcome("example") == outcome


ENDS = {"0.1": "MetricsUnavailable", "0.2": "Failed", "0.3": "Succeeded", "0.4": "Succeeded"}


def test_every_end_of_a_trial_is_told_apart(backend, search):
    script = "case ${trialParameters.x} in 0.1) echo none;; 0.2) exit 3;; *) echo accuracy=1;; esac"
    choices = {
        "name": "x",
        "parameterType": "discrete",
        "feasibleSpace": {"list": list(ENDS)},
    }
    fields = {"parameters": [choices], "maxFailedTrialCount": None}
    outcome = ended(backend, search(command=("sh", "-c", script), **fields))
    trials = [trial for trial in outcome.trials if trial.condition.ended]  # Katib starts too many
    assert len(trials) >= 4
    for trial in trials:
        assert trial.condition.value == ENDS[trial.assignments["x"]]
    failed = [trial for trial in trials if trial.condition.value == "Failed"]
    assert all("code 3" in trial.message for trial in failed)


def test_failed_trials_fail_the_experiment(backend, search):
    outcome = ended(backend, search(command=("sh", "-c", "echo ${trialParameters.x}; exit 1")))
    assert outcome.status.condition is ExperimentCondition.FAILED
    assert 3 <= counts(outcome)["Failed"] <= 4
    assert outcome.status.optimal is None


def test_a_goal_that_is_reached_ends_the_experiment(backend, search):
    objective = {"type": "maximize", "objectiveMetricName": "accuracy", "goal": 0.05}
    outcome = ended(backend, search(objective=objective, maxTrialCount=9))
    assert outcome.status.conditions[-1].reason == "ExperimentGoalReached"
    assert len(outcome.trials) < 9


def test_the_status_has_katibs_shape(backend, search):
    outcome = ended(backend, search())
    status = experiment_document(outcome)["status"]
    assert status["trials"] == status["trialsSucceeded"] == len(status["succeededTrialList"]) == 4
    assert [entry["type"] for entry in status["conditions"]] == ["Created", "Running", "Succeeded"]
    best, value = status["currentOptimalTrial"], outcome.status.optimal.assignments["x"]
    assert best["parameterAssignments"] == [{"name": "x", "value": value}]
    assert best["observation"]["metrics"][0]["latest"] == value


def test_the_lines_of_a_trial_can_be_read(backend, search):
    best = ended(backend, search()).status.optimal
    lines = list(backend.logs("example", best.name))
    assert lines == [f"accuracy={best.assignments['x']}"]
    assert list(backend.logs("example", best.name, follow=True)) == lines


def test_a_name_that_does_not_exist_is_not_found(backend, search):
    for call in (backend.outcome, backend.watch, backend.delete):
        with pytest.raises(ExperimentNotFound, match="nothing-here"):
            call("nothing-here")
    with pytest.raises(ExperimentNotFound):
        next(iter(backend.logs("nothing-here", "trial")))
    backend.submit(search())
    with pytest.raises(TrialNotFound, match="nobody"):
        next(iter(backend.logs("example", "nobody")))


def test_names_are_the_experiments_that_exist(backend, search):
    assert backend.names() == []
    for name in ("first", "second"):
        backend.submit(search(name))
    assert sorted(backend.names()) == ["first", "second"]


def test_a_deleted_experiment_is_gone(backend, search):
    ended(backend, search())
    backend.delete("example")
    assert backend.names() == []
    with pytest.raises(ExperimentNotFound):
        backend.outcome("example")
    assert counts(ended(backend, search())) == {"Succeeded": 4}


def test_an_ended_experiment_that_is_submitted_again_stays_as_it_is(backend, search):
    first = ended(backend, search())
    assert ended(backend, search()) == first


def test_another_document_under_the_same_name_is_refused(backend, search):
    backend.submit(search())
    with pytest.raises(ExperimentChanged, match=r'algorithmName: ".*" became "tpe"'):
        backend.submit(search(algorithm={"algorithmName": "tpe"}))


def test_the_three_counts_may_be_edited(backend, search):
    policy = {"resumePolicy": "LongRunning"}
    first = ended(backend, search(maxTrialCount=2, maxFailedTrialCount=2, **policy))
    more = ended(backend, search(parallelTrialCount=1, maxTrialCount=5, **policy))
    assert counts(more) == {"Succeeded": 5}
    assert more.trials[:2] == first.trials
    assert more.experiment.document["spec"]["maxTrialCount"] == 5
    types = [condition.type.value for condition in more.status.conditions]
    assert types[0] == "Created"
    assert types[-3:] == ["Restarting", "Running", "Succeeded"]
