from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from katib_experiments.experiment.model import Distribution, Parameter, ParameterType
from katib_experiments.experiment.space import Dimension, Space
from tests.support.builders import (
    MIXED,
    an_experiment,
    categorical,
    discrete,
    double,
    integer,
)

LOGARITHMIC = ("logUniform", "logNormal")
UNITS = st.floats(0, 1)
BELL = stats.truncnorm(-3, 3)


@st.composite
def numeric(draw: st.DrawFn, stepped: bool | None = None) -> Dimension:
    """A double or int over any bounds, with any distribution, with or without a step."""
    distribution = draw(st.sampled_from([*Distribution]))
    least = 1e-6 if distribution in LOGARITHMIC else -1e6
    if stepped is None:
        stepped = draw(st.booleans())
    if draw(st.booleans()) and stepped is not False:
        low = draw(st.integers(math.ceil(least), 10**6))
        high = draw(st.integers(low, low + 10**4))
        step = draw(st.sampled_from(["", "1", "2", "7"]))
        return Dimension(integer("x", low, high, distribution, step))
    low = draw(st.floats(least, 1e6, allow_subnormal=False))
    high = low + draw(st.floats(1e-3, 1e4))
    step = draw(st.sampled_from(["0.01", "0.1", "3", "1e-1"])) if stepped else ""
    return Dimension(double("x", low, high, distribution, step))


@given(numeric(), UNITS)
def test_whatever_is_drawn_lies_inside_the_bounds(dimension, unit):
    value = float(dimension.from_unit(unit))
    low, high = dimension.bounds
    assert float(dimension.space.min) <= low <= value <= high <= float(dimension.space.max)


@given(numeric(stepped=True), UNITS)
def test_whatever_is_drawn_lies_on_the_step(dimension, unit):
    text = dimension.from_unit(unit)
    index = dimension.index(text)
    assert dimension.value(index) == text


@given(numeric(stepped=True), st.integers(0))
@settings(max_examples=300)
def test_every_value_of_a_stepped_parameter_survives_a_round_trip(dimension, number):
    text = dimension.value(number % dimension.size)
    assert dimension.from_unit(dimension.to_unit(text)) == text


@given(numeric(stepped=False), st.floats(0.001, 0.999))
def test_a_continuous_draw_survives_a_round_trip(dimension, unit):
    text = dimension.from_unit(unit)
    assert 0 <= dimension.to_unit(text) <= 1
    width = float(dimension.space.max) - float(dimension.space.min)
    again = float(dimension.from_unit(dimension.to_unit(text)))
    assert again == pytest.approx(float(text), rel=1e-6, abs=1e-6 * width)


@given(numeric(), UNITS, UNITS)
def test_the_map_from_the_unit_interval_is_monotone(dimension, one, other):
    assume(one < other)
    assert float(dimension.from_unit(one)) <= float(dimension.from_unit(other))


@pytest.mark.parametrize(
    ("distribution", "theirs"),
    [
        ("uniform", stats.uniform(1, 99)),
        ("logUniform", stats.loguniform(1, 100)),
        ("normal", stats.truncnorm(-3, 3, loc=50.5, scale=99 / 6)),
    ],
)
def test_a_double_has_scipys_distribution(distribution, theirs):
    dimension = Dimension(double("x", 1.0, 100.0, distribution))
    draws = [float(dimension.from_unit(unit)) for unit in np.random.default_rng(0).random(2000)]
    assert stats.kstest(draws, theirs.cdf).pvalue > 0.01


def test_the_logarithm_of_a_log_normal_double_is_normal_around_the_middle_of_its_range():
    dimension = Dimension(double("x", 1e-4, 1e-1, "logNormal"))
    theirs = stats.truncnorm(-3, 3, loc=-2.5, scale=0.5)
    draws = [math.log10(float(dimension.from_unit(u))) for u in np.linspace(0, 1, 2001)]
    assert stats.kstest(draws, theirs.cdf).statistic < 1e-3


@pytest.mark.parametrize("distribution", Distribution)
def test_an_int_has_the_mass_of_the_half_steps_around_each_value(distribution):
    dimension = Dimension(integer("x", 1, 9, distribution))
    draws = [dimension.from_unit(unit) for unit in (np.arange(20_000) + 0.5) / 20_000]
    edges = np.arange(0.5, 10)
    if distribution in LOGARITHMIC:
        edges = np.log(edges)
        low, high = 0.0, math.log(9)
    else:
        low, high = 1.0, 9.0
    if distribution in ("normal", "logNormal"):
        edges = stats.norm.cdf(edges, loc=(low + high) / 2, scale=(high - low) / 6)
    expected = np.diff(edges) / (edges[-1] - edges[0])
    shares = [draws.count(str(value)) / len(draws) for value in range(1, 10)]
    assert shares == pytest.approx(list(expected), abs=2e-4)


