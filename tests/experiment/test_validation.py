"""Validation as a whole: real answers of Katib, many mistakes at once, and no traceback ever."""

import copy
import json
import re
import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from katib_experiments.experiment.document import Document, dumps, load, loads
from katib_experiments.experiment.validation import validate
from tests.experiment.samples import (
    CONTAINER,
    MISSING,
    POD,
    VALID,
    WEBHOOK,
    changed,
    errors,
    keys,
    problems,
    warnings_of,
)

CASES = sorted(WEBHOOK.glob("*.yaml"))
RIGHT = "00"
# Where each of the documents that Katib let in goes wrong later, by its first line's words.
LATER = {
    "04": "spec.parameters[0].feasibleSpace.min",
    "14": "spec.parameters[1].feasibleSpace.min",
    "18": "spec.parameters[0].feasibleSpace.step",
    "20": "spec.algorithm.algorithmSettings[0].value",
    "22": "spec.algorithm.algorithmSettings[0].name",
    "24": "spec.earlyStopping.algorithmSettings[0].value",
    "28": "spec.parameters[0].feasibleSpace.min",
    "38": "spec.trialTemplate.primaryContainerName",
    "44": "spec.algorithm.algorithmSettings[0].name",
    "46": "spec.algorithm.algorithmSettings[0].value",
    "48": "spec.maxTrails",
    "52": "spec.algorithm.algorithmSettings",
    "56": "spec.parameters[0].feasibleSpace.step",
    "58": "spec.parameters[2].feasibleSpace.list[0]",
    "60": "spec.parameters[3].name",
}


def test_a_careful_document_has_nothing_to_be_said_of():
    assert problems({}) == []


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_what_a_real_katib_refused_is_refused_at_the_same_field(file):
    answer = file.with_suffix(".answer").read_text()
    found = [p for p in validate(load(file)[0]) if p.severity == "error"]
    if file.stem == RIGHT:
        assert found == []
    elif "rc=0" in answer:
        assert LATER[file.stem] in [problem.path for problem in found]
    else:
        path = re.search(r"(?:denied the request|is invalid): ([\w.\[\]]+): ", answer)[1]
        assert any(problem.path.startswith(path) for problem in found)
        assert all(problem.line for problem in found)


def test_only_the_right_document_of_those_that_katib_let_in_is_let_in():
    let_in = {f.stem for f in CASES if "rc=0" in f.with_suffix(".answer").read_text()}
    assert let_in == {RIGHT, *LATER}


DOZEN = {
    "metadata.name": "My_Experiment",
    "spec.parallelTrialCount": 20,
    "spec.maxFailedTrialCount": -1,
    "spec.objective.type": "maximise",
    "spec.objective.objectiveMetricNam": "accuracy",
    "spec.algorithm.algorithmName": "randm",
    "spec.resumePolicy": "Always",
    "spec.parameters[0].feasibleSpace.max": "0.0001",
    "spec.parameters[1].feasibleSpace.max": "4.5",
    "spec.parameters[2].feasibleSpace.list": ["sgd", "sgd"],
    "spec.trialTemplate.primaryContainerName": "training",
    "spec.trialTemplate.trialParameters[1].reference": "layer",
    "spec.metricsCollectorSpec": {"collector": {"kind": "None"}},
    f"{POD}.restartPolicy": "Always",
    f"{POD}.containers[0].comand": ["python"],
    f"{POD}.containers[0].command[3]": "--learning_rate=${trialParameters.learningrate}",
}


def test_a_file_with_a_dozen_mistakes_gets_a_dozen_clear_errors_at_once():
    found = errors(DOZEN)
    paths = {problem.path for problem in found}
    assert len(found) >= 12
    for path in DOZEN:
        assert any(p == path or p.startswith((path + ".", path + "[")) for p in paths), path
    for problem in found:
        assert re.match(r"experiment\.yaml:[1-9]\d*: [\w.\[\]]+: ", str(problem))


def test_problems_are_in_the_order_of_the_file():
    lines = [problem.line for problem in problems(DOZEN)]
    assert lines == sorted(lines)
    assert len(set(lines)) > 10


def test_an_error_shows_file_line_path_value_and_rule():
    (problem,) = errors({"spec.maxTrialCount": 0})
    line = dumps(VALID).splitlines().index("  maxTrialCount: 12") + 1
    assert str(problem) == (
        f"experiment.yaml:{line}: spec.maxTrialCount: Invalid value: 0: must be greater than 0"
    )


