"""What Kubernetes refuses in a pod, and Katib's webhook does not ask about."""

import pytest

from tests.experiment.samples import POD, errors, problems

C = f"{POD}.containers[0]"
VOLUMES = {f"{POD}.volumes": [{"name": "data", "emptyDir": {}}]}


def resources(requests, limits):
    memory = {"memory": "1Gi"}
    return {f"{C}.resources": {"requests": memory | requests, "limits": memory | limits}}


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        (
            {f"{C}.name": "My_Trial", "spec.trialTemplate.primaryContainerName": "My_Trial"},
            f"{C}.name",
        ),
        ({f"{C}.image": " example/trial:1"}, f"{C}.image"),
        ({f"{C}.imagePullPolicy": "ifnotpresent"}, f"{C}.imagePullPolicy"),
        (
            VOLUMES | {f"{C}.volumeMounts": [{"name": "dat", "mountPath": "/data"}]},
            f"{C}.volumeMounts[0].name",
        ),
        ({f"{POD}.volumes": [{"name": "a", "emptyDir": {}}] * 2}, f"{POD}.volumes[1].name"),
        (
            {f"{POD}.initContainers": [{"name": "a_b", "image": "a:1"}]},
            f"{POD}.initContainers[0].name",
        ),
        (resources({"memory": "1025Mi"}, {}), f"{C}.resources.requests.memory"),
        (resources({"cpu": 2}, {"cpu": "1500m"}), f"{C}.resources.requests.cpu"),
        (resources({"nvidia.com/gpu": "1"}, {}), f"{C}.resources.requests[nvidia.com/gpu]"),
        (resources({}, {"nvidia.com/gpu": "0.5"}), f"{C}.resources.limits[nvidia.com/gpu]"),
        (resources({}, {"gpu": "1"}), f"{C}.resources.limits.gpu"),
        (
            {"spec.trialTemplate.trialSpec.spec.backoffLimit": -1},
            "spec.trialTemplate.trialSpec.spec.backoffLimit",
        ),
    ],
)
def test_what_kubernetes_refuses_is_an_error_at_its_field(changes, path):
    assert [problem.path for problem in errors(changes)] == [path]


@pytest.mark.parametrize(
    "changes",
    [
        VOLUMES | {f"{C}.volumeMounts": [{"name": "data", "mountPath": "/data"}]},
        {f"{C}.imagePullPolicy": "IfNotPresent"},
        resources({"memory": "1024Mi", "cpu": 0.5}, {"cpu": "500m"}),
        resources({"memory": "1e9"}, {}),
        resources({"cpu": "8"}, {}),
        resources({"nvidia.com/gpu": 1}, {"nvidia.com/gpu": "1"}),
        resources({}, {"hugepages-2Mi": "4Mi"}),
    ],
)
def test_what_kubernetes_takes_is_none(changes):
    assert problems(changes) == []
