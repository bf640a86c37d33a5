"""What a pipeline's parameters change in an Experiment's document."""

from __future__ import annotations

import pytest

from katib_experiments import DocumentError
from katib_experiments.errors import ExperimentNotFound
from katib_experiments.experiment.document import dumps
from pipelines.steps.document import Changes, experiment_with, text_of
from pipelines.steps.programs import StepError
from tests.support.documents import a_document

PROGRAM = ["python", "-m", "mine", "--lr=${trialParameters.x}"]


def pod(experiment) -> dict:
    return experiment.trial_template.trial_spec["spec"]["template"]["spec"]


def container(experiment) -> dict:
    return pod(experiment)["containers"][0]


def test_nothing_asked_for_changes_nothing(document: str):
    experiment = experiment_with(document, Changes())
    assert (experiment.name, experiment.namespace) == ("example", "kubeflow")
    assert experiment.max_trial_count == 4


def test_each_parameter_takes_the_place_of_a_field(document: str):
    changes = Changes(
        name="mine",
        namespace="team",
        image="registry/trial:2",
        algorithm="random",
        algorithm_settings={"random_state": 3},
        counts={"maxTrialCount": 9, "parallelTrialCount": 3},
    )
    experiment = experiment_with(document, changes)
    assert (experiment.name, experiment.namespace) == ("mine", "team")
    assert experiment.algorithm.name == "random"
    assert experiment.algorithm.settings == {"random_state": "3"}
    assert (experiment.max_trial_count, experiment.parallel_trial_count) == (9, 3)
    assert container(experiment)["image"] == "registry/trial:2"


def test_a_lower_maximum_brings_the_other_counts_down(document: str):
    experiment = experiment_with(document, Changes(counts={"maxTrialCount": 1}))
    assert experiment.parallel_trial_count == 1


def test_the_name_is_the_runs_own_and_the_same_when_it_is_retried(document: str):
    names = [
        experiment_with(document, Changes(run_id=run)).name for run in ("AB12-cd34-e", "ab12-ffff")
    ]
    assert names == ["example-ab12cd34", "example-ab12ffff"]


def test_a_long_name_leaves_room_for_what_kubernetes_adds(document: str):
    name = experiment_with(document, Changes(name="a" * 60, run_id="12345678")).name
    assert len(name) == 40
    assert name.endswith("-12345678")


def test_gpus_are_asked_for_by_each_trial_with_leave_for_their_nodes(document: str):
    experiment = experiment_with(document, Changes(gpus=2))
    assert container(experiment)["resources"]["limits"] == {"nvidia.com/gpu": 2}
    toleration = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
    assert pod(experiment)["tolerations"] == [toleration]


def test_what_a_trial_asks_for_besides_gpus_and_its_own_toleration_stay():
    text = text_of("random").replace(
        "restartPolicy: Never",
        "restartPolicy: Never\n            tolerations: [{key: nvidia.com/gpu, value: a100}]",
    )
    experiment = experiment_with(text, Changes(gpus=1))
    assert container(experiment)["resources"] == {
        "requests": {"cpu": "1", "memory": "1Gi"},
        "limits": {"cpu": "2", "memory": "2Gi", "nvidia.com/gpu": 1},
    }
    assert pod(experiment)["tolerations"] == [{"key": "nvidia.com/gpu", "value": "a100"}]


def test_a_claim_is_mounted_to_be_read_and_other_volumes_stay():
    experiment = experiment_with(text_of("random"), Changes(claim="team-data", mount="/data"))
    assert pod(experiment)["volumes"] == [
        {"name": "tmp", "emptyDir": {}},
        {"name": "katib-automl-data", "persistentVolumeClaim": {"claimName": "team-data"}},
    ]
    assert container(experiment)["volumeMounts"] == [
        {"name": "tmp", "mountPath": "/tmp"},
        {"name": "katib-automl-data", "mountPath": "/data", "readOnly": True},
    ]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ([*PROGRAM, "--dataset=digits"], [*PROGRAM, "--dataset=/data.npz"]),
        ([*PROGRAM, "--dataset", "digits"], [*PROGRAM, "--dataset", "/data.npz"]),
        (PROGRAM, [*PROGRAM, "--dataset=/data.npz"]),
    ],
)
def test_the_trials_are_given_the_data(command: list[str], expected: list[str]):
    text = dumps(a_document(command=command))
    found = container(experiment_with(text, Changes(dataset="/data.npz")))
    assert [*found["command"], *found.get("args", [])] == expected


def test_how_our_trainer_would_read_the_documents_data_goes_with_them():
    trainer = [
        "python",
        "-m",
        "trial_image.train",
        "--target",
        "price",
        "--units=${trialParameters.x}",
    ]
    text = dumps(a_document(command=[*trainer, "--dataset=houses.csv", "--task=classification"]))
    found = container(experiment_with(text, Changes(dataset="/data.npz", task="regression")))
    assert [*found["command"][3:], *found["args"]] == [
        "--units=${trialParameters.x}",
        "--dataset=/data.npz",
        "--task=regression",
    ]


def test_flags_of_another_program_stay_whatever_they_are_called():
    text = dumps(a_document(command=[*PROGRAM, "--target=price"]))
    found = container(experiment_with(text, Changes(dataset="/data.npz", task="regression")))
    assert found["command"] == [*PROGRAM, "--target=price"]
    assert found["args"] == ["--dataset=/data.npz"]


def test_a_shell_script_cannot_be_given_data(document: str):
    with pytest.raises(StepError, match="--dataset cannot be added"):
        experiment_with(document, Changes(dataset="/data.npz"))


def test_a_wrong_document_is_refused_with_every_error(document: str):
    wrong = document.replace("maximize", "best").replace("maxTrialCount: 4", "maxTrialCount: 0")
    with pytest.raises(DocumentError) as refused:
        experiment_with(wrong, Changes())
    assert "spec.objective.type" in str(refused.value)
    assert "spec.maxTrialCount" in str(refused.value)


def test_two_experiments_in_one_text_are_refused(document: str):
    with pytest.raises(DocumentError, match="must hold one Experiment, not 2"):
        experiment_with(f"{document}---\n{document}", Changes())


def test_a_word_is_the_name_of_a_shipped_experiment(document: str):
    assert "algorithmName: tpe" in text_of("tpe")
    assert text_of(document) == document
    with pytest.raises(ExperimentNotFound, match="did you mean random"):
        text_of("randon")
