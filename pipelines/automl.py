"""The whole way: data, two searches side by side, the winner trained, judged and handed on."""

# KFP reads annotations as they stand: "from __future__ import annotations" would hide them.
from kfp import dsl

from pipelines.components import (
    autokeras_search,
    choose,
    deploy,
    evaluate,
    package_model,
    prepare_data,
    register_model,
    train_best,
)
from pipelines.searching import searched
from pipelines.tasks import SECRETS, accelerated, on_volume, sized, with_secret, with_volume


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
    gpus_per_trial: int = 0,
    afterwards: str = "keep",
    patience_minutes: int = 60,
    accelerator: str = "nvidia.com/gpu",
    accelerator_limit: str = "0",
    tolerations: list = [],
    node_selector: dict = {},
    autokeras_trials: int = 3,
    autokeras_epochs: int = 5,
    autokeras_tuner: str = "greedy",
    autokeras_flags: list = [],
    final_epochs: int = 0,
    seeds: int = 3,
    least_score: float = 0.0,
    model_name: str = "model",
    model_version: str = "1",
    handover_score: float = 0.9,
    registry: str = "",
    author: str = "",
    deploy_model: bool = False,
    apply_deployment: bool = False,
    service_account: str = "",
    model_uri: str = "",
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
        trial_dataset: With "katib": where the Trials find the prepared data, if not on the claim.
        gpus_per_trial: Into each Trial's limits, as nvidia.com/gpu; 0 leaves the document's.
        afterwards: "keep" the Experiment on the cluster, or "delete" it once its result is here.
        patience_minutes: With "katib", how long to wait while no Trial runs; 0: without end.
        accelerator: What AutoKeras and the final training compute on.
        accelerator_limit: How many of it: 0, 1, 2, 4, 8 or 16.
        tolerations: Of those two, besides that for nodes which are kept for nvidia.com/gpu.
        node_selector: Labels of the nodes that they shall run on.
        autokeras_trials: Networks that AutoKeras tries.
        autokeras_epochs: Passes over the training part, of each network.
        autokeras_tuner: greedy, random, bayesian or hyperband.
        autokeras_flags: More flags of its program, as "--block=dense".
        final_epochs: Of the final training; 0: as many as were best in the search.
        seeds: Models of the final training; the first is handed on.
        least_score: The run fails below this accuracy (R² of a regression) on the test part.
        model_name: What to call the model.
        model_version: A whole number.
        handover_score: From this accuracy (R²) on, the model is registered and deployed as asked.
        registry: Address of a Model Registry to enter the model into; none where empty.
        author: Who answers for the model, in the registry.
        deploy_model: Write an InferenceService that serves the model on KServe.
        apply_deployment: And create it on the cluster.
        service_account: Whose Secret opens the store of the model for KServe.
        model_uri: Where registry and KServe find the package, if not at its artifact's own place.

    Returns:
        The accuracy (R² of a regression) on the test part.
    """
    prepared = sized(prepare_data(dataset=dataset, target=target, task=task))
    with_secret(with_volume(prepared)).set_display_name("Prepare the data")
    data = prepared.outputs["data"]
    search = searched(
        data=data,
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
    devices = (accelerator, accelerator_limit, tolerations, node_selector)
    networks = autokeras_search(
        data=data,
        max_trials=autokeras_trials,
        epochs=autokeras_epochs,
        tuner=autokeras_tuner,
        flags=autokeras_flags,
        work_dir=on_volume(f"autokeras/{dsl.PIPELINE_JOB_ID_PLACEHOLDER}"),
    )
    sized(networks, cpu=("1", "4"), memory=("2Gi", "8Gi"), hours=24)
    accelerated(with_volume(networks), *devices)
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
    accelerated(sized(trained, cpu=("1", "4"), hours=12), *devices)
    trained.set_display_name("Train the winner")
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
    package = packaged.outputs["package"]
    with dsl.If(judged.outputs["Output"] >= handover_score, name="good-enough"):
        with dsl.If(registry != "", name="to-be-registered"):
            entry = register_model(
                package=package,
                registry=registry,
                model_uri=model_uri,
                author=author,
                token_file=f"{SECRETS}/registry-token",
            )
            with_secret(sized(entry, memory=("256Mi", "1Gi"))).set_display_name("Register")
            entry.set_caching_options(False)
        with dsl.If(deploy_model == True, name="to-be-deployed"):  # noqa: E712 - KFP's language
            service = deploy(
                package=package,
                namespace=namespace,
                model_uri=model_uri,
                service_account=service_account,
                apply=apply_deployment,
            )
            sized(service, memory=("256Mi", "1Gi")).set_display_name("Deploy on KServe")
            service.set_caching_options(False)
    return judged.outputs["Output"]
