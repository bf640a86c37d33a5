"""``spec.trialTemplate``, its Job and its primary container."""

import copy

import pytest

from tests.experiment.samples import CONTAINER, MISSING, POD, errors, problems, warnings_of

TEMPLATE = "spec.trialTemplate"
SPEC = f"{TEMPLATE}.trialSpec"
PARAMETERS = f"{TEMPLATE}.trialParameters"
C = f"{POD}.containers[0]"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (TEMPLATE, MISSING),
        (f"{TEMPLATE}.primaryContainerName", MISSING),
        (PARAMETERS, MISSING),
        (f"{SPEC}.kind", MISSING),
        (f"{SPEC}.apiVersion", ""),
        (f"{POD}.restartPolicy", MISSING),
        (f"{POD}.containers", []),
        (f"{POD}.containers", MISSING),
        (POD, MISSING),
        (f"{C}.image", MISSING),
        (f"{PARAMETERS}[0].name", ""),
        (f"{PARAMETERS}[0].reference", MISSING),
    ],
)
def test_what_a_template_needs_is_missed(path, value):
    assert path in [problem.path for problem in errors({path: value})]


@pytest.mark.parametrize(
    ("changes", "path", "rule"),
    [
        ({f"{SPEC}.metadata": {"name": "x"}}, f"{SPEC}.metadata.name", "must be omitted"),
        ({f"{SPEC}.metadata": {"namespace": "x"}}, f"{SPEC}.metadata.namespace", "be omitted"),
        ({f"{SPEC}.apiVersion": "batch/v1beta1"}, f"{SPEC}.apiVersion", "must be batch/v1"),
        ({f"{POD}.restartPolicy": "Always"}, f"{POD}.restartPolicy", "Never or OnFailure"),
        ({f"{TEMPLATE}.primaryContainerName": "main"}, f"{TEMPLATE}.primaryContainerName", "no co"),
        ({f"{PARAMETERS}[2].name": "{optimizer}"}, f"{PARAMETERS}[2].name", "must not contain '{'"),
        ({f"{PARAMETERS}[1].name": "learningRate"}, f"{PARAMETERS}[1].name", "be duplicated"),
        ({f"{PARAMETERS}[1].reference": "lr"}, f"{PARAMETERS}[1].reference", "be duplicated"),
        ({f"{PARAMETERS}[1].reference": "x"}, f"{PARAMETERS}[1].reference", "does not exist in"),
        ({f"{C}.command[5]": "adam"}, f"{PARAMETERS}[2].name", "nothing uses it"),
        ({f"{C}.command[6]": "${trialParameters.x}"}, f"{C}.command[6]", "not found in"),
        ({f"{C}.command[6]": "${trialParams.x}"}, f"{C}.command[6]", "is no placeholder"),
        ({f"{C}.command[6]": "{{trialParameters.x}}"}, f"{C}.command[6]", "is no placeholder"),
        ({f"{C}.command[6]": "${trialSpec.Name}"}, f"{C}.command[6]", "is no placeholder"),
        ({f"{POD}.containers": [CONTAINER] * 2}, f"{POD}.containers[1].name", "another container"),
        (
            {f"{PARAMETERS}[3]": {"name": "n", "reference": "${trialSpec.Labels[a]}"}},
            f"{PARAMETERS}[3].reference",
            "has no metadata.labels[a]",
        ),
        (
            {f"{PARAMETERS}[3]": {"name": "n", "reference": "${trialSpec.Nam}"}},
            f"{PARAMETERS}[3].reference",
            "does not exist",
        ),
    ],
)
def test_a_wrong_template_is_an_error_at_its_field(changes, path, rule):
    found = [problem for problem in errors(changes) if problem.path == path]
    assert any(rule in problem.rule for problem in found)


def test_a_search_parameter_that_no_trial_parameter_uses_is_an_error():
    extra = {"name": "x", "parameterType": "int", "feasibleSpace": {"min": "1", "max": "2"}}
    (problem,) = errors({"spec.parameters[3]": extra})
    assert problem.path == "spec.parameters[3].name"


