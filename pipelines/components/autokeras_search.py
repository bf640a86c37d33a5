# KFP reads annotations as they stand: "from __future__ import annotations" would hide them.
from typing import NamedTuple

from kfp import dsl
from kfp.dsl import HTML, Dataset, Input, Markdown, Metrics, Model, Output

from pipelines.image import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False, packages_to_install=[])
def autokeras_search(
    data: Input[Dataset],
    model: Output[Model],
    metrics: Output[Metrics],
    trials: Output[Markdown],
    architecture: Output[HTML],
    task: str = "auto",
    tuner: str = "greedy",
    max_trials: int = 10,
    epochs: int = 10,
    objective: str = "auto",
    flags: list = [],
    work_dir: str = "",
) -> NamedTuple("Outputs", [("objective", str), ("objective_value", float), ("maximize", bool)]):
    """Let AutoKeras search for a network.

    Args:
        data: What to learn from, as prepare_data leaves it; its test part is not looked at.
        model: The folder of the search: best_model.keras, result.json, classes.json.
        metrics: Those of the best network, on the training and the validation part.
        trials: Every network tried, with its hyperparameters.
        architecture: A picture of the best network.
        task: image_classification, structured_data_regression and their like; auto: by the data.
        tuner: greedy, random, bayesian or hyperband.
        max_trials: Networks to try.
        epochs: Passes over the training part, of each network.
        objective: val_accuracy, val_loss or val_mae; auto: val_accuracy, val_loss for a regression.
        flags: More flags of python -m trial_image.autokeras_search, as "--block=dense".
        work_dir: Folder, on a volume, from which the search goes on after its pod was lost.

    Returns:
        objective: The name of the metric that was best.
        objective_value: Its value on the validation part.
        maximize: Whether more of it is better.
    """
    from pipelines.steps.autokeras import search

    found = search(
        data.path,
        model.path,
        task=task,
        flags=[
            f"--tuner={tuner}",
            f"--max_trials={max_trials}",
            f"--epochs={epochs}",
            f"--objective={objective}",
            *flags,
        ],
        work_dir=work_dir,
        trials=trials.path,
        architecture=architecture.path,
    )
    model.metadata["framework"] = "keras"
    for metric, value in found.metrics.items():
        metrics.log_metric(metric, value)
    return found.outputs
