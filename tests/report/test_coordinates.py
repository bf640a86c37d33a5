from __future__ import annotations

import math

import pytest

from katib_experiments.backend import Outcome
from katib_experiments.experiment.model import ExperimentStatus, ObjectiveType
from katib_experiments.report.coordinates import log_ticks, parallel, trial_map
from tests.report.outcomes import a_grid_outcome, an_outcome
from tests.support.builders import a_trial, an_experiment, categorical, discrete, double, integer


def outcome_of(parameters, points, **experiment) -> Outcome:
    trials = [a_trial(f"t{i}", point, value) for i, (point, value) in enumerate(points)]
    return Outcome(an_experiment(parameters, **experiment), ExperimentStatus(), tuple(trials))


def test_the_map_of_a_grid_has_the_best_and_the_mean_of_each_cell():
    chart = trial_map(a_grid_outcome())
    assert chart is not None
    assert chart.is_table
    assert len(chart.cells) == 20
    cell = next(cell for cell in chart.cells if (cell.x, cell.y) == ("0.01", "32"))
    values = [
        point.value
        for point in chart.points
        if point.trial.assignments["learning_rate"] == "0.01"
        and point.trial.assignments["batch_size"] == "32"
    ]
    assert len(cell.trials) == len(values) == 2
    assert cell.best == max(values)
    assert cell.mean == pytest.approx(sum(values) / 2)


def test_a_continuous_learning_rate_makes_a_cloud_on_a_log_axis():
    chart = trial_map(an_outcome(40))
    assert chart is not None
    assert not chart.is_table
    assert (chart.x.name, chart.x.log) == ("learning_rate", True)
    assert chart.y is not None
    assert chart.y.categories == ("16", "32", "64", "128", "256")


@pytest.mark.parametrize(
    "names", [("lr", "batch"), ("learningRate", "batchSize"), ("LR", "Batch-Size")]
)
def test_learning_rate_and_batch_size_are_known_by_any_spelling(names):
    rate, batch = double(names[0], 0.1, 1.0), integer(names[1], 1, 64)
    chart = trial_map(outcome_of((batch, integer("other", 1, 9), rate), []), ["other"])
    assert chart is not None
    assert chart.y is not None
    assert (chart.x.name, chart.y.name) == names


def test_without_those_names_the_most_important_numbers_are_mapped():
    space = (categorical("c", "x", "y"), integer("a", 1, 9), double("b", 0, 1), double("d", 0, 1))
    chart = trial_map(outcome_of(space, []), ["c", "d", "b", "a"])
    assert chart is not None
    assert chart.y is not None
    assert (chart.x.name, chart.y.name) == ("d", "b")


def test_all_categorical_spaces_have_a_map_and_one_parameter_has_half_of_one():
    chart = trial_map(outcome_of((categorical("c", "x", "y"), categorical("d", "p", "q")), []))
    assert chart is not None
    assert chart.y is not None
    half = trial_map(outcome_of((double("only", 0, 1),), []))
    assert half is not None
    assert half.y is None
    assert trial_map(outcome_of((categorical("constant", "x"),), [])) is None


def test_the_maps_sentence_says_where_the_best_fifth_lies():
    space = (double("x", 0, 1), categorical("c", "p", "q", "r"))
    points = [({"x": str(i / 10), "c": "pqr"[i % 3]}, i / 10) for i in range(10)]
    chart = trial_map(outcome_of(space, points))
    assert chart is not None
    assert chart.sentence == "The best 2 of 10 have x 0.8 to 0.9 and c p or r."
    fewest = trial_map(outcome_of(space, points, objective=ObjectiveType.MINIMIZE))
    assert fewest is not None
    assert fewest.sentence == "The best 2 of 10 have x 0 to 0.1 and c p or q."


@pytest.mark.parametrize(
    ("parameter", "written"),
    [
        (discrete("x", "0.1", "0.2", "0.3"), "0.30"),
        (double("x", 0.1, 0.3, step="0.1"), "0.30"),
        (double("x", 0.1, 0.3, step="0.1"), "0.30000000000000004"),
    ],
)
def test_an_assignment_written_differently_lies_in_the_same_cell(parameter, written):
    space = (parameter, categorical("c", "p"), categorical("d", "p", "q"))
    points = [({"x": written, "c": "p", "d": "p"}, 1.0), ({"x": "0.3", "c": "p", "d": "p"}, 3.0)]
    chart = trial_map(outcome_of(space, points))
    assert chart is not None
    (cell,) = chart.cells
    assert (cell.x, cell.mean, cell.best) == ("0.3", 2.0, 3.0)


def test_values_outside_of_the_space_lie_nowhere():
    space = (double("x", 0.1, 0.3, step="0.1"), categorical("d", "p", "q"))
    chart = trial_map(
        outcome_of(space, [({"x": "9", "d": "p"}, 1.0), ({"x": "0.2", "d": "z"}, 1.0)])
    )
    assert chart is not None
    assert chart.cells == []


def test_parallel_axes_hold_logarithms_categories_and_the_objective():
    outcome = an_outcome(40)
    lines = parallel(outcome)
    rate, batch, layers, optimizer, objective = lines.coordinates
    first = lines.points[0].trial.assignments
    assert rate.values[0] == pytest.approx(math.log10(float(first["learning_rate"])))
    assert [label for _, label in rate.ticks] == ["0.0001", "0.001", "0.01", "0.1"]
    assert batch.ticks[int(batch.values[0])][1] == first["batch_size"]
    assert layers.span == (0.0, 3.0)
    assert optimizer.ticks[int(optimizer.values[0])][1] == first["optimizer"]
    assert list(objective.values) == [point.value for point in lines.points]


def test_a_diverged_trial_lies_at_the_end_of_the_objectives_axis():
    points = [({"x": "0.5"}, value) for value in (1.0, 1.1, 1.2, 1.3, 1e300)]
    outcome = outcome_of((double("x", 0, 1),), points, objective=ObjectiveType.MINIMIZE)
    objective = parallel(outcome).coordinates[-1]
    assert objective.span == pytest.approx((1.0, 1.9))
    assert objective.values[-1] == pytest.approx(1.9)


def test_a_trial_of_a_foreign_space_is_left_out_of_the_axes():
    space = (double("x", 0, 1), categorical("c", "p", "q"))
    points = [({"x": "0.5", "c": "p"}, 1.0), ({"x": "0.5", "c": "z"}, 2.0), ({}, 3.0)]
    lines = parallel(outcome_of(space, points))
    assert [point.value for point in lines.points] == [1.0]


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (1e-4, 1e-1, [1e-4, 1e-3, 1e-2, 1e-1]),
        (0.003, 0.05, [0.005, 0.01, 0.02, 0.05]),
        (2.0, 2.0, [2.0]),
    ],
)
def test_log_ticks_are_round_numbers_inside_the_bounds(low, high, ticks):
    assert log_ticks(low, high) == ticks
