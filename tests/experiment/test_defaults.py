"""Katib's defaults."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from katib_experiments.experiment.defaults import with_defaults
from tests.experiment.samples import MISSING, VALID, changed


def defaulted(changes):
    return with_defaults(changed(changes))["spec"]


def test_the_document_itself_is_left_alone():
    before = copy.deepcopy(VALID)
    with_defaults(VALID)
    assert before == VALID


def test_defaulting_twice_is_defaulting_once():
    once = with_defaults(VALID)
    assert with_defaults(once) == once


def test_counts_and_policy():
    spec = defaulted({f"spec.{key}": MISSING for key in ("parallelTrialCount", "maxTrialCount")})
    assert spec["parallelTrialCount"] == 3
    assert spec["resumePolicy"] == "Never"
    assert "maxTrialCount" not in spec


@pytest.mark.parametrize(
    ("type_", "value"), [("minimize", "min"), ("maximize", "max"), ("other", "latest")]
)
def test_strategies_are_filled_in_after_those_given(type_, value):
    given_ = [{"name": "loss", "value": "latest"}]
    spec = defaulted({"spec.objective.type": type_, "spec.objective.metricStrategies": given_})
    assert spec["objective"]["metricStrategies"] == [
        {"name": "loss", "value": "latest"},
        {"name": "val_accuracy", "value": value},
    ]


def test_every_parameter_gets_a_distribution():
    spaces = [parameter["feasibleSpace"] for parameter in defaulted({})["parameters"]]
    assert [s["distribution"] for s in spaces] == ["logUniform", "uniform", "uniform"]


@pytest.mark.parametrize(
    ("kind", "success", "label"),
    [
        ("Job", "Complete", None),
        ("PyTorchJob", "Succeeded", "training.kubeflow.org/job-role"),
        ("TrainJob", "Complete", "jobset.sigs.k8s.io/replicatedjob-name"),
        ("Workflow", None, None),
    ],
)
def test_conditions_and_labels_follow_the_kind(kind, success, label):
    template = defaulted({"spec.trialTemplate.trialSpec.kind": kind})["trialTemplate"]
    expected = f'status.conditions.#(type=="{success}")#|#(status=="True")#' if success else None
    assert template.get("successCondition") == expected
    assert next(iter(template.get("primaryPodLabels", [None]))) == label


def test_a_template_in_a_config_map_gets_no_conditions():
    changes = {
        "spec.trialTemplate.trialSpec": MISSING,
        "spec.trialTemplate.configMap": {"configMapName": "a"},
    }
    assert "successCondition" not in defaulted(changes)["trialTemplate"]


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        ("StdOut", None),
        ("Push", None),
        (
            "File",
            {"fileSystemPath": {"kind": "File", "path": "/var/log/katib/metrics.log"}},
        ),
        (
            "TensorFlowEvent",
            {"fileSystemPath": {"kind": "Directory", "path": "/var/log/katib/tfevent/"}},
        ),
        ("PrometheusMetric", {"httpGet": {"path": "/metrics", "port": 8080}}),
    ],
)
def test_each_collector_gets_its_source(kind, source):
    if kind == "File":
        source["fileSystemPath"]["format"] = "TEXT"
    spec = defaulted({"spec.metricsCollectorSpec": {"collector": {"kind": kind}}})
    assert spec["metricsCollectorSpec"].get("source") == source


def test_a_missing_collector_is_standard_output():
    assert defaulted({})["metricsCollectorSpec"] == {"collector": {"kind": "StdOut"}}


@given(
    path=st.sampled_from(
        [
            "spec",
            "spec.objective",
            "spec.parameters",
            "spec.parameters[0].feasibleSpace",
            "spec.objective.metricStrategies",
            "spec.objective.additionalMetricNames",
            "spec.trialTemplate",
            "spec.trialTemplate.trialSpec",
            "spec.metricsCollectorSpec",
        ]
    ),
    value=st.sampled_from([None, "", "text", 1, [], ["x", None, 1], {}, {"kind": 1}, True]),
)
def test_a_wrong_type_is_left_for_validation(path, value):
    with_defaults(changed({path: value}))
