"""``spec.nasConfig``."""

import pytest

from tests.experiment.samples import MISSING, POD, errors

CONFIG = {
    "graphConfig": {"numLayers": 2, "inputSizes": [32, 32, 3], "outputSizes": [10]},
    "operations": [
        {
            "operationType": "convolution",
            "parameters": [
                {
                    "name": "filter_size",
                    "parameterType": "categorical",
                    "feasibleSpace": {"list": ["3", "5"]},
                },
                {
                    "name": "pool_size",
                    "parameterType": "int",
                    "feasibleSpace": {"min": "2", "max": "3", "step": "1"},
                },
            ],
        }
    ],
}
ENAS = {
    "spec.parameters": MISSING,
    "spec.algorithm": {"algorithmName": "enas"},
    "spec.nasConfig": CONFIG,
    "spec.trialTemplate.trialParameters": [
        {"name": "architecture", "reference": "architecture"},
        {"name": "config", "reference": "nn_config"},
    ],
    f"{POD}.containers[0].command": [
        "python3",
        '--architecture="${trialParameters.architecture}"',
        '--config="${trialParameters.config}"',
    ],
}
PATH = "spec.nasConfig"


def enas(path="", value=None):
    return ENAS | ({f"{PATH}.{path}": value} if path else {})


def test_an_architecture_search_in_katibs_shape_is_valid():
    assert errors(enas()) == []


@pytest.mark.parametrize(
    ("path", "value", "at"),
    [
        ("graphConfig.inputSizes", [], "graphConfig.inputSizes"),
        ("graphConfig.outputSizes", MISSING, "graphConfig.outputSizes"),
        ("graphConfig.numLayers", 0, "graphConfig.numLayers"),
        ("graphConfig.numLayers", -1, "graphConfig.numLayers"),
        ("graphConfig", MISSING, "graphConfig.inputSizes"),
        ("operations", [], "operations"),
        ("operations[0].operationType", "", "operations[0].operationType"),
        ("operations[0].parameters", [], "operations[0].parameters"),
        ("operations[0].parameters[0].name", "", "operations[0].parameters[0].name"),
        ("operations[0].parameters[1].parameterType", "double", "operations[0].parameters[1]"),
        (
            "operations[0].parameters[0].feasibleSpace.list",
            [],
            "operations[0].parameters[0].feasibleSpace",
        ),
    ],
)
def test_what_the_service_refuses_is_an_error(path, value, at):
    changes = enas(path, value)
    if value == "double":
        changes[f"{PATH}.operations[0].parameters[1].feasibleSpace.step"] = MISSING
    assert any(problem.path.startswith(f"{PATH}.{at}") for problem in errors(changes))


def test_parameters_and_an_architecture_exclude_each_other():
    rules = [problem.rule for problem in errors({PATH: CONFIG})]
    assert "only one of spec.parameters and spec.nasConfig can be specified" in rules
    assert "is for the algorithms enas and darts, not for random" in rules


def test_enas_needs_an_architecture():
    rules = [problem.rule for problem in errors({"spec.algorithm": {"algorithmName": "enas"}})]
    assert "must be specified for algorithm enas" in rules


def test_references_are_what_the_service_suggests():
    changes = enas() | {"spec.trialTemplate.trialParameters[1].reference": "nn_confg"}
    (problem,) = errors(changes)
    assert problem.rule.endswith('did you mean "nn_config"?')
