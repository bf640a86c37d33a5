"""What the step ``evaluate`` does with its inputs."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipelines.steps import evaluation
from pipelines.steps.data import data_file
from pipelines.steps.evaluation import Array, Roc
from pipelines.steps.pages import classification_page, regression_page
from pipelines.steps.programs import StepError, run_program


@dataclass(frozen=True, slots=True)
class Judgement:
    metrics: dict[str, float]
    page: str
    names: list[str]
    confusion: list[list[int]]
    roc: Roc | None
    """None for a regression."""

    @property
    def score(self) -> float:
        """Accuracy or R², which is nothing where all targets of a test part are the same."""
        return self.metrics["accuracy"] if self.roc else self.metrics.get("r2", 0.0)

    def demand(self, least: float) -> None:
        """Raises :class:`StepError` for a model that is not good enough to go on with."""
        if least and self.score < least:
            raise StepError(f"least: the model has {self.score:.6g} on the test part, not {least}")


def judge(data: str, model: str) -> Judgement:
    """Predict the test part with every model of the folder, and measure."""
    names = json.loads(Path(model, "classes.json").read_text())["classes"]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "predictions.npz")
        run_program(
            "predict", [f"--model={model}", f"--dataset={data_file(data)}", f"--output={file}"]
        )
        with np.load(file, allow_pickle=False) as predictions:
            return judgement(predictions["y"], predictions["outputs"], list(map(str, names)))


def judgement(y: Array, outputs: Array, names: list[str]) -> Judgement:
    """``outputs`` [models, n, classes or 1], those of the model that is handed on first."""
    if not names:
        metrics = evaluation.regression(y, outputs)
        return Judgement(metrics, regression_page(y, outputs[0, :, 0], metrics), [], [], None)
    metrics = evaluation.classification(y, outputs)
    return Judgement(
        metrics,
        classification_page(y, outputs[0], names, metrics),
        names,
        evaluation.confusion(y, outputs[0]),
        evaluation.roc(y, outputs[0]),
    )