def test_a_trial_may_refer_to_itself():
    references = ["Name", "Namespace", "Kind", "APIVersion", "Labels[a/b]", "Annotations[c]"]
    changes = {
        f"{SPEC}.metadata": {"labels": {"a/b": "1"}, "annotations": {"c": "2"}},
        f"{C}.env": [
            {"name": f"V{i}", "value": f"${{trialParameters.v{i}}}"} for i in range(len(references))
        ],
    }
    for i, reference in enumerate(references):
        parameter = {"name": f"v{i}", "reference": f"${{trialSpec.{reference}}}"}
        changes[f"{PARAMETERS}[{3 + i}]"] = parameter
    assert problems(changes) == []


CONFIG_MAP = {"configMapName": "a", "configMapNamespace": "b", "templatePath": "c.yaml"}


def test_a_template_is_in_one_place():
    both = f"{TEMPLATE}.configMap"
    assert "only one of" in errors({both: CONFIG_MAP})[0].rule
    assert "must be specified" in errors({SPEC: MISSING})[0].rule
    alone = {both: CONFIG_MAP, SPEC: MISSING}
    paths = [problem.path for problem in errors(alone)]
    assert paths == [f"{TEMPLATE}.successCondition", f"{TEMPLATE}.failureCondition"]
    conditions = {f"{TEMPLATE}.{key}Condition": "a" for key in ("success", "failure")}
    assert errors(alone | conditions) == []
    (problem,) = errors({both: {**CONFIG_MAP, "templatePath": ""}, SPEC: MISSING} | conditions)
    assert problem.path == f"{both}.templatePath"


@pytest.mark.parametrize(
    ("path", "value", "at"),
    [
        (f"{SPEC}.spec.backoffLimit", MISSING, f"{SPEC}.spec.backoffLimit"),
        (f"{SPEC}.spec.backoffLimit", 3, f"{SPEC}.spec.backoffLimit"),
        (f"{SPEC}.spec.activeDeadlineSeconds", MISSING, f"{SPEC}.spec.activeDeadlineSeconds"),
        (f"{C}.image", "example/trial:latest", f"{C}.image"),
        (f"{C}.image", "registry:5000/trial", f"{C}.image"),
        (f"{C}.resources", MISSING, f"{C}.resources.limits.memory"),
        (f"{C}.resources.limits.memory", MISSING, f"{C}.resources.limits.memory"),
    ],
)
def test_what_would_run_but_not_well_is_a_warning(path, value, at):
    (problem,) = problems({path: value})
    assert (problem.path, problem.severity) == (at, "warning")


@pytest.mark.parametrize(
    "image", ["a:1", "r:5000/a:1", "a@sha256:" + "0" * 64, "${trialParameters.optimizer}:1"]
)
def test_a_fixed_image_is_none(image):
    assert problems({f"{C}.image": image}) == []


def pytorch_job(name="pytorch", command=CONTAINER["command"]):
    container = {**copy.deepcopy(CONTAINER), "name": name, "command": list(command)}
    replica = {"replicas": 1, "template": {"spec": {"containers": [container]}}}
    return {
        SPEC: {
            "apiVersion": "kubeflow.org/v1",
            "kind": "PyTorchJob",
            "spec": {"pytorchReplicaSpecs": {"Master": replica, "Worker": replica}},
        },
        f"{TEMPLATE}.primaryContainerName": "pytorch",
    }


def test_jobs_of_the_training_operator_are_known():
    assert problems(pytorch_job()) == []
    (problem,) = errors(pytorch_job("torch"))
    assert problem.path == f"{TEMPLATE}.primaryContainerName"
    assert "did you mean" in problem.rule
    command = ["/bin/bash", "-c", " ".join(CONTAINER["command"])]
    found = errors(pytorch_job(command=command))
    assert {"Master" in p.path for p in found} == {True, False}


def test_a_train_job_has_its_containers_elsewhere():
    trainer = {"image": "a:1", "command": CONTAINER["command"]}
    changes = {
        SPEC: {
            "apiVersion": "trainer.kubeflow.org/v1alpha1",
            "kind": "TrainJob",
            "spec": {"t": trainer},
        },
        f"{TEMPLATE}.primaryContainerName": "node",
    }
    assert problems(changes) == []


def test_any_other_kind_needs_conditions_and_leave():
    found = problems({f"{SPEC}.kind": "Workflow"})
    assert [p.path for p in found if p.severity == "error"] == [
        f"{TEMPLATE}.successCondition",
        f"{TEMPLATE}.failureCondition",
    ]
    assert [p.path for p in warnings_of({f"{SPEC}.kind": "Workflow"})] == [f"{SPEC}.kind"]
