"""Running an Experiment inside a step."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from katib_experiments import Outcome, Trial, read
from katib_experiments.experiment.document import dumps
from katib_experiments.experiment.model import ExperimentStatus
from pipelines.steps.document import Changes, experiment_with
from pipelines.steps.history import read as history_of
from pipelines.steps.programs import StepError
from pipelines.steps.search import backend_of, best_command, trained_flags
from pipelines.steps.search_step import Found, Request, changes, namespace_of, search
from tests.support.documents import a_document, a_parsed

FAILING = ["sh", "-c", "echo the data are gone for ${trialParameters.x}; exit 3"]


def searched(folder: Path, **request: object) -> Found:
    return search(
        Request(**{"runs_dir": str(folder / "runs"), **request}),
        trials=str(folder / "trials"),
        report=str(folder / "report"),
        outcome=str(folder / "outcome"),
        history=str(folder / "history"),
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("search")


@pytest.fixture(scope="module")
def found(folder: Path) -> Found:
    return searched(folder, experiment=dumps(a_document()), run_id="abcdef123456")


def test_the_best_trial_is_handed_on(found: Found):
    name, parameters, command, objective, value, maximize = found.outputs
    assert (name, objective, value, maximize) == ("example-abcdef12", "accuracy", 0.4, True)
    assert parameters == {"x": "0.4"}
    assert command == ["sh", "-c", "echo accuracy=0.4"]
    assert found.metrics == {"best_accuracy": 0.4, "trials": 4.0, "trials_failed": 0.0}


def test_the_table_has_the_best_trial_first(found: Found, folder: Path):
    rows = (folder / "trials").read_text().split("| --- |")[-1].splitlines()[1:]
    assert [re.search(r"\| ([\d.]+) \|$", row)[1] for row in rows] == ["0.4", "0.3", "0.2", "0.1"]
    assert rows[0].startswith("| **example-abcdef12-")


def test_the_outcome_is_the_experiment_with_its_status(found: Found, folder: Path):
    text = (folder / "outcome").read_text()
    assert "trialsSucceeded: 4" in text
    (folder / "again.yaml").write_text(text)
    assert read(folder / "again.yaml").name == "example-abcdef12"


def test_the_report_is_a_page(found: Found, folder: Path):
    assert (folder / "report").read_text().lower().startswith("<!doctype html>")


def test_the_history_has_every_trial_with_what_it_was_given_and_what_came_of_it(
    found: Found, folder: Path
):
    history = history_of(folder / "history")
    assert (history.experiment, history.parameters) == ("example-abcdef12", ("x",))
    assert [history.value(trial) for trial in history.valued] == [0.4, 0.3, 0.2, 0.1]
    best = history.valued[0]
    assert (best.state, best.parameters) == ("Succeeded", {"x": "0.4"})
    assert best.curves == {"accuracy": [0.4]}


def test_a_step_that_is_retried_takes_up_the_search_that_is_there(found: Found, folder: Path):
    again = searched(folder, experiment=dumps(a_document()), run_id="abcdef123456")
    assert again == found
    assert len(list((folder / "runs").iterdir())) == 1


def test_the_experiment_is_deleted_where_that_is_asked_for(tmp_path: Path, document: str):
    searched(tmp_path, experiment=document, afterwards="delete", max_trials=1)
    assert not list((tmp_path / "runs").iterdir())


def test_a_failed_experiment_fails_the_step_with_the_reason_and_the_output(tmp_path: Path):
    text = dumps(a_document(command=FAILING, maxFailedTrialCount=0, parallelTrialCount=1))
    with pytest.raises(StepError) as failed:
        searched(tmp_path, experiment=text)
    assert "Experiment example has no best Trial; it is Failed: ExperimentFailed" in str(
        failed.value
    )
    assert "Trials Failed: " in str(failed.value)
    assert "the data are gone for 0.1" in str(failed.value)


def test_progress_is_told_as_trials_end(tmp_path: Path, document: str, capsys):
    searched(tmp_path, experiment=document, max_trials=2)
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("example: 2 of 2 Trials ended (2 Succeeded); best accuracy 0.2 by exam")


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"backend": "cloud"}, 'backend: received "cloud": must be one of local, katib'),
        ({"afterwards": "burn"}, 'afterwards: received "burn": must be one of keep, delete'),
        ({"backend": "katib", "data": "x"}, "dataset: received nothing"),
    ],
)
def test_wrong_inputs_are_refused(tmp_path: Path, document: str, request_: dict, message: str):
    with pytest.raises(StepError, match=re.escape(message)):
        searched(tmp_path, experiment=document, **request_)


@pytest.mark.parametrize(("most", "at_a_time", "expected"), [(1, 2, 1), (0, 2, 2), (9, 2, 2)])
def test_there_are_never_more_trials_at_a_time_than_in_all(
    most: int, at_a_time: int, expected: int
):
    found = changes(Request(experiment="random", max_trials=most, parallel_trials=at_a_time))
    assert found.counts["parallelTrialCount"] == expected


def test_the_trials_of_a_cluster_get_the_data_from_the_claim(data, tmp_path: Path):
    asked = {"data": data.path, "claim": "team-data", "mount": str(tmp_path)}
    found = changes(Request(experiment="random", backend="katib", **asked))
    assert found.claim == "team-data"
    assert Path(found.dataset).read_bytes() == Path(data.path, "data.npz").read_bytes()
    here = changes(Request(experiment="random", **asked))
    assert (here.claim, here.dataset) == ("", str(Path(data.path, "data.npz")))


@pytest.mark.parametrize(("written", "expected"), [("team", "team"), (None, "")])
def test_without_a_namespace_that_of_the_step_counts(written: str | None, expected: str):
    document = a_document()
    document["metadata"]["namespace"] = written
    assert namespace_of(experiment_with(dumps(document), Changes())) == expected


def test_without_the_packages_of_a_cluster_katib_is_refused(monkeypatch, tmp_path: Path):
    monkeypatch.setitem(__import__("sys").modules, "katib_experiments.cluster", None)
    with pytest.raises(StepError, match=re.escape("katib-automl[cluster]")):
        backend_of("katib", namespace="", runs=tmp_path)


def test_a_template_that_only_the_cluster_can_read_leaves_the_command_empty():
    experiment = a_parsed(
        trialTemplate={
            "primaryContainerName": "main",
            "trialParameters": [{"name": "x", "reference": "x"}],
            "configMap": {"configMapName": "templates", "configMapNamespace": "kubeflow"},
        }
    )
    best = Trial("example-1", {"x": "0.1"})
    assert best_command(Outcome(experiment, ExperimentStatus(optimal=best), (best,))) == []


def test_only_the_flags_of_our_trainer_can_be_trained_again():
    command = ["python", "-m", "trial_image.train", "--units=8", "--epochs=2"]
    assert trained_flags(command) == ["--units=8", "--epochs=2"]
    with pytest.raises(StepError, match=r"must run python -m trial_image\.train"):
        trained_flags(["python", "mine.py", "-m"])