@pytest.mark.parametrize(
    "parameter", [categorical("x", "a", "b", "c"), discrete("x", "8", "0.5", "16")]
)
def test_the_entries_of_a_list_are_equally_likely_and_keep_their_text(parameter):
    dimension = Dimension(parameter)
    draws = [dimension.from_unit(unit) for unit in (np.arange(300) + 0.5) / 300]
    assert [draws.count(choice) for choice in parameter.feasible_space.list] == [100, 100, 100]
    assert dimension.from_unit(1.0) == parameter.feasible_space.list[-1]


def test_values_of_a_step_are_written_without_rounding_noise():
    dimension = Dimension(double("x", 0.0, 0.5, step="0.1"))
    assert [dimension.value(i) for i in range(6)] == ["0.0", "0.1", "0.2", "0.3", "0.4", "0.5"]


@pytest.mark.parametrize(
    ("parameter", "size", "bounds"),
    [
        (integer("x", 1, 10, step="3"), 4, (1, 10)),
        (integer("x", 1, 9, step="3"), 3, (1, 7)),
        (double("x", 0.0, 1.0, step="0.3"), 4, (0, 0.9)),
        (double("x", 0.0, 1.0), None, (0, 1)),
        (discrete("x", "64", "16", "32"), 3, (16, 64)),
    ],
)
def test_the_highest_value_is_the_last_one_on_the_step(parameter, size, bounds):
    dimension = Dimension(parameter)
    assert dimension.size == size
    assert dimension.bounds == pytest.approx(bounds)


@pytest.mark.parametrize(
    ("parameter", "text"),
    [
        (integer("x", 1, 5), "6"),
        (integer("x", 1, 5), "nan"),
        (double("x", 0.0, 1.0), "-0.1"),
        (double("x", 0.0, 1.0), ""),
        (categorical("x", "sgd"), "adam"),
        (categorical("x", "1"), "1.0"),
        (discrete("x", "16", "32"), "24"),
    ],
)
def test_what_is_not_in_a_dimension_has_no_place_in_the_unit_interval(parameter, text):
    assert Dimension(parameter).to_unit(text) is None


def test_a_discrete_number_may_be_written_in_another_way():
    dimension = Dimension(discrete("x", "0.1", "0.5"))
    assert dimension.index("0.50") == 1


@pytest.mark.parametrize("distribution", Distribution)
@pytest.mark.parametrize(
    "parameter", [integer("x", 3, 3), double("x", 3.0, 3.0), double("x", 3.0, 3.0, step="1")]
)
def test_a_parameter_of_one_value_always_has_it(parameter, distribution):
    space = replace(parameter.feasible_space, distribution=distribution)
    dimension = Dimension(replace(parameter, feasible_space=space))
    assert {float(dimension.from_unit(unit)) for unit in (0.0, 0.3, 1.0)} == {3.0}
    assert dimension.to_unit("3") == pytest.approx(0.5, abs=0.2)


@given(st.lists(UNITS, min_size=len(MIXED), max_size=len(MIXED)))
def test_a_point_of_the_cube_and_its_assignments_say_the_same(units):
    space = Space.of(an_experiment())
    assignments = space.from_unit(units)
    assert list(assignments) == [parameter.name for parameter in MIXED]
    again = space.from_unit(space.to_unit(assignments))
    rate = float(assignments.pop("learning_rate"))
    assert float(again.pop("learning_rate")) == pytest.approx(rate)
    assert again == assignments


def test_the_size_of_a_space_is_the_product_unless_something_is_continuous():
    assert Space.of(an_experiment(MIXED[1:])).size == 5 * 5 * 3 * 6
    assert Space.of(an_experiment(MIXED)).size is None


def test_assignments_that_lack_a_parameter_are_foreign():
    assert Space.of(an_experiment()).to_unit({"num_layers": "3"}) is None


def test_only_a_categorical_parameter_knows_no_distance():
    kinds: dict[ParameterType, Parameter] = {parameter.type: parameter for parameter in MIXED}
    assert [kind for kind in kinds if not Dimension(kinds[kind]).numeric] == ["categorical"]
