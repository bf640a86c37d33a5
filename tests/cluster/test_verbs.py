"""The verbs of ``automl`` against a cluster."""

from __future__ import annotations

import json

import pytest
import yaml

from tests.support.documents import a_document
from tests.support.katib import EXPERIMENTS, PODS, TRIALS, a_pod, a_trial_object
from tests.support.katib import an_experiment_object as an_object
from tests.support.kubernetes import use_kubeconfig

BEST = {"currentOptimalTrial": {"bestTrialName": "example-b"}}


@pytest.fixture
def there(automl, fake, tmp_path, monkeypatch):
    """``automl`` in a folder with experiment.yaml, and a kubeconfig that leads to the fake."""
    use_kubeconfig(tmp_path, monkeypatch, fake.address)
    document = a_document(job={"activeDeadlineSeconds": 60})
    document["metadata"]["namespace"] = "default"
    (tmp_path / "experiment.yaml").write_text(yaml.safe_dump(document))
    return automl


def ended(fake, condition: str = "Succeeded") -> None:
    """The example has ended, with one good Trial and one that failed."""
    fake.put(EXPERIMENTS, an_object("Created", condition, status=BEST))
    fake.put(TRIALS, a_trial_object("example-a", "0.2", "Created", "Failed"))
    fake.put(TRIALS, a_trial_object("example-b", "0.4", "Created", "Succeeded", value="0.4"))
    fake.put(PODS, a_pod("example-a", {"terminated": {"exitCode": 3, "reason": "Error"}}))


def test_submit_hands_the_document_over_and_says_how_to_look(there, fake):
    shown = there("submit", "experiment.yaml")
    assert (shown.code, shown.err) == (0, "")
    assert "automl watch example --namespace default" in shown.out
    assert "example" in fake.collections[EXPERIMENTS]


def test_submit_has_a_name_and_a_namespace_of_the_command_line(there, fake, tmp_path):
    other = EXPERIMENTS.replace("default", "team-a")
    fake.collections[other] = {}
    document = a_document(job={"activeDeadlineSeconds": 60})
    del document["metadata"]["namespace"]
    (tmp_path / "experiment.yaml").write_text(yaml.safe_dump(document))
    shown = there("submit", "experiment.yaml", "-n", "team-a", "--name", "mine")
    assert shown.code == 0
    assert "metadata.namespace" not in shown.out
    assert "mine is in namespace team-a" in shown.out
    assert fake.collections[other]["mine"]["metadata"]["namespace"] == "team-a"


def test_submit_refuses_a_wrong_document_before_it_asks_the_cluster(there, fake, tmp_path):
    document = a_document(maxTrialCount=0)
    (tmp_path / "experiment.yaml").write_text(yaml.safe_dump(document))
    assert there("submit", "experiment.yaml").code == 2
    assert not fake.requests


def test_waiting_shows_the_trials_the_end_and_why_one_failed(there, fake):
    fake.after["POST"] = lambda: ended(fake)
    shown = there("submit", "experiment.yaml", "--wait")
    assert shown.code == 0
    assert "example Succeeded after 2 Trials" in shown.out
    assert "best: example-b, accuracy 0.4" in shown.out
    assert "automl logs example best --on katib --namespace default" in shown.out
    assert "exit code 3" in shown.out


def test_run_on_katib_writes_the_report_too(there, fake, tmp_path):
    fake.after["POST"] = lambda: ended(fake)
    shown = there("run", "experiment.yaml", "--on", "katib", "-o", "json")
    assert shown.code == 0
    assert json.loads(shown.out)["status"]["trialsSucceeded"] == 1
    assert (tmp_path / "runs" / "example" / "report.html").is_file()


def test_watch_exits_as_the_experiment_did(there, fake):
    ended(fake, "Failed")
    assert there("watch", "example").code == 1
    assert there("watch", "nobody").code == 2


def test_the_verbs_of_a_run_work_on_katib(there, fake):
    ended(fake)
    on = ("--on", "katib")
    (row,) = json.loads(there("list", "-o", "json", *on).out)
    assert (row["condition"], row["done"], row["best"]) == ("Succeeded", 2, 0.4)
    assert "ExperimentSucceeded" in there("show", "example", *on).out
    assert there("report", "example", *on).out == "runs/example/report.html\n"
    assert "in namespace default with its 2 Trials?" in there("delete", "example", *on).out
    fake.after["DELETE"] = fake.collections[TRIALS].clear
    assert there("delete", "example", "-y", *on).code == 0
    assert "automl run random --on katib" in there("list", *on).out


def test_show_says_why_trials_do_not_run_and_each_reason_once(there, fake):
    fake.put(EXPERIMENTS, an_object("Created", "Running"))
    for name in ("example-a", "example-b"):
        fake.put(TRIALS, a_trial_object(name, "0.2", "Created", "Running"))
        fake.put(PODS, a_pod(name, {"waiting": {"reason": "ErrImagePull", "message": "no x"}}))
    shown = there("show", "example", "--on", "katib")
    assert shown.out.count("container main: ErrImagePull: no x") == 1


@pytest.mark.parametrize("name", ["nobody", "random"], ids=["unknown", "shipped"])
def test_show_on_katib_means_the_cluster_alone(there, name):
    shown = there("show", name, "--on", "katib")
    assert (shown.code, shown.out) == (2, "")
    assert f"no experiment {name} in namespace default" in shown.err


def test_the_best_trial_of_a_search_without_a_result_is_not_offered(there, fake):
    fake.put(EXPERIMENTS, an_object("Created", "Failed"))
    fake.put(TRIALS, a_trial_object("example-a", "0.2", "Created", "Failed"))
    assert "logs example best" not in there("watch", "example").out
    shown = there("logs", "example", "best", "--on", "katib")
    assert (shown.code, shown.err) == (2, "no Trial of example has a result\n")


def test_an_ended_search_does_not_go_on(there, fake):
    ended(fake)
    assert "going on" not in there("watch", "example").out


def test_logs_are_those_of_the_pod(there, fake):
    ended(fake)
    running = a_pod("example-b", {"running": {}}, container="metrics-logger-and-collector")
    fake.put(PODS, running)
    fake.answers[f"{PODS}/example-b-pod/log"] = "I0101 00:00:02.0 12 main.go:139] accuracy=0.4\n"
    assert there("logs", "example", "best", "--on", "katib").out == "accuracy=0.4\n"


def test_a_list_survives_an_experiment_that_is_not_ours(there, fake):
    ended(fake)
    strange = {"metadata": {"name": "strange", "namespace": "default"}, "spec": {}}
    fake.put(EXPERIMENTS, strange)
    shown = there("list", "--on", "katib")
    assert "example" in shown.out
    assert "strange is none that automl can read" in shown.err


def test_ctrl_c_ends_the_looking_alone(there, fake, monkeypatch):
    fake.put(EXPERIMENTS, an_object("Created", "Running"))

    def interrupted(*_: object):
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr("katib_experiments.cluster.KatibBackend.watch", interrupted)
    shown = there("watch", "example")
    assert shown.code == 130
    assert "example goes on in namespace default" in shown.out
    assert fake.collections[EXPERIMENTS]
