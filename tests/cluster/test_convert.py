"""From Katib's objects to the model."""

from __future__ import annotations

import pytest

from katib_experiments.cluster.convert import experiment_of, manifest, outcome_of
from katib_experiments.cluster.namesakes import LABEL
from katib_experiments.cluster.objects import Objects
from katib_experiments.errors import ClusterError
from katib_experiments.experiment.document import parse
from katib_experiments.experiment.model import TrialCondition
from katib_experiments.status import experiment_document
from tests.support.documents import a_parsed
from tests.support.katib import a_pod, a_trial_object, a_warning, an_experiment_object


def outcome(experiment=None, *trials, **others):
    return outcome_of(Objects(experiment or an_experiment_object("Created"), trials, **others), {})


@pytest.mark.parametrize("labels", [{}, {"team": "a"}])
def test_the_experiment_comes_back_as_it_was_but_in_its_namespace(labels):
    document = a_parsed().document
    document["metadata"] |= {"labels": labels} if labels else {}
    sent = manifest(parse(document), "team-a")
    assert sent["metadata"]["labels"] == labels | {LABEL: "team-a"}
    document["metadata"]["namespace"] = "team-a"
    assert experiment_of({**sent, "status": {}}).document == document


def test_what_the_cluster_keeps_for_itself_is_left_out():
    document = outcome().experiment.document
    assert document["metadata"] == {"name": "example", "namespace": "default"}


def test_an_experiment_that_nobody_could_read_is_named():
    with pytest.raises(ClusterError, match="example is none that automl can read: KeyError"):
        experiment_of({"metadata": {"name": "example"}, "spec": {}})


def test_the_conditions_and_times_are_katibs():
    experiment = an_experiment_object(
        "Created", "Running", "Succeeded", reason="ExperimentGoalReached"
    )
    status = outcome(experiment).status
    assert [each.type.value for each in status.conditions] == ["Created", "Running", "Succeeded"]
    assert status.conditions[-1].reason == "ExperimentGoalReached"
    assert status.conditions[-1].time - status.start_time == 2


@pytest.mark.parametrize("condition", TrialCondition)
def test_a_trial_is_where_its_last_condition_says(condition):
    history = ("Created",) if condition == "Created" else ("Created", condition.value)
    trial = outcome(None, a_trial_object("t", "0.1", *history)).trials[0]
    assert trial.condition is condition
    assert trial.reason == f"Trial{condition}"


def test_a_trial_without_a_status_was_only_created():
    item = a_trial_object("t", "0.1")
    del item["status"]
    assert outcome(None, item).trials[0].condition is TrialCondition.CREATED


