# KFP reads annotations as they stand: "from __future__ import annotations" would hide them.
from kfp import dsl
from kfp.dsl import HTML, Artifact, Input, Markdown, Output

from pipelines.image import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False, packages_to_install=[])
def compare(
    page: Output[HTML],
    summary: Output[Markdown],
    range_test: Input[Artifact],
    schedules: Input[Artifact],
    batch_sizes: Input[Artifact],
    grid: Input[Artifact],
    random: Input[Artifact],
    zooming: Input[Artifact],
    automl: Input[Artifact],
    data: Input[Artifact],
    early_stopping: Input[Artifact],
    penalties: Input[Artifact],
    dropout: Input[Artifact],
    initializers: Input[Artifact],
    dataset: str = "",
) -> None:
    """Put the lecture's techniques on one page: a picture of each, and how much each one matters.

    Each input is the history that run_experiment left of that technique's Experiment.

    Args:
        page: Everything, in one file.
        summary: Each technique with its best setting.
        range_test: Of the learning-rate range test.
        schedules: Of the learning-rate schedules.
        batch_sizes: Of the batch sizes.
        grid: Of the table of learning rate and batch size.
        random: Of the random search.
        zooming: Of the search in rounds.
        automl: Of the search over optimizer and layers.
        data: Of the shares of the training data.
        early_stopping: Of the patiences.
        penalties: Of the penalties on weights.
        dropout: Of the dropout rates.
        initializers: Of the start weights.
        dataset: What they all learned from.
    """
    from pathlib import Path

    from pipelines.steps import comparison
    from pipelines.steps.history import read

    artifacts = {
        "range_test": range_test,
        "schedules": schedules,
        "batch_sizes": batch_sizes,
        "grid": grid,
        "random": random,
        "zooming": zooming,
        "automl": automl,
        "data": data,
        "early_stopping": early_stopping,
        "penalties": penalties,
        "dropout": dropout,
        "initializers": initializers,
    }
    histories = {name: read(Path(artifact.path)) for name, artifact in artifacts.items()}
    Path(page.path).write_text(comparison.compared(histories, dataset), encoding="utf-8")
    text = comparison.summary(histories)
    Path(summary.path).write_text(text, encoding="utf-8")
    print(text)
