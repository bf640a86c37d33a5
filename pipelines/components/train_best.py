# KFP reads annotations as they stand: "from __future__ import annotations" would hide them.
from kfp import dsl
from kfp.dsl import Dataset, Input, Metrics, Model, Output

from pipelines.image import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False, packages_to_install=[])
def train_best(
    data: Input[Dataset],
    model: Output[Model],
    metrics: Output[Metrics],
    best_command: list,
    autokeras: Input[Model] = None,
    winner: str = "search",
    epochs: int = 0,
    seeds: int = 3,
) -> None:
    """Train the winner anew on the training and the validation part together, once per seed.

    The first seed's model is the one that is handed on. The others say, in evaluate, how much of
    the result is luck.

    Args:
        data: As prepare_data leaves it; its test part is not looked at.
        model: A folder: model.keras (raw examples in, probabilities out), saved_model, the models
            of the other seeds, classes.json and result.json.
        metrics: Examples, epochs, seeds and parameters of the model.
        best_command: The words that the best Trial ran, from run_experiment.
        autokeras: The folder of autokeras_search; needed where that is the winner.
        winner: "search": what best_command says; "autokeras": that search's network.
        epochs: Passes over the data; 0: as many as were best in the search.
        seeds: Models to train.
    """
    from pipelines.steps.training import train

    found = train(
        data.path,
        model.path,
        winner=winner,
        command=best_command,
        autokeras=autokeras.path if autokeras else "",
        epochs=epochs,
        seeds=seeds,
    )
    model.metadata.update({"framework": "keras", "winner": winner})
    for metric, value in found.items():
        metrics.log_metric(metric, value)
