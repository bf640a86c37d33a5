"""What a model is worth on the test part, as numbers: no drawing here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

ROC_POINTS = 101
BINS = 10
"""Of confidence, each of the same width."""
LEAST_PROBABILITY = 1e-7
"""Below it a probability counts as this: one example that was certainly wrong would otherwise make
the whole loss infinite."""


@dataclass(frozen=True, slots=True)
class Roc:
    """For each threshold, which share of the negatives and of the positives is at or above it."""

    false_positive_rates: list[float]
    true_positive_rates: list[float]
    thresholds: list[float]
    """Finite, falling from just above 1 to 0: KFP cannot store infinity, which scikit-learn
    begins with."""

    @property
    def area(self) -> float:
        across, up = np.array(self.false_positive_rates), np.array(self.true_positive_rates)
        return float((np.diff(across) * (up[1:] + up[:-1]) / 2).sum())


@dataclass(frozen=True, slots=True)
class Bin:
    """The predictions of one range of confidence."""

    count: int
    confidence: float
    """Mean probability of the predicted class."""
    accuracy: float


def classification(y: Array, outputs: Array) -> dict[str, float]:
    """Metrics of the first model, and how far the models of other seeds are from it.

    ``y`` [n] are the numbers of classes, ``outputs`` [models, n, classes] probabilities.
    """
    first = outputs[0]
    chosen = np.clip(first[np.arange(len(y)), y], LEAST_PROBABILITY, 1)
    matrix = confusion(y, first)
    return {
        "accuracy": accuracy(y, first),
        **_seeds("accuracy", [accuracy(y, each) for each in outputs]),
        "loss": float(-np.log(chosen).mean()),
        "brier": float(np.square(first - np.eye(first.shape[1])[y]).sum(1).mean()),
        "macro_f1": _macro_f1(matrix),
        "roc_auc": roc(y, first).area,
        "calibration_error": calibration_error(reliability(y, first)),
        "test_examples": float(len(y)),
    }


def regression(y: Array, outputs: Array) -> dict[str, float]:
    """``y`` [n] are values, ``outputs`` [models, n, 1]."""
    errors = outputs[..., 0] - y
    rmse = [float(np.sqrt(np.square(each).mean())) for each in errors]
    spread = float(np.square(y - y.mean()).sum())
    metrics = {
        "rmse": rmse[0],
        **_seeds("rmse", rmse),
        "mae": float(np.abs(errors[0]).mean()),
        "test_examples": float(len(y)),
    }
    if spread > 0:
        metrics["r2"] = 1 - float(np.square(errors[0]).sum()) / spread
    return metrics


def _seeds(name: str, values: Sequence[float]) -> dict[str, float]:
    """Mean and standard deviation over seeds, where there are several."""
    if len(values) < 2:
        return {}
    return {
        f"{name}_mean_of_seeds": float(np.mean(values)),
        f"{name}_deviation_of_seeds": round(float(np.std(values, ddof=1)), 12),
    }


def accuracy(y: Array, probabilities: Array) -> float:
    return float((probabilities.argmax(1) == y).mean())


def confusion(y: Array, probabilities: Array) -> list[list[int]]:
    """Rows: the true class; columns: the predicted one."""
    matrix = np.zeros((probabilities.shape[1],) * 2, int)
    np.add.at(matrix, (y, probabilities.argmax(1)), 1)
    return [list(map(int, row)) for row in matrix]


def _macro_f1(matrix: list[list[int]]) -> float:
    """The mean over the classes that the test part has."""
    counts = np.array(matrix, float)
    hits, true, said = np.diag(counts), counts.sum(1), counts.sum(0)
    return float((2 * hits / np.maximum(true + said, 1))[true > 0].mean())


def roc(y: Array, probabilities: Array) -> Roc:
    """Of the second class of two; of more, every class against the rest, all taken together
    (micro average)."""
    classes = probabilities.shape[1]
    scores = probabilities[:, 1] if classes == 2 else probabilities.ravel()
    positive = (y == 1) if classes == 2 else np.eye(classes, dtype=bool)[y].ravel()
    thresholds = np.linspace(1, 0, ROC_POINTS)
    thresholds[0] = 1 + 1 / ROC_POINTS  # which nothing reaches, so that the curve begins at (0, 0)

    def shares(part: Array) -> list[float]:
        ordered = np.sort(part)
        above = len(part) - np.searchsorted(ordered, thresholds, side="left")
        return [float(value) for value in above / max(len(part), 1)]

    return Roc(shares(scores[~positive]), shares(scores[positive]), thresholds.tolist())


def reliability(y: Array, probabilities: Array) -> list[Bin]:
    """The bins that are not empty, by rising confidence."""
    confidence, right = probabilities.max(1), probabilities.argmax(1) == y
    places = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return [
        Bin(int(mine.sum()), float(confidence[mine].mean()), float(right[mine].mean()))
        for place in range(BINS)
        if (mine := places == place).any()
    ]


def calibration_error(bins: Sequence[Bin]) -> float:
    """Expected calibration error: how far confidence is from accuracy, weighted by examples."""
    total = sum(each.count for each in bins)
    return sum(each.count * abs(each.confidence - each.accuracy) for each in bins) / total
