"""``spec.parameters``."""

import pytest

from katib_experiments.experiment.checks.parameters import number
from tests.experiment.samples import MISSING, errors, problems, settings, warnings_of

FIRST = "spec.parameters[0]"
SPACE = f"{FIRST}.feasibleSpace"
INT = "spec.parameters[1].feasibleSpace"
LIST = "spec.parameters[2].feasibleSpace"


def double(**space):
    return {FIRST: {"name": "lr", "parameterType": "double", "feasibleSpace": space}}


@pytest.mark.parametrize(
    ("space", "key", "rule"),
    [
        ({"min": "5", "max": "1"}, "max", 'must be greater than min "5"'),
        ({"min": "abc", "max": "1"}, "min", "must be a finite number"),
        ({"min": "0", "max": "inf"}, "max", "must be a finite number"),
        ({"min": "0", "max": "nan"}, "max", "must be a finite number"),
        ({"min": "0", "max": "1e999"}, "max", "must be a finite number"),
        ({"min": " 0", "max": "1"}, "min", "must be a finite number"),
        ({"min": "0,1", "max": "1"}, "min", "must be a finite number"),
        ({"min": "0"}, "max", "must be specified"),
        ({"max": "1"}, "min", "must be specified"),
        ({"min": "0", "max": "1", "step": "0"}, "step", "must be greater than 0"),
        ({"min": "0", "max": "1", "step": "-0.1"}, "step", "must be greater than 0"),
        ({"min": "0", "max": "1", "step": "x"}, "step", "must be a finite number"),
        ({"min": "0", "max": "1", "step": "1.5"}, "step", "must not be greater than max - min, 1"),
        ({"min": "0", "max": "1", "step": "1e-300"}, "step", "is too small"),
        (
            {"min": "0", "max": "1", "distribution": "logUniform"},
            "min",
            "must be greater than 0 for distribution: logUniform",
        ),
        (
            {"min": "-1", "max": "1", "distribution": "logNormal"},
            "min",
            "must be greater than 0 for distribution: logNormal",
        ),
        (
            {"min": "0", "max": "1", "distribution": "loguniform"},
            "distribution",
            "distribution: loguniform is not supported",
        ),
        (
            {"min": "0", "max": "1", "list": ["1"]},
            "list",
            "feasibleSpace.list is not supported for parameterType: double",
        ),
    ],
)
def test_a_wrong_interval_of_a_double_is_one_error_at_its_field(space, key, rule):
    (problem,) = errors(double(**space))
    assert problem.path == f"{SPACE}.{key}"
    assert problem.rule.startswith(rule)
    assert problem.received == space.get(key)


@pytest.mark.parametrize("space", [{}, {"distribution": "uniform"}, {"step": "1"}])
def test_bounds_are_required(space):
    (problem,) = errors(double(**space))
    assert problem.path == SPACE
    assert "must be specified" in problem.rule


@pytest.mark.parametrize("space", [{"min": "-1e-3", "max": "+1.", "step": ".25"}])
def test_numbers_may_be_written_in_every_way_that_floats_are(space):
    assert errors(double(**space)) == []


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"min": "0.5"}, "min"),
        ({"max": "4.0"}, "max"),
        ({"max": "1e1"}, "max"),
        ({"step": "0.5"}, "step"),
        ({"max": str(2**63)}, "max"),
    ],
)
def test_an_int_has_integers_for_its_bounds_and_step(changes, key):
    (problem,) = errors({f"{INT}.{name}": value for name, value in changes.items()})
    assert problem.path == f"{INT}.{key}"
    assert "must be an integer" in problem.rule


def test_a_step_that_misses_the_maximum_is_worth_a_warning():
    found = warnings_of(double(min="0", max="1", step="0.3"))
    assert "the last value is 0.9" in next(p.rule for p in found if p.path == f"{SPACE}.step")


@pytest.mark.parametrize("algorithm", ["random", "tpe", "bayesianoptimization"])
def test_an_interval_of_no_width_is_an_error_where_katibs_service_refuses_it(algorithm):
    changes = {"spec.algorithm": {"algorithmName": algorithm}}
    (problem,) = errors(changes | double(min="0.1", max="1e-1"))
    assert problem.path == f"{SPACE}.max"
    assert "never varies" in problem.rule


def test_elsewhere_an_interval_of_no_width_is_a_warning():
    changes = {"spec.algorithm": {"algorithmName": "sobol"}} | double(min="1", max="1")
    assert errors(changes) == []
    assert "never varies" in warnings_of(changes)[0].rule


