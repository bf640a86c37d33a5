"""The step ``run_experiment`` against a Katib that a test plays."""

from __future__ import annotations

from pathlib import Path

import pytest

from katib_experiments.errors import ClusterError, DocumentError, StandsStill
from pipelines.steps.programs import StepError
from pipelines.steps.search_step import Found, Request, search
from tests.support.katib import (
    EXPERIMENTS,
    PODS,
    TRIALS,
    a_pod,
    a_trial_object,
    conditions,
)
from tests.support.kubernetes import FakeKubernetes

NO_IMAGE = {"waiting": {"reason": "ErrImagePull", "message": "no such image"}}


@pytest.fixture
def fake(fake: FakeKubernetes) -> FakeKubernetes:
    """The cluster of the kubeconfig, where every Experiment succeeds at once."""
    fake.after["POST"] = lambda: become(fake, "Succeeded", value="0.5")
    return fake


def become(fake: FakeKubernetes, *history: str, value: str | None = None) -> None:
    """Every Experiment comes to that end, with one Trial of the same."""
    for name, made in list(fake.collections[EXPERIMENTS].items()):
        trial = a_trial_object(f"{name}-a", "0.5", "Created", *history, value=value)
        trial["metadata"]["labels"]["katib.kubeflow.org/experiment"] = name
        fake.put(TRIALS, trial)
        best = {"currentOptimalTrial": {"bestTrialName": f"{name}-a"}} if value else {}
        state = {"conditions": conditions("Experiment", "Created", *history), **best}
        fake.put(EXPERIMENTS, made | {"status": state})


@pytest.fixture
def step(tmp_path: Path, document: str):
    def run(**inputs: object) -> Found:
        artifacts = ("trials", "report", "outcome", "history")
        files = {name: str(tmp_path / name) for name in artifacts}
        request = {"experiment": document, "backend": "katib", "namespace": "default", **inputs}
        return search(Request(**request), **files)

    return run


def names(fake: FakeKubernetes) -> list[str]:
    return list(fake.collections[EXPERIMENTS])


def test_the_best_parameters_of_a_new_experiment_are_handed_on(step, fake, capsys):
    found = step(run_id="f00dcafe-1")
    assert names(fake) == [found.outputs.experiment_name] == ["example-f00dcafe"]
    assert found.outputs.best_parameters == {"x": "0.5"}
    assert capsys.readouterr().out.startswith("example-f00dcafe: created\n")


def test_every_run_has_an_experiment_of_its_own(step, fake):
    for run in ("f00dcafe-1", "deadbeef-2"):
        step(run_id=run)
    assert names(fake) == ["example-f00dcafe", "example-deadbeef"]


def test_a_further_attempt_finds_the_experiment_of_the_first(step, fake, capsys):
    first = step(run_id="f00dcafe-1")
    assert step(run_id="f00dcafe-1") == first
    assert [(method, path) for method, path, _ in fake.requests].count(("POST", EXPERIMENTS)) == 1
    assert "example-f00dcafe: taken up\n" in capsys.readouterr().out


@pytest.mark.parametrize(("afterwards", "left"), [("keep", ["example"]), ("delete", [])])
def test_with_its_result_here_it_is_kept_or_deleted_as_was_said(step, fake, afterwards, left):
    fake.after["DELETE"] = fake.collections[TRIALS].clear
    assert step(afterwards=afterwards).outputs.objective_value == 0.5
    assert names(fake) == left


def test_a_result_is_not_lost_where_it_cannot_be_deleted(step, fake, capsys):
    fake.refuse = lambda method, *_: (403, "not you") if method == "DELETE" else None
    assert step(afterwards="delete").outputs.best_parameters == {"x": "0.5"}
    assert "example could not be deleted: not you" in capsys.readouterr().out


