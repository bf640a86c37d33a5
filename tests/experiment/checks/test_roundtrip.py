"""What of a Job Katib's webhook does not get back."""

import pytest

from katib_experiments.experiment.checks.roundtrip import canonical
from tests.experiment.samples import POD, errors, problems

C = f"{POD}.containers[0]"
JOB = "spec.trialTemplate.trialSpec"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (f"{C}.env", []),
        (f"{C}.env", [{"name": "A", "value": ""}]),
        (f"{C}.resources", None),
        (f"{C}.resources.limits", {}),
        (f"{C}.securityContext", {"capabilities": {"drop": []}}),
        (f"{POD}.volumes", [{"name": "a", "nfs": {"server": "s", "path": "/", "readOnly": False}}]),
        (f"{C}.livenessProbe", {"exec": {"command": ["true"]}, "initialDelaySeconds": 0}),
        (f"{POD}.hostNetwork", False),
        (f"{POD}.nodeSelector", {}),
        (f"{JOB}.spec.backoffLimit", None),
        (f"{JOB}.spec.template.metadata", {"creationTimestamp": None}),
        (f"{JOB}.spec.template.metadata", {"labels": {}}),
        (f"{POD}.volumes", [{"name": "a", "emptyDir": {"medium": "", "sizeLimit": "1Gi"}}]),
    ],
)
def test_an_empty_value_is_an_error_at_its_field(path, value):
    (problem,) = errors({path: value})
    assert problem.path.startswith(path)
    assert problem.rule.startswith("Katib refuses empty values")


def test_other_errors_beside_it_do_not_hide_it():
    found = errors({f"{C}.env": [], f"{C}.image": "", f"{POD}.restartPolicy": "Always"})
    assert {problem.path for problem in found} == {
        f"{C}.env",
        f"{C}.image",
        f"{POD}.restartPolicy",
    }


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (f"{C}.env", [{"name": "A", "value": "0"}]),
        (f"{C}.securityContext", {"allowPrivilegeEscalation": False, "runAsUser": 0}),
        (f"{POD}.volumes", [{"name": "a", "nfs": {"server": "s", "path": "/", "readOnly": True}}]),
        (f"{POD}.automountServiceAccountToken", False),
        (f"{POD}.terminationGracePeriodSeconds", 0),
        (f"{POD}.securityContext", {}),
        (f"{POD}.volumes", [{"name": "a", "emptyDir": {}}]),
        (f"{POD}.volumes", [{"name": "a", "hostPath": {"path": "/a", "type": ""}}]),
        (f"{POD}.volumes", [{"name": "a", "csi": {"driver": "d", "readOnly": False}}]),
        (f"{JOB}.metadata", {}),
    ],
)
def test_a_value_that_kubernetes_writes_although_it_is_empty_is_none(path, value):
    assert problems({path: value}) == []


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("1024Mi", "1Gi"),
        ("0.5Gi", "512Mi"),
        ("0.5Ki", "512"),
        ("1000k", "1M"),
        ("0.5", "500m"),
        ("1500k", "1500k"),
        ("1Gi", "1Gi"),
        ("0", "0"),
        ("1e9", "1e9"),
    ],
)
def test_a_quantity_has_one_way_to_be_written(text, written):
    assert canonical(text) == written


@pytest.mark.parametrize("size", ["1024Mi", "0.5Gi", 1073741824])
def test_a_size_is_written_as_kubernetes_writes_it(size):
    (problem,) = errors({f"{POD}.volumes": [{"name": "a", "emptyDir": {"sizeLimit": size}}]})
    assert problem.path == f"{POD}.volumes[0].emptyDir.sizeLimit"
    assert problem.rule.startswith("must be written as Kubernetes writes it: ")


def test_requests_and_limits_may_be_written_in_every_way():
    limits = {"memory": "0.5Gi", "cpu": 0.5}
    assert problems({f"{C}.resources": {"limits": limits, "requests": limits}}) == []


def test_no_trial_parameter_stands_for_a_quantity():
    (problem,) = errors({f"{C}.resources.limits.memory": "${trialParameters.numLayers}Gi"})
    assert problem.rule.startswith("must be a quantity itself, and no trial parameter")
