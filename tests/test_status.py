from __future__ import annotations

import pytest
from kubeflow_katib_api.models import V1beta1Experiment, V1beta1Trial

from katib_experiments.backend import Outcome
from katib_experiments.experiment.model import (
    Condition,
    EarlyStoppingRule,
    ExperimentCondition,
    ExperimentStatus,
    TrialCondition,
)
from katib_experiments.status import experiment_document, trial_document
from tests.support.builders import a_trial
from tests.support.documents import a_parsed

BEST = a_trial(
    "example-aaaaaaaa",
    {"x": "0.9"},
    0.9,
    metric="accuracy",
    start_time=10.0,
    completion_time=20.9,
    reason="TrialSucceeded",
    message="Trial has succeeded",
    rules=(EarlyStoppingRule("accuracy", "0.5", "less", 4),),
    labels={"generation": "2"},
)


def an_outcome(*conditions: str, trials=(BEST,)) -> Outcome:
    history = tuple(
        Condition(ExperimentCondition(name), f"Experiment{name}", "", 1.0 + number)
        for number, name in enumerate(conditions)
    )
    status = ExperimentStatus(history, start_time=1.0, completion_time=99.0, optimal=BEST)
    return Outcome(a_parsed(), status, tuple(trials))


def status_of(*conditions: str, **fields):
    return experiment_document(an_outcome(*conditions, **fields))["status"]


def test_the_document_is_kept_beside_its_status():
    outcome = an_outcome("Created")
    document = experiment_document(outcome)
    assert document["spec"] == outcome.experiment.document["spec"]
    assert "status" not in outcome.experiment.document


def test_times_are_whole_seconds_of_utc():
    status = status_of("Created", "Running")
    assert status["startTime"] == "1970-01-01T00:00:01Z"
    assert status["completionTime"] == "1970-01-01T00:01:39Z"
    assert status["lastReconcileTime"] == "1970-01-01T00:00:02Z"


@pytest.mark.parametrize(
    ("history", "shown"),
    [
        (["Created"], ["Created True"]),
        (["Created", "Running"], ["Created True", "Running True"]),
        (
            ["Created", "Running", "Succeeded"],
            ["Created True", "Running False", "Succeeded True"],
        ),
        (
            ["Created", "Running", "Succeeded", "Restarting", "Running"],
            ["Created True", "Restarting False", "Running True"],
        ),
    ],
)
def test_conditions_are_one_of_each_type_and_the_last_holds(history, shown):
    conditions = status_of(*history)["conditions"]
    assert [f"{each['type']} {each['status']}" for each in conditions] == shown


@pytest.mark.parametrize("condition", TrialCondition)
def test_a_trial_is_counted_and_listed_under_its_condition(condition):
    status = status_of("Created", trials=[a_trial("t", {}, condition=condition)])
    lists = {key: value for key, value in status.items() if key.endswith("TrialList")}
    counts = {key: value for key, value in status.items() if key.startswith("trial")}
    assert list(lists.values()) == [["t"]]
    assert counts.pop("trials") == 1
    assert list(counts.values()) == [1]


def test_the_optimal_trial_has_its_assignments_and_observation():
    assert status_of("Created")["currentOptimalTrial"] == {
        "bestTrialName": "example-aaaaaaaa",
        "parameterAssignments": [{"name": "x", "value": "0.9"}],
        "observation": {
            "metrics": [{"name": "accuracy", "min": "0.9", "max": "0.9", "latest": "0.9"}]
        },
    }


def test_a_trial_is_katibs_object():
    trial = trial_document(an_outcome("Created"), BEST)
    assert trial["metadata"]["labels"]["katib.kubeflow.org/experiment"] == "example"
    assert trial["spec"]["parameterAssignments"] == [{"name": "x", "value": "0.9"}]
    assert trial["spec"]["earlyStoppingRules"][0]["startStep"] == 4
    assert trial["status"]["completionTime"] == "1970-01-01T00:00:20Z"
    types = [(each["type"], each["status"]) for each in trial["status"]["conditions"]]
    assert types == [("Created", "True"), ("Running", "False"), ("Succeeded", "True")]


def test_every_field_is_one_that_katibs_own_model_knows():
    outcome = an_outcome("Created", "Running", "Succeeded")
    status = experiment_document(outcome)["status"]
    known = V1beta1Experiment.model_validate({"status": status})
    assert known.status is not None
    assert set(status) <= {
        field.alias or name for name, field in type(known.status).model_fields.items()
    }
    trial = trial_document(outcome, BEST)
    parsed = V1beta1Trial.model_validate(trial)
    for part, model in (("spec", parsed.spec), ("status", parsed.status)):
        fields = type(model).model_fields.items()
        assert set(trial[part]) <= {field.alias or name for name, field in fields}
