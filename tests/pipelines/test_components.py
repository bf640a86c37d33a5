"""Each component's own Python function, with artifacts of the test's own."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from kfp.dsl import HTML, Artifact, ClassificationMetrics, Dataset, Markdown, Metrics, Model

from katib_experiments import DocumentError
from pipelines import components
from tests.pipelines.conftest import flag


@pytest.mark.parametrize("name", components.__all__)
def test_a_component_installs_nothing_and_says_what_each_input_is(name: str):
    component = getattr(components, name)
    spec = component.component_spec
    container = spec.implementation.container
    assert "pip install" not in " ".join(container.command)
    assert container.image == "katib-automl/pipelines:0.1.0"
    assert spec.description
    undescribed = [key for key, each in (spec.inputs or {}).items() if not each.description]
    assert not undescribed


def test_prepare_data_says_what_it_read(artifact, programs):
    data = artifact(Dataset, "data")
    Path(data.path).mkdir()
    np.savez(
        Path(data.path, "data.npz"),
        x_train=np.zeros((6, 2)),
        y_train=[0, 1] * 3,
        x_test=np.zeros((2, 2)),
        y_test=[0, 1],
    )
    components.prepare_data.python_func(data=data, dataset="digits", test_split=0.25)
    assert programs[0][0] == "split"
    assert flag(programs[0][1], "test_split") == "0.25"
    assert data.metadata["dataset"] == "digits"
    assert len(data.metadata["sha256"]) == 64


def test_read_experiment_checks_what_it_hands_on(artifact, document: str):
    file = artifact(Artifact, "experiment")
    Path(file.path).write_text(document)
    assert components.read_experiment.python_func(file=file) == document
    Path(file.path).write_text(document.replace("maximize", "best"))
    with pytest.raises(DocumentError, match=r"spec\.objective\.type"):
        components.read_experiment.python_func(file=file)


def test_run_experiment_writes_its_artifacts(artifact, document: str):
    made = {
        "metrics": artifact(Metrics, "metrics"),
        "trials": artifact(Markdown, "trials"),
        "report": artifact(HTML, "report"),
        "outcome": artifact(Artifact, "outcome"),
        "history": artifact(Artifact, "history"),
    }
    found = components.run_experiment.python_func(**made, experiment=document, max_trials=2)
    assert found.best_parameters == {"x": "0.2"}
    assert made["metrics"].metadata["best_accuracy"] == 0.2
    assert made["outcome"].metadata == {"experiment": "example"}
    assert all(
        Path(made[name].path).is_file() for name in ("trials", "report", "outcome", "history")
    )


def test_autokeras_search_hands_on_the_best_network(artifact, data, programs, tmp_path: Path):
    work = tmp_path / "work"
    work.mkdir()
    result = {
        "objective": "val_accuracy",
        "score": 0.9,
        "trial": 2,
        "parameters": 10,
        "metrics": {"val_accuracy": 0.9, "val_loss": 0.3},
    }
    (work / "result.json").write_text(json.dumps(result))
    for name in ("best_model.keras", "classes.json", "summary.txt", "trials.json", "trials.md"):
        (work / name).write_text(name)
    (work / "architecture.svg").write_text("<svg></svg>")
    made = {
        "model": artifact(Model, "model"),
        "metrics": artifact(Metrics, "metrics"),
        "trials": artifact(Markdown, "trials"),
        "architecture": artifact(HTML, "picture"),
    }
    found = components.autokeras_search.python_func(
        data=data, **made, flags=["--block=dense"], work_dir=str(work)
    )
    assert found == ("val_accuracy", 0.9, True)
    assert flag(programs[0][1], "task") == "structured_data_classification"
    assert flag(programs[0][1], "block") == "dense"
    assert Path(made["model"].path, "best_model.keras").is_file()
    assert "<svg></svg>" in Path(made["architecture"].path).read_text()
    assert made["metrics"].metadata["val_loss"] == 0.3


def test_choose_says_why(artifact):
    made = artifact(Markdown, "decision")
    found = components.choose.python_func(
        decision=made,
        search_objective="val_loss",
        search_value=0.2,
        autokeras_objective="val_loss",
        autokeras_value=0.3,
        maximize=False,
    )
    assert found.winner == "search"
    assert found.reason in Path(made.path).read_text()


def test_train_best_trains_the_best_command_on_the_prepared_data(artifact, data, model, programs):
    metrics = artifact(Metrics, "metrics")
    components.train_best.python_func(
        data=data,
        model=model,
        metrics=metrics,
        epochs=9,
        seeds=2,
        best_command=["python", "-m", "trial_image.train", "--dataset=other", "--epochs=3"],
    )
    ((program, flags),) = programs
    assert program == "final"
    assert flag(flags, "dataset") == str(Path(data.path, "data.npz"))
    assert (flag(flags, "final_epochs"), flag(flags, "seeds")) == ("9", "2")
    assert metrics.metadata["examples"] == 80


def test_evaluate_logs_finite_numbers_a_matrix_and_a_curve(artifact, data, model, programs):
    metrics, report = artifact(Metrics, "metrics"), artifact(HTML, "report")
    judged = artifact(ClassificationMetrics, "classification")
    score = components.evaluate.python_func(
        data=data, model=model, metrics=metrics, classification=judged, report=report
    )
    assert score == metrics.metadata["accuracy"] == 1.0
    json.dumps([metrics.metadata, judged.metadata], allow_nan=False)
    matrix = judged.metadata["confusionMatrix"]
    assert [each["displayName"] for each in matrix["annotationSpecs"]] == ["no", "yes"]
    assert len(judged.metadata["confidenceMetrics"]) == 101
    assert "<svg" in Path(report.path).read_text()


def test_package_model_writes_the_card_twice(artifact, data, model):
    metrics, package = artifact(Metrics, "metrics"), artifact(Model, "package")
    card = artifact(Markdown, "card")
    metrics.log_metric("accuracy", 0.5)
    components.package_model.python_func(
        data=data, model=model, metrics=metrics, package=package, card=card, name="mine"
    )
    assert Path(card.path).read_text() == Path(package.path, "MODEL_CARD.md").read_text()
    assert package.metadata == {"framework": "keras", "name": "mine", "version": "1"}
