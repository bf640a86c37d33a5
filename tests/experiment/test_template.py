"""Manifests of Trials."""

import pytest

from katib_experiments.errors import RunnerError
from katib_experiments.experiment import read_text
from katib_experiments.experiment.document import dumps
from katib_experiments.experiment.template import pod_spec, primary_container, render
from tests.experiment.samples import POD, VALID, changed
from tests.support.builders import an_experiment

POINT = {"lr": "0.01", "layers": "3", "optimizer": "adam", "foreign": "x"}


def experiment(changes=None):
    return read_text(dumps(changed(changes or {})))


def test_placeholders_become_the_trials_values():
    manifest = render(experiment(), "example-abc", POINT)
    assert manifest["spec"]["template"]["spec"]["containers"][0]["command"][3:] == [
        "--learning_rate=0.01",
        "--num_layers=3",
        "--optimizer=adam",
    ]


def test_the_trial_has_its_name_and_namespace():
    manifest = render(experiment(), "example-abc", POINT)
    assert manifest["metadata"] == {"name": "example-abc", "namespace": "kubeflow"}
    assert (manifest["apiVersion"], manifest["kind"]) == ("batch/v1", "Job")


def test_the_template_itself_stays_as_it_was():
    one = experiment()
    render(one, "example-abc", POINT)["spec"]["template"]["spec"]["containers"].clear()
    assert one.trial_template.trial_spec == VALID["spec"]["trialTemplate"]["trialSpec"]


def test_a_trial_can_be_told_of_itself():
    references = ["Name", "Namespace", "Kind", "APIVersion", "Labels[a/b]", "Annotations[c]"]
    changes = {
        "spec.trialTemplate.trialSpec.metadata": {
            "labels": {"a/b": "label", "${trialParameters.v0}": "x"},
            "annotations": {"c": "note"},
        },
        f"{POD}.containers[0].env": [
            {"name": f"V{i}", "value": f"${{trialParameters.v{i}}}"} for i in range(6)
        ],
    }
    for i, reference in enumerate(references):
        changes[f"spec.trialTemplate.trialParameters[{3 + i}]"] = {
            "name": f"v{i}",
            "reference": f"${{trialSpec.{reference}}}",
        }
    manifest = render(experiment(changes), "t-1", POINT)
    values = [env["value"] for env in primary_container(manifest, experiment(changes))["env"]]
    assert values == ["t-1", "kubeflow", "Job", "batch/v1", "label", "note"]
    assert manifest["metadata"]["labels"] == {"a/b": "label", "t-1": "x"}


def test_a_value_that_looks_like_a_placeholder_is_not_replaced_again():
    value = "${trialParameters.numLayers}"
    manifest = render(experiment(), "t", POINT | {"optimizer": value})
    command = manifest["spec"]["template"]["spec"]["containers"][0]["command"]
    assert command[-1] == f"--optimizer={value}"


def test_a_missing_value_is_told():
    with pytest.raises(KeyError, match="layers"):
        render(experiment(), "t", {"lr": "0.01", "optimizer": "adam"})


def test_the_primary_container_and_its_pod_are_found_in_a_job():
    other = {"name": "other", "image": "a:1"}
    one = experiment({f"{POD}.containers[1]": other, f"{POD}.nodeSelector": {"a": "b"}})
    manifest = render(one, "t", POINT)
    assert primary_container(manifest, one)["name"] == "training-container"
    assert pod_spec(manifest, one)["nodeSelector"] == {"a": "b"}


def test_they_are_found_in_other_kinds_too():
    one = an_experiment()
    container = {"name": "training-container", "image": "a:1"}
    replica = {"template": {"spec": {"containers": [container]}}}
    manifest = {"kind": "PyTorchJob", "spec": {"pytorchReplicaSpecs": {"Master": replica}}}
    assert primary_container(manifest, one) == container


@pytest.mark.parametrize("manifest", [{}, {"kind": "TrainJob", "spec": {"containers": [{}, 1]}}])
def test_a_trial_without_the_container_cannot_run_here(manifest):
    with pytest.raises(RunnerError, match='"training-container"'):
        pod_spec(manifest, an_experiment())