@pytest.mark.parametrize(
    ("path", "value", "rule"),
    [
        ("spec.maxTrials", 3, 'unknown field; did you mean "maxTrialCount"?'),
        ("spec.objective.Goal", 1, 'unknown field; did you mean "goal"?'),
        ("spec.parameters[0].feasibleSpace.maximum", "1", 'did you mean "max"?'),
        ("metadata.label", {}, 'did you mean "labels"?'),
        ("spec.trialTemplate.trialParameter", [], 'did you mean "trialParameters"?'),
        (f"{POD}.containers[0].resource", {}, 'did you mean "resources"?'),
        (f"{POD}.container", [], 'did you mean "containers"?'),
        ("spec.trialTemplate.trialSpec.spec.backofLimit", 0, 'did you mean "backoffLimit"?'),
        (f"{POD}.containers[0].env", [{"name": "A", "valu": "1"}], 'did you mean "value"?'),
        ("spec.xyzzy", 1, "unknown field"),
        ("xyzzy", 1, "unknown field"),
    ],
)
def test_unknown_fields_are_errors_wherever_they_are(path, value, rule):
    found = [problem for problem in errors({path: value}) if "unknown field" in problem.rule]
    assert len(found) == 1
    assert found[0].path.startswith(path)
    assert found[0].rule.endswith(rule)


def test_what_is_in_a_misspelt_field_is_checked_too():
    changes = {
        "spec.objectiv": {"type": "best", "objectiveMetricName": "val_accuracy"},
        "spec.objective": MISSING,
    }
    assert [problem.path for problem in errors(changes)] == ["spec.objective.type", "spec.objectiv"]


@pytest.mark.parametrize(
    ("path", "value", "rule"),
    [
        ("spec.maxTrialCount", "12", "must be an integer, without quotes"),
        ("spec.maxTrialCount", 1.5, "must be an integer"),
        ("spec.maxTrialCount", 2**64, "must be an integer of 64 bits"),
        ("spec.maxTrialCount", True, "must be an integer"),
        ("spec.objective.goal", "0.9", "must be a finite number, without quotes"),
        ("spec.objective.goal", float("inf"), "must be a finite number, without quotes"),
        (
            "spec.parameters[0].feasibleSpace.min",
            0.001,
            'must be a string: put it in quotes, "0.001"',
        ),
        ("spec.parameters[0].name", True, "must be a string: put it in quotes; y, n, on and off "),
        ("spec.parameters", {"lr": {}}, "must be a list of mappings"),
        ("spec.parameters[1]", "layers", "must be a mapping of fields"),
        ("spec.objective", ["maximize"], "must be a mapping of fields"),
        ("spec.objective.additionalMetricNames", "loss", "must be a list of strings"),
        ("metadata.labels", {"a": 1}, 'must be a string: put it in quotes, "1"'),
        ("spec.trialTemplate.retain", "true", "must be true or false"),
        (f"{POD}.containers[0].args", "a b", "must be a list of strings"),
        (f"{POD}.containers[0].resources.limits.memory", "1 GB", "must be a quantity"),
        (f"{POD}.containers[0].env", [{"name": "A", "value": 1}], "must be a string"),
        ("spec.trialTemplate.trialSpec.spec.backoffLimit", "0", "must be an integer"),
        ("spec", None, "must be specified"),
        ("spec", [], "must be a mapping of fields"),
    ],
)
def test_a_value_of_the_wrong_type_is_one_error(path, value, rule):
    found = [problem for problem in errors({path: value}) if problem.path.startswith(path)]
    assert len(found) == 1
    assert found[0].rule.startswith(rule)


def test_a_job_without_what_the_api_requires_is_refused():
    nameless = {key: value for key, value in CONTAINER.items() if key != "name"}
    paths = [problem.path for problem in errors({f"{POD}.containers": [nameless]})]
    assert f"{POD}.containers[0].name" in paths


@pytest.mark.parametrize("key", ["apiVersion", "kind", "metadata", "spec"])
def test_the_frame_of_a_document_is_required(key):
    assert any(problem.path.startswith(key) for problem in errors({key: MISSING}))


def test_a_kind_that_is_nearly_experiment_is_taken_for_one():
    (problem,) = errors({"kind": "Experment"})
    assert problem.rule.endswith('did you mean "Experiment"?')


def test_documents_of_other_kinds_are_not_validated():
    assert validate(Document({"apiVersion": "v1", "kind": "ConfigMap", "data": 1})) == []
    assert validate(Document({"apiVersion": "kubeflow.org/v1beta1", "kind": "Trial"})) == []


def test_an_experiment_as_a_cluster_returns_it_is_valid():
    status = {"conditions": [{"type": "Running", "status": "True"}], "trials": 1}
    server = {"uid": "1", "creationTimestamp": "2026-01-01T00:00:00Z", "generation": 1}
    assert problems({"status": status} | {f"metadata.{k}": v for k, v in server.items()}) == []


