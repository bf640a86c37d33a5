"""Search only: read the data, run the Experiment, show what it found."""

# KFP reads annotations as they stand: "from __future__ import annotations" would hide them.
from typing import NamedTuple

from kfp import dsl

from pipelines.components import prepare_data
from pipelines.searching import searched
from pipelines.tasks import sized, with_secret, with_volume


class Outputs(NamedTuple):
    best_parameters: dict
    objective_value: float


@dsl.pipeline(name="tune", description="Search for hyperparameters with a Katib Experiment")
def tune(
    dataset: str = "digits",
    target: str = "",
    task: str = "auto",
    experiment: str = "random",
    backend: str = "local",
    namespace: str = "",
    algorithm: str = "",
    algorithm_settings: dict = {},
    max_trials: int = 12,
    parallel_trials: int = 2,
    max_failed_trials: int = -1,
    trial_image: str = "",
    trial_dataset: str = "",
    gpus_per_trial: int = 0,
    afterwards: str = "keep",
    patience_minutes: int = 60,
) -> Outputs:
    """Read a dataset, run a Katib Experiment over it, and return the best parameters.

    Args:
        dataset: A name, a path or a function; see prepare_data.
        target: Column of a table to predict; the last one where empty.
        task: classification, regression or auto.
        experiment: The document itself, or the name of a shipped one.
        backend: "local" runs the Trials inside the step, "katib" on the cluster's Katib.
        namespace: Instead of the document's.
        algorithm: Instead of the document's.
        algorithm_settings: Settings for that algorithm.
        max_trials: Instead of maxTrialCount; 0 leaves it.
        parallel_trials: Instead of parallelTrialCount; 0 leaves it.
        max_failed_trials: Instead of maxFailedTrialCount; -1 leaves it.
        trial_image: Instead of the image of the Trials.
        trial_dataset: With "katib": where the Trials find the prepared data, if not on the claim.
        gpus_per_trial: Into each Trial's limits, as nvidia.com/gpu; 0 leaves the document's.
        afterwards: "keep" the Experiment on the cluster, or "delete" it once its result is here.
        patience_minutes: With "katib", how long to wait while no Trial runs; 0: without end.

    Returns:
        best_parameters: The best Trial's, by name.
        objective_value: Its value of the objective.
    """
    prepared = sized(prepare_data(dataset=dataset, target=target, task=task))
    with_secret(with_volume(prepared)).set_display_name("Prepare the data")
    search = searched(
        data=prepared.outputs["data"],
        experiment=experiment,
        backend=backend,
        namespace=namespace,
        algorithm=algorithm,
        algorithm_settings=algorithm_settings,
        max_trials=max_trials,
        parallel_trials=parallel_trials,
        max_failed_trials=max_failed_trials,
        image=trial_image,
        dataset=trial_dataset,
        gpus_per_trial=gpus_per_trial,
        afterwards=afterwards,
        patience_minutes=patience_minutes,
    )
    return Outputs(search.outputs["best_parameters"], search.outputs["objective_value"])
