# KFP reads annotations as they stand: "from __future__ import annotations" would hide them.
from kfp import dsl
from kfp.dsl import HTML, ClassificationMetrics, Dataset, Input, Metrics, Model, Output

from pipelines.image import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False, packages_to_install=[])
def evaluate(
    data: Input[Dataset],
    model: Input[Model],
    metrics: Output[Metrics],
    classification: Output[ClassificationMetrics],
    report: Output[HTML],
    least: float = 0.0,
) -> float:
    """Judge a final model on the test part, which nothing before has looked at.

    Args:
        data: As prepare_data leaves it.
        model: As train_best leaves it.
        metrics: Accuracy, loss, F1, ROC area and calibration error, or the errors of a regression;
            with several seeds their mean and deviation.
        classification: Confusion matrix and ROC; empty for a regression.
        report: All of it on one page, with the calibration drawn.
        least: The step fails below this accuracy (of a regression: this R²).

    Returns:
        The accuracy, or R² for a regression.
    """
    from pathlib import Path

    from pipelines.steps.judging import judge

    found = judge(data.path, model.path)
    for metric, value in found.metrics.items():
        metrics.log_metric(metric, value)
    if found.roc is not None:
        classification.log_confusion_matrix(found.names, found.confusion)
        classification.log_roc_curve(
            found.roc.false_positive_rates, found.roc.true_positive_rates, found.roc.thresholds
        )
    Path(report.path).write_text(found.page, encoding="utf-8")
    print(", ".join(f"{name}: {value:.6g}" for name, value in found.metrics.items()))
    found.demand(least)
    return found.score
