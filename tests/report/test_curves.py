from __future__ import annotations

import pytest

from katib_experiments.backend import Outcome
from katib_experiments.experiment.model import ExperimentStatus, MetricLog, ObjectiveType
from katib_experiments.report.curves import gaps, panels, quantity
from tests.report.outcomes import an_outcome
from tests.support.builders import a_trial, an_experiment


def logged(series: dict[str, list], value=0.5, **experiment) -> Outcome:
    """One Trial with these reports of each metric."""
    metrics = list(series)
    made = an_experiment(metric=metrics[0], additional=tuple(metrics[1:]), **experiment)
    log = [MetricLog(0.0, name, str(v)) for name, values in series.items() for v in values]
    trial = a_trial("t", {}, value, metric=metrics[0])
    return Outcome(made, ExperimentStatus(), (trial,), {"t": log})


@pytest.mark.parametrize(
    ("metric", "name"),
    [
        ("val_accuracy", "accuracy"),
        ("validation-loss", "loss"),
        ("train_loss", "loss"),
        ("valuation", "valuation"),
        ("accuracy", "accuracy"),
    ],
)
def test_a_metrics_quantity_is_its_name_without_the_split(metric, name):
    assert quantity(metric) == name


def test_training_and_validation_of_a_quantity_share_a_panel():
    found = panels(an_outcome(40))
    assert [(p.name, p.training_metric, p.validation_metric) for p in found] == [
        ("accuracy", "accuracy", "val_accuracy"),
        ("loss", "loss", "val_loss"),
    ]
    assert len(found[0].validation) == len(found[0].training) == 39  # one reported nothing
    assert found[0].early_stopped == 3
    assert "3 stopped early" in found[0].sentence


def test_an_epoch_is_the_ordinal_of_a_report_and_a_non_finite_one_keeps_its_place():
    (panel,) = panels(logged({"val_loss": [1.0, "nan", 0.5]}))
    assert panel.validation[0].values == [1.0, None, 0.5]
    assert panel.training == ()


def test_a_metric_reported_once_has_no_curve():
    assert panels(logged({"accuracy": [0.9], "loss": [0.3]})) == []


def test_the_gap_is_how_much_better_training_looks_at_the_last_epoch():
    found = gaps(logged({"val_accuracy": [0.5, 0.8], "accuracy": [0.6, 0.95]}))
    assert found is not None
    assert found.gaps == [pytest.approx(0.15)]
    assert found.best_gap == pytest.approx(0.15)


def test_the_gap_of_a_loss_is_positive_where_validation_is_higher():
    series = {"val_loss": [1.0, 0.9, "nan"], "loss": [1.0, 0.4, 0.3]}
    found = gaps(logged(series, objective=ObjectiveType.MINIMIZE))
    assert found is not None
    assert found.gaps == [pytest.approx(0.5)]


def test_without_both_sides_there_is_no_gap():
    assert gaps(logged({"val_accuracy": [0.5, 0.8]})) is None
    assert gaps(an_outcome(0)) is None
    assert gaps(logged({"val_accuracy": [0.5, 0.8], "accuracy": [0.6, 0.9]}, value=None)) is None
