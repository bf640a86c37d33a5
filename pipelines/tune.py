"""Search only: read the data, run the Experiment, show what it found."""

# KFP reads annotations as they stand: "from __future__ import annotations" would hide them.
from typing import NamedTuple

from kfp import dsl

from pipelines.components import prepare_data, run_experiment
from pipelines.tasks import sized


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
        trial_dataset: With "katib": where the Trials find the prepared data.

    Returns:
        best_parameters: The best Trial's, by name.
        objective_value: Its value of the objective.
    """
    prepared = sized(prepare_data(dataset=dataset, target=target, task=task))
    prepared.set_display_name("Prepare the data")
    search = run_experiment(
        data=prepared.outputs["data"],
        experiment=experiment,
        backend=backend,
        run_id=dsl.PIPELINE_JOB_ID_PLACEHOLDER,
        namespace=namespace,
        algorithm=algorithm,
        algorithm_settings=algorithm_settings,
        max_trials=max_trials,
        parallel_trials=parallel_trials,
        max_failed_trials=max_failed_trials,
        image=trial_image,
        dataset=trial_dataset,
    )
    sized(search, cpu=("1", "4"), hours=24).set_display_name("Search with Katib")
    search.set_caching_options(False)  # a search that is not run has no Experiment to look at
    return Outputs(search.outputs["best_parameters"], search.outputs["objective_value"])