def test_keys_given_twice_are_errors_among_the_others():
    text = dumps(VALID).replace("  maxTrialCount: 12\n", "  maxTrialCount: 0\n" * 2)
    paths = [problem.path for problem in validate(loads(text, "x.yaml")[0])]
    assert sorted(paths) == ["spec.maxTrialCount"] * 2


def test_without_a_text_there_is_no_line():
    (problem,) = validate(Document(changed({"spec.maxTrialCount": 0})))
    assert (problem.file, problem.line) == ("", 0)
    assert str(problem).startswith("spec.maxTrialCount: ")


# The paths of everything in the valid document, to be broken one by one.
def _paths(value, path=""):
    yield path
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _paths(each, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for i, each in enumerate(value):
            yield from _paths(each, f"{path}[{i}]")


RICH = changed(
    {
        "spec.earlyStopping": {"algorithmName": "medianstop", "algorithmSettings": []},
        "spec.metricsCollectorSpec": {
            "collector": {"kind": "File"},
            "source": {
                "fileSystemPath": {"path": "/a", "format": "TEXT", "kind": "File"},
                "filter": {"metricsFormat": ["(a)=(b)"]},
                "httpGet": {"port": 1},
            },
        },
        "spec.objective.metricStrategies": [{"name": "loss", "value": "min"}],
        f"{POD}.containers[0].env": [{"name": "A", "value": "1"}],
    }
)
PATHS = [path for path in _paths(RICH) if path]
ALGORITHMS = ["random", "grid", "hyperband", "asha", "cmaes", "pbt", "enas", "darts", "tpe", "x"]
ODD = st.sampled_from(
    [
        None,
        True,
        0,
        -1,
        2**70,
        1e308,
        float("inf"),
        float("nan"),
        "",
        "text",
        "1e999",
        "-",
        "nan",
        "(",
        "0x",
        "${trialParameters.x}",
        "${trialParameters.",
        "'",
        '"',
        "\n",
        "é",
        "1" * 500,
        "0e-999999999",
        "1e-999999999",
        [],
        [[]],
        [None],
        [1],
        ["a", "a"],
        {},
        {"": None},
        {"a": {}},
        {"name": "resource_name", "value": "lr"},
        {"containers": 1},
        {"containers": [1]},
        *ALGORITHMS,
        "Job",
        "StdOut",
        "Custom",
        "PrometheusMetric",
        "int",
        "double",
        "discrete",
        "unknown",
    ]
)


@pytest.mark.parametrize("path", PATHS)
def test_no_value_at_any_place_makes_validation_fail(path):
    for value in [None, 0, "text", [], {}, [1], {"a": 1}, True, "1e999", ["'"], float("nan")]:
        data = copy.deepcopy(RICH)
        _put(data, path, value)
        assert validate(Document(data)) is not None


@settings(max_examples=400, deadline=None)
@given(
    changes=st.lists(st.tuples(st.sampled_from(PATHS), ODD), min_size=1, max_size=6),
    algorithm=st.sampled_from(ALGORITHMS),
    options=st.lists(
        st.tuples(
            st.sampled_from(["r_l", "eta", "resource_name", "random_state", "n_population"]),
            st.sampled_from(["1", "lr", "2.5", "1e308", "inf", "x", "1" * 500]),
        ),
        max_size=4,
    ),
)
def test_no_mixture_of_mistakes_makes_validation_fail(changes, algorithm, options):
    data = copy.deepcopy(RICH)
    data["spec"]["algorithm"] = {
        "algorithmName": algorithm,
        "algorithmSettings": [{"name": name, "value": value} for name, value in options],
    }
    for path, value in changes:
        _put(data, path, copy.deepcopy(value))
    for problem in validate(Document(data)):
        assert str(problem)


def _put(data, path, value):
    *parents, last = keys(path)
    try:
        for key in parents:
            data = data[key]
        data[last] = value
    except (KeyError, IndexError, TypeError):
        pass  # an earlier change took the place away


def test_a_valid_document_stays_valid_as_json():
    (document,) = loads(json.dumps(VALID, indent=1), "experiment.json")
    assert validate(document) == []
    assert document.line("spec.maxTrialCount") > 1


def test_a_warning_is_no_error():
    assert errors({"metadata.namespace": MISSING}) == []
    (warning,) = warnings_of({"metadata.namespace": MISSING})
    assert warning.path == "metadata.namespace"


def test_validation_imports_nothing_heavy_and_takes_little_time():
    code = (
        "import sys, katib_experiments.experiment\n"
        "heavy = {'kubernetes', 'kubeflow_katib_api', 'pydantic', 'numpy', 'optuna'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    text = dumps(VALID)
    start = time.process_time()
    for _ in range(10):
        validate(loads(text)[0])
    assert (time.process_time() - start) / 10 < 0.05  # measured: 0.003
