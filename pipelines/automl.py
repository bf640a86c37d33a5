"""The whole way: data, two searches side by side, the winner trained, judged and packaged."""

# KFP reads annotations as they stand: "from __future__ import annotations" would hide them.
from kfp import dsl

from pipelines.components import (
    autokeras_search,
    choose,
    evaluate,
    package_model,
    prepare_data,
    run_experiment,
    train_best,
)
from pipelines.tasks import sized


@dsl.pipeline(name="automl", description="Katib and AutoKeras search; the winner becomes a model")
def automl(
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
    autokeras_trials: int = 3,
    autokeras_epochs: int = 5,
    autokeras_tuner: str = "greedy",
    autokeras_flags: list = [],
    final_epochs: int = 0,
    seeds: int = 3,
    least_score: float = 0.0,
    model_name: str = "model",
    model_version: str = "1",
) -> float:
    """Read a dataset, search with Katib and with AutoKeras, train, judge and package the winner.

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
        autokeras_trials: Networks that AutoKeras tries.
        autokeras_epochs: Passes over the training part, of each network.
        autokeras_tuner: greedy, random, bayesian or hyperband.
        autokeras_flags: More flags of its program, as "--block=dense".
        final_epochs: Of the final training; 0: as many as were best in the search.
        seeds: Models of the final training; the first is handed on.
        least_score: The run fails below this accuracy (R² of a regression) on the test part.
        model_name: What to call the model.
        model_version: A whole number.

    Returns:
        The accuracy (R² of a regression) on the test part.
    """
    prepared = sized(prepare_data(dataset=dataset, target=target, task=task))
    prepared.set_display_name("Prepare the data")
    data = prepared.outputs["data"]
    search = run_experiment(
        data=data,
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
    networks = autokeras_search(
        data=data,
        max_trials=autokeras_trials,
        epochs=autokeras_epochs,
        tuner=autokeras_tuner,
        flags=autokeras_flags,
    )
    sized(networks, cpu=("1", "4"), memory=("2Gi", "8Gi"), hours=24)
    networks.set_display_name("Search with AutoKeras")
    choice = choose(
        search_objective=search.outputs["objective"],
        search_value=search.outputs["objective_value"],
        autokeras_objective=networks.outputs["objective"],
        autokeras_value=networks.outputs["objective_value"],
        maximize=search.outputs["maximize"],
    )
    sized(choice, memory=("256Mi", "1Gi")).set_display_name("Choose")
    # The winner is an input, not a condition: one path for both, which also runs locally.
    trained = train_best(
        data=data,
        best_command=search.outputs["best_command"],
        autokeras=networks.outputs["model"],
        winner=choice.outputs["winner"],
        epochs=final_epochs,
        seeds=seeds,
    )
    sized(trained, cpu=("1", "4"), hours=12).set_display_name("Train the winner")
    judged = evaluate(data=data, model=trained.outputs["model"], least=least_score)
    sized(judged).set_display_name("Evaluate on the test part")
    packaged = package_model(
        data=data,
        model=trained.outputs["model"],
        metrics=judged.outputs["metrics"],
        name=model_name,
        version=model_version,
        experiment_name=search.outputs["experiment_name"],
        best_parameters=search.outputs["best_parameters"],
        reason=choice.outputs["reason"],
        run_id=dsl.PIPELINE_JOB_ID_PLACEHOLDER,
    )
    sized(packaged, memory=("256Mi", "1Gi")).set_display_name("Package the model")
    return judged.outputs["Output"]
