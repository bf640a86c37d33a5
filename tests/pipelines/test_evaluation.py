"""Numbers of a test part, against what can be worked out by hand or by scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn import metrics as sk

from pipelines.steps import evaluation
from pipelines.steps.judging import judgement
from pipelines.steps.programs import StepError

RANDOM = np.random.default_rng(0)


def guesses(examples: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    y = RANDOM.integers(classes, size=examples)
    scores = RANDOM.random((examples, classes)) + 0.6 * np.eye(classes)[y]
    return y, scores / scores.sum(1, keepdims=True)


def test_metrics_are_scikit_learns():
    y, probabilities = guesses(300, 4)
    found = evaluation.classification(y, probabilities[None])
    predicted = probabilities.argmax(1)
    assert found["accuracy"] == pytest.approx(sk.accuracy_score(y, predicted))
    assert found["loss"] == pytest.approx(sk.log_loss(y, probabilities))
    assert found["macro_f1"] == pytest.approx(sk.f1_score(y, predicted, average="macro"))
    matrix = evaluation.confusion(y, probabilities)
    assert matrix == sk.confusion_matrix(y, predicted).tolist()


@pytest.mark.parametrize("classes", [2, 5])
def test_the_area_of_101_thresholds_is_near_that_of_all(classes: int):
    y, probabilities = guesses(500, classes)
    truth = y if classes == 2 else np.eye(classes)[y]
    scores = probabilities[:, 1] if classes == 2 else probabilities
    exact = sk.roc_auc_score(truth, scores, average="micro")
    assert evaluation.roc(y, probabilities).area == pytest.approx(exact, abs=0.01)


def test_thresholds_are_finite_and_the_curve_goes_from_corner_to_corner():
    curve = evaluation.roc(*guesses(50, 3))
    assert all(map(math.isfinite, curve.thresholds))
    assert (curve.false_positive_rates[0], curve.true_positive_rates[0]) == (0, 0)
    assert (curve.false_positive_rates[-1], curve.true_positive_rates[-1]) == (1, 1)


def test_a_certain_mistake_leaves_every_metric_finite():
    found = evaluation.classification(np.array([0, 1]), np.array([[[0.0, 1.0], [1.0, 0.0]]]))
    assert all(map(math.isfinite, found.values()))


def test_confidence_that_is_accuracy_has_no_calibration_error():
    y = np.array([0] * 8 + [1] * 2)
    honest = np.tile([0.8, 0.2], (10, 1))
    assert evaluation.calibration_error(evaluation.reliability(y, honest)) == pytest.approx(0)
    boastful = np.tile([1.0, 0.0], (10, 1))
    assert evaluation.calibration_error(evaluation.reliability(y, boastful)) == pytest.approx(0.2)


def test_seeds_have_a_mean_and_a_deviation_and_one_seed_has_not():
    y = np.array([0, 1])
    right, half = np.eye(2), np.array([[1.0, 0.0], [1.0, 0.0]])
    found = evaluation.classification(y, np.stack([right, half]))
    assert found["accuracy"] == 1
    assert found["accuracy_mean_of_seeds"] == 0.75
    assert found["accuracy_deviation_of_seeds"] == pytest.approx(0.5 / math.sqrt(2))
    assert "accuracy_mean_of_seeds" not in evaluation.classification(y, right[None])


def test_errors_of_a_regression():
    y = np.array([0.0, 2.0, 4.0])
    found = evaluation.regression(y, np.array([[[1.0], [2.0], [4.0]]]))
    assert found["mae"] == pytest.approx(1 / 3)
    assert found["rmse"] == pytest.approx(math.sqrt(1 / 3))
    assert found["r2"] == pytest.approx(1 - 1 / 8)


def test_a_model_below_what_is_demanded_fails_the_step():
    judged = judgement(np.array([0, 1]), np.eye(2)[None], ["a", "b"])
    judged.demand(1.0)
    with pytest.raises(StepError, match=r"has 1 on the test part, not 1\.1"):
        judged.demand(1.1)
