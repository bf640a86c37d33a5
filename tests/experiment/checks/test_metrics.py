"""``spec.objective`` and ``spec.metricsCollectorSpec``."""

import pytest

from katib_experiments.experiment.checks.metrics import filter_rule
from tests.experiment.samples import MISSING, errors, problems, warnings_of

SOURCE = "spec.metricsCollectorSpec.source"
KIND = "spec.metricsCollectorSpec.collector.kind"


def collector(kind, **source):
    return {"spec.metricsCollectorSpec": {"collector": {"kind": kind}, "source": source}}


def file(**place):
    return collector("File", fileSystemPath=place)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"type": "best"}, "type"),
        ({"type": MISSING}, "type"),
        ({"objectiveMetricName": ""}, "objectiveMetricName"),
        ({"additionalMetricNames": ["val_accuracy"]}, "additionalMetricNames"),
        ({"additionalMetricNames": [""]}, "additionalMetricNames[0]"),
        ({"metricStrategies": [{"name": "loss", "value": "mean"}]}, "metricStrategies[0].value"),
        ({"metricStrategies": [{"name": "los", "value": "min"}]}, "metricStrategies[0].name"),
        ({"metricStrategies": [{"value": "min"}]}, "metricStrategies[0].name"),
        ({"metricStrategies": [{"name": "loss"}]}, "metricStrategies[0].value"),
        ({"metricStrategies": [{"name": "loss", "value": "min"}] * 2}, "metricStrategies[1].name"),
    ],
)
def test_a_wrong_objective_is_one_error(changes, path):
    (problem,) = errors({f"spec.objective.{key}": value for key, value in changes.items()})
    assert problem.path == f"spec.objective.{path}"


def test_an_objective_is_required():
    (problem,) = errors({"spec.objective": MISSING})
    assert (problem.path, problem.rule) == ("spec.objective", "must be specified")


def test_a_metric_named_twice_is_a_warning():
    (problem,) = problems({"spec.objective.additionalMetricNames": ["loss", "loss"]})
    assert problem.severity == "warning"


@pytest.mark.parametrize("name", ["val/accuracy", "val accuracy", "genauigkeit:", "größe"])
def test_a_name_that_the_default_filter_cannot_read_is_an_error(name):
    changes = {"spec.objective.objectiveMetricName": name}
    (problem,) = errors(changes)
    assert "never found by the default filter" in problem.rule
    assert errors(changes | collector("StdOut", filter={"metricsFormat": ["(.*)=(.*)"]})) == []
    assert errors(changes | collector("Push")) == []
    assert errors(changes | file(path="/a", format="JSON")) == []


@pytest.mark.parametrize("kind", ["None", "Stdout", "", "PrometheusMetric"])
def test_a_collector_that_katib_lacks_is_an_error(kind):
    assert [problem.path for problem in errors(collector(kind))] == [KIND]


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ({"fileSystemPath": {"path": "a/b"}}, "fileSystemPath.path"),
        ({"fileSystemPath": {"path": "/a", "kind": "Directory"}}, "fileSystemPath.kind"),
        ({"fileSystemPath": {"path": "/a", "format": "CSV"}}, "fileSystemPath.format"),
        ({"fileSystemPath": {"path": "/a", "format": "JSON"}, "filter": {}}, "filter"),
        ({}, "fileSystemPath.path"),
    ],
)
def test_a_wrong_file_is_one_error(source, path):
    (problem,) = errors(collector("File", **source))
    assert problem.path == f"{SOURCE}.{path}"


def test_a_file_at_its_default_place_must_be_written_by_the_template():
    word = "spec.trialTemplate.trialSpec.spec.template.spec.containers[0].command[6]"
    assert errors(file() | {word: "--log=/var/log/katib/metrics.log"}) == []


def test_events_are_in_a_directory_without_a_format():
    assert problems(collector("TensorFlowEvent")) == []
    good = {"path": "/logs", "kind": "Directory"}
    assert problems(collector("TensorFlowEvent", fileSystemPath=good)) == []
    for wrong in ({"path": "logs"}, {"kind": "File"}, {"format": "TEXT"}):
        assert len(errors(collector("TensorFlowEvent", fileSystemPath=good | wrong))) == 1


@pytest.mark.parametrize(
    ("request_", "path"),
    [({"port": "http"}, "port"), ({"port": 0}, "port"), ({"port": 80, "path": "m"}, "path")],
)
def test_a_wrong_prometheus_source_is_told_beside_the_kind(request_, path):
    found = errors(collector("PrometheusMetric", httpGet=request_))
    assert [problem.path for problem in found] == [KIND, f"{SOURCE}.httpGet.{path}"]


def test_a_custom_collector_needs_a_container_and_a_sound_path():
    (problem,) = errors(collector("Custom"))
    assert problem.path.endswith("customCollector")
    container = {"name": "collector", "image": "a:1", "args": ["-m", "accuracy"]}
    spec = collector("Custom", fileSystemPath={"path": "/a", "kind": "File"})
    spec["spec.metricsCollectorSpec"]["collector"]["customCollector"] = container
    assert problems(spec) == []
    spec["spec.metricsCollectorSpec"]["source"]["fileSystemPath"] = {"path": "a"}
    assert len(errors(spec)) == 2


@pytest.mark.parametrize("kind", ["StdOut", "Push"])
def test_a_path_that_a_collector_does_not_read_is_a_warning(kind):
    (problem,) = warnings_of(collector(kind, fileSystemPath={"path": "/a"}))
    assert problem.path == f"{SOURCE}.fileSystemPath"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("(a)=(b", "invalid filter"),
        ("(a)=b", "two top subexpressions"),
        ("(a);(b)", "must not contain ';'"),
        ("(?=a)(b)(c)", "no lookaround"),
        (r"(a)(b)\1", "no lookaround and no backreferences"),
        ("(a)(b){99999999999}", "invalid filter"),
        (r"([\w-]+)=(Genotype.*)", ""),
        (r"{metricName: ([\w|-]+), metricValue: ((-?\d+)(\.\d+)?)};?"[:-2], ""),
        (r"(?P<name>\w+)\\1=(.*)", ""),
        (r"([\w|-]+)\s*=\s*([+-]?\d*(\.\d+)?([Ee][+-]?\d+)?)", ""),
    ],
)
def test_a_filter_is_a_regular_expression_of_go_with_two_groups(text, rule):
    assert filter_rule(text).startswith(rule) or rule in filter_rule(text)
    assert bool(filter_rule(text)) == bool(rule)


def test_a_wrong_filter_is_an_error_for_standard_output_too():
    (problem,) = errors(collector("StdOut", filter={"metricsFormat": ["(a)=(b)", "("]}))
    assert problem.path == f"{SOURCE}.filter.metricsFormat[1]"