def test_the_resource_of_hyperband_may_have_an_interval_of_no_width():
    algorithm = {
        "algorithmName": "hyperband",
        "algorithmSettings": settings(resource_name="layers", r_l="2", eta="2"),
    }
    changes = {"spec.algorithm": algorithm, f"{INT}.min": "2", f"{INT}.max": "2"}
    assert [p.path for p in problems(changes) if p.path.startswith(INT)] == []


@pytest.mark.parametrize("key", ["min", "max", "step"])
@pytest.mark.parametrize("kind", ["categorical", "discrete"])
def test_a_list_has_no_bounds(kind, key):
    changes = {f"{LIST}.list": ["1", "2"], f"{LIST}.{key}": "1"}
    (problem,) = errors(changes | {"spec.parameters[2].parameterType": kind})
    assert problem.path == LIST
    rule = f"feasibleSpace .max, .min and .step is not supported for parameterType: {kind}"
    assert problem.rule == rule


@pytest.mark.parametrize(
    ("kind", "values", "path", "rule"),
    [
        ("categorical", [], "", "must be specified"),
        ("categorical", ["a", "b", "a"], ".list[2]", "is the same as"),
        ("discrete", ["1", "2", "1.0"], ".list[2]", "is the same as"),
        ("discrete", ["1", "two"], ".list[1]", "must be a finite number"),
        ("discrete", ["nan", "2"], ".list[0]", "must be a finite number"),
    ],
)
def test_a_wrong_list_is_one_error(kind, values, path, rule):
    changes = {f"{LIST}.list": values, "spec.parameters[2].parameterType": kind}
    (problem,) = errors(changes)
    assert problem.path == LIST + path
    assert rule in problem.rule


def test_an_empty_list_with_a_distribution_is_still_empty():
    (problem,) = errors({LIST: {"list": [], "distribution": "uniform"}})
    assert problem.path == f"{LIST}.list"


def test_a_list_of_one_value_and_a_distribution_of_a_list_are_warnings():
    changes = {LIST: {"list": ["adam"], "distribution": "logUniform"}}
    assert errors(changes) == []
    assert {p.path for p in warnings_of(changes)} == {f"{LIST}.list", f"{LIST}.distribution"}


@pytest.mark.parametrize("kind", ["float", "unknown", "Double", MISSING, ""])
def test_a_parameter_has_one_of_four_types(kind):
    (problem,) = errors({f"{FIRST}.parameterType": kind})
    assert problem.path == f"{FIRST}.parameterType"


def test_two_parameters_of_one_name_are_an_error():
    found = errors({"spec.parameters[1].name": "lr"})
    assert "name is taken by spec.parameters[0]" in [problem.rule for problem in found]


def test_a_parameter_without_a_name_is_an_error():
    found = errors({f"{FIRST}.name": ""})
    assert f"{FIRST}.name" in [problem.path for problem in found]


@pytest.mark.parametrize("value", [MISSING, [], None])
def test_there_must_be_parameters(value):
    found = list(errors({"spec.parameters": value}))
    assert "spec.parameters or spec.nasConfig must be specified" in [p.rule for p in found]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1", 0.1),
        ("1e-2", 0.01),
        ("-3", -3),
        ("", None),
        ("1_0", None),
        ("0x1", None),
        ("٣", None),
        ("1e-99999999", 0),
        ("0e99999999", 0),
        ("1" * 401, None),
    ],
)
def test_only_decimal_numbers_are_numbers(text, value):
    found = number(text)
    assert found == value if value is None else float(found) == value


@pytest.mark.parametrize(
    ("algorithm", "space", "key"),
    [
        ("random", {"min": "0.1", "max": "1", "distribution": "normal"}, "distribution"),
        ("random", {"min": "0.1", "max": "0.7", "step": "0.2"}, "step"),
        ("multivariate-tpe", {"min": "0.1", "max": "1", "distribution": "normal"}, "distribution"),
        ("sobol", {"min": "0.1", "max": "1", "distribution": "logUniform"}, "distribution"),
        ("bayesianoptimization", {"min": "0", "max": "1"}, "min"),
        ("bayesianoptimization", {"min": "0.1", "max": "1"}, "distribution"),
        ("bayesianoptimization", {"min": "0.1", "max": "1", "step": "0.1"}, "step"),
    ],
)
def test_what_katibs_own_service_takes_otherwise_is_a_warning(algorithm, space, key):
    changes = double(**space) | {"spec.algorithm": {"algorithmName": algorithm}}
    assert errors(changes) == []
    assert any(p.path == f"{SPACE}.{key}" and "Katib's" in p.rule for p in warnings_of(changes))