@pytest.mark.parametrize("afterwards", ["keep", "delete"])
def test_a_failed_experiment_is_an_error_with_its_reason_and_stays(step, fake, afterwards):
    fake.after["POST"] = lambda: become(fake, "Failed")
    with pytest.raises(StepError) as failed:
        step(afterwards=afterwards)
    told = str(failed.value)
    assert told.startswith("Experiment example has no best Trial; it is Failed: ExperimentFailed")
    assert "1 Trials Failed: Trial is Failed" in told
    assert "kubectl delete experiment example --namespace default" in told
    assert names(fake) == ["example"]


@pytest.mark.parametrize(
    "inputs",
    [
        {"max_trials": -3},
        {"experiment": "kind: Experiment\nspec: {}\n"},
        {"algorithm": "nonsense"},
        {"afterwards": "burn"},
        {"patience_minutes": -1},
    ],
    ids=lambda inputs: next(iter(inputs)),
)
def test_wrong_inputs_end_the_step_before_anything_is_asked_of_the_cluster(step, fake, inputs):
    with pytest.raises((DocumentError, StepError), match=r"spec|afterwards|patience"):
        step(**inputs)
    assert fake.requests == []


def test_what_the_webhook_refuses_is_told_in_its_own_words(step, fake):
    fake.refuse = lambda method, *_: (400, "denied the request: no") if method == "POST" else None
    with pytest.raises(ClusterError, match="denied the request: no"):
        step()
    assert names(fake) == []


def test_a_right_that_is_missing_is_named(step, fake):
    words = 'cannot create resource "experiments" in API group "kubeflow.org"'
    fake.refuse = lambda method, *_: (403, words) if method == "POST" else None
    with pytest.raises(ClusterError, match=words):
        step()


def test_a_lost_api_server_ends_the_step_and_the_next_attempt_goes_on(step, fake):
    gone: list[bool] = []

    def lose() -> None:
        become(fake, "Running")
        gone.append(True)

    fake.after["POST"] = lose
    fake.refuse = lambda *_: (503, "the server is gone") if gone else None
    with pytest.raises(ClusterError, match="the server is gone"):
        step()
    gone.clear()
    become(fake, "Succeeded", value="0.5")
    assert step().outputs.best_parameters == {"x": "0.5"}
    assert [(method, path) for method, path, _ in fake.requests].count(("POST", EXPERIMENTS)) == 1


@pytest.mark.parametrize(("afterwards", "left"), [("keep", ["example"]), ("delete", [])])
def test_a_trial_that_never_starts_ends_the_step_with_the_reason(
    step, fake, monkeypatch, afterwards, left
):
    def wait() -> None:
        become(fake, "Running")
        fake.put(PODS, a_pod("example-a", NO_IMAGE, phase="Pending"))

    fake.after = {"POST": wait, "DELETE": fake.collections[TRIALS].clear}
    monkeypatch.setattr("pipelines.steps.search_step.MINUTE", 0.05)
    with pytest.raises((StandsStill, StepError), match="ErrImagePull: no such image") as given_up:
        step(afterwards=afterwards, patience_minutes=1)
    assert "example stands still: no Trial has run for" in str(given_up.value)
    assert ("kubectl delete experiment example" in str(given_up.value)) is bool(left)
    assert names(fake) == left


def test_the_trials_of_a_search_without_a_result_are_in_the_log(step, fake, capsys):
    """A step that fails leaves no artifacts."""
    fake.after["POST"] = lambda: become(fake, "Failed", value="0.25")
    with pytest.raises(StepError):
        step()
    assert "| example-a | Failed | 0.25 | 0.5 |" in capsys.readouterr().out.replace("**", "")


def test_a_shipped_experiment_belongs_to_the_namespace_of_the_step(step, fake):
    fake.after["POST"] = lambda: become(fake, "Failed")
    with pytest.raises(StepError, match="Experiment random has no best Trial"):
        step(experiment="random", namespace="")
    assert fake.collections[EXPERIMENTS]["random"]["metadata"]["namespace"] == "default"


def test_gpus_are_asked_for_by_every_trial(step, fake):
    step(gpus_per_trial=2)
    spec = fake.collections[EXPERIMENTS]["example"]["spec"]["trialTemplate"]["trialSpec"]["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    assert container["resources"]["limits"]["nvidia.com/gpu"] == 2