def test_trials_of_one_second_stand_in_the_order_of_their_suggestion():
    trials = [a_trial_object(name, "0.1", "Created") for name in ("a", "b", "c")]
    for trial in trials:
        trial["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z"
    suggestion = {"status": {"suggestions": [{"name": name} for name in ("c", "a", "b")]}}
    found = outcome(None, *trials, suggestion=suggestion)
    assert [trial.name for trial in found.trials] == ["c", "a", "b"]


def test_labels_are_those_of_the_suggestion_alone():
    experiment, trial = an_experiment_object("Created"), a_trial_object("t", "0.1", "Created")
    experiment["metadata"]["labels"] = {"team": "a"}
    trial["metadata"]["labels"] |= {"team": "a", "generation": "2"}
    assert outcome(experiment, trial).trials[0].labels == {"generation": "2"}


def test_the_best_trial_is_katibs():
    best = {"currentOptimalTrial": {"bestTrialName": "b"}}
    experiment = an_experiment_object("Created", "Running", status=best)
    trials = [a_trial_object(n, "0.5", "Succeeded", value="0.5") for n in ("a", "b")]
    assert outcome(experiment, *trials).status.optimal.name == "b"


def test_a_best_trial_without_a_finite_value_gives_way_and_is_told_of():
    best = {"currentOptimalTrial": {"bestTrialName": "b"}}
    experiment = an_experiment_object("Created", "Running", status=best)
    good = a_trial_object("a", "0.5", "Succeeded", value="0.5")
    found = outcome(experiment, good, a_trial_object("b", "0.9", "Succeeded", value=""))
    assert found.status.optimal.name == "a"
    assert "Katib's best Trial is b" in found.status.conditions[-1].message
    assert "accuracy was reported without a finite value" in found.trials[1].message


def test_the_status_is_the_same_after_a_round_trip():
    best = {"currentOptimalTrial": {"bestTrialName": "a"}}
    experiment = an_experiment_object("Created", "Running", "Succeeded", status=best)
    trial = a_trial_object("a", "0.5", "Created", "Succeeded", value="0.5")
    status = experiment_document(outcome(experiment, trial))["status"]
    assert status["conditions"][0]["reason"] == "ExperimentCreated"
    assert [each["status"] for each in status["conditions"]] == ["True", "False", "True"]
    assert (status["trials"], status["trialsSucceeded"]) == (1, 1)
    assert status["currentOptimalTrial"]["observation"]["metrics"][0]["latest"] == "0.5"


def waiting(reason: str, message: str = "") -> dict:
    return {"waiting": {"reason": reason, "message": message}}


UNSCHEDULABLE = {
    "type": "PodScheduled",
    "status": "False",
    "reason": "Unschedulable",
    "message": "0/1 nodes are available: 1 Insufficient nvidia.com/gpu.",
}


@pytest.mark.parametrize(
    ("pod", "told"),
    [
        (a_pod("t", waiting("ImagePullBackOff", 'image "x" not found')), "kind load"),
        (a_pod("t", {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}), "limits.memory"),
        (
            a_pod("t", {"terminated": {"exitCode": 3, "reason": "Error"}}),
            "Error: exit code 3",
        ),
        (a_pod("t", {"terminated": {"exitCode": 0, "reason": "OOMKilled"}}), "limits.memory"),
        (a_pod("t", conditions=[UNSCHEDULABLE]), "Insufficient nvidia.com/gpu"),
    ],
    ids=["no image", "out of memory", "crash", "a child out of memory", "no GPU"],
)
def test_a_trial_says_what_its_pod_suffers_from(pod, told):
    found = outcome(None, a_trial_object("t", "0.1", "Created", "Running"), pods=[pod])
    first, *notes = found.trials[0].message.splitlines()
    assert first == "Trial is Running"
    assert told in notes[0]


def test_the_sidecar_is_no_reason_where_the_training_failed():
    ends = [("metrics-logger-and-collector", 255), ("main", 3)]
    pod = a_pod("t")
    pod["status"]["containerStatuses"] = [
        {"name": name, "state": {"terminated": {"exitCode": code}}} for name, code in ends
    ]
    found = outcome(None, a_trial_object("t", "0.1", "Created", "Failed"), pods=[pod])
    assert found.trials[0].message.splitlines()[1:] == ["container main: Error: exit code 3"]


def test_a_pod_that_starts_or_succeeded_is_no_reason():
    trial = a_trial_object("t", "0.1", "Created", "Running")
    for state in (waiting("ContainerCreating"), {"running": {}}, {"terminated": {"exitCode": 0}}):
        assert (
            outcome(None, trial, pods=[a_pod("t", state)]).trials[0].message == "Trial is Running"
        )


@pytest.mark.parametrize("kind", ["Job", "Trial"])
def test_a_pod_or_a_job_that_could_not_be_made_is_told_of(kind):
    events = [a_warning(kind, "t", "admission webhook denied"), a_warning(kind, "u", "other")]
    found = outcome(None, a_trial_object("t", "0.1", "Created", "Running"), events=events)
    assert found.trials[0].message.splitlines()[1:] == ["admission webhook denied"]


def test_a_failed_search_says_what_the_suggestion_says():
    failed = {"type": "Failed", "status": "True", "message": "Validation failed: r_l"}
    found = outcome(
        an_experiment_object("Created", "Failed"), suggestion={"status": {"conditions": [failed]}}
    )
    last = found.status.conditions[-1]
    assert last.message.splitlines()[1:] == ["Suggestion: Validation failed: r_l"]


def test_a_service_that_cannot_start_is_told_of_while_it_is_waited_for():
    pod = a_pod("none", waiting("ErrImagePull"))
    pod["metadata"]["labels"] = {"katib.kubeflow.org/deployment": "example-grid"}
    message = outcome(an_experiment_object("Created"), pods=[pod]).status.conditions[-1].message
    assert "suggestion service: container main: ErrImagePull" in message
    ended = outcome(an_experiment_object("Created", "Succeeded"), pods=[pod])
    assert "ErrImagePull" not in ended.status.conditions[-1].message


REFUSED = 'Error creating: pods "{}" is forbidden: violates PodSecurity "restricted:latest"'


def refusals(kind: str, name: str) -> list[dict]:
    """A warning for each try, each about a pod of another name, and one for further ones."""
    tries = [REFUSED.format(f"{name}-{suffix}") for suffix in ("x2b7q", "9fk4z", "lm5pd")]
    tries[2] = f"(combined from similar events): {tries[2]}"
    return [a_warning(kind, name, message) for message in tries]


def test_a_service_whose_pod_is_refused_is_told_of_once_until_there_is_one():
    experiment = an_experiment_object("Created")
    refused = refusals("ReplicaSet", "example-grid-5d4f8")
    events = [*refused, *refusals("ReplicaSet", "another-grid-5d4f8")]
    message = outcome(experiment, events=events).status.conditions[-1].message
    why = f"{REFUSED.format('example-grid-5d4f8-…')} (look: automl doctor)"
    assert message.splitlines()[1:] == [f"suggestion service: {why}"]
    pod = a_pod("none", {"running": {}})
    pod["metadata"]["labels"] = {"katib.kubeflow.org/deployment": "example-grid"}
    made = outcome(experiment, events=events, pods=[pod])
    assert "PodSecurity" not in made.status.conditions[-1].message


def test_a_job_whose_pod_is_refused_again_and_again_says_so_once():
    events = refusals("Job", "t")
    found = outcome(None, a_trial_object("t", "0.1", "Created", "Running"), events=events)
    assert found.trials[0].message.splitlines()[1:] == [
        f"{REFUSED.format('t-…')} (look: automl doctor)"
    ]


def test_warnings_are_told_of_until_a_trial_follows_and_not_katibs_own_retries():
    events = [
        a_warning("Suggestion", "example", "GetSuggestions: math domain error"),
        a_warning("Experiment", "example", "the object has been modified; please apply again"),
        a_warning("Suggestion", "example", 'deployments "example-grid" already exists'),
    ]
    experiment = an_experiment_object("Created", "Running")
    notes = outcome(experiment, events=events).status.conditions[-1].message.splitlines()[1:]
    assert notes == ["Suggestion: GetSuggestions: math domain error"]
    later = a_trial_object("t", "0.1", "Created")
    later["metadata"]["creationTimestamp"] = "2027-01-01T00:00:00Z"
    assert "math" not in outcome(experiment, later, events=events).status.conditions[-1].message
