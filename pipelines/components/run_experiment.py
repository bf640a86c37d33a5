# KFP reads annotations as they stand: "from __future__ import annotations" would hide them.
from typing import NamedTuple

from kfp import dsl
from kfp.dsl import HTML, Artifact, Dataset, Input, Markdown, Metrics, Output

from pipelines.image import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False, packages_to_install=[])
def run_experiment(
    metrics: Output[Metrics],
    trials: Output[Markdown],
    report: Output[HTML],
    outcome: Output[Artifact],
    history: Output[Artifact],
    data: Input[Dataset] = None,
    experiment: str = "random",
    backend: str = "local",
    name: str = "",
    run_id: str = "",
    namespace: str = "",
    max_trials: int = 0,
    parallel_trials: int = 0,
    max_failed_trials: int = -1,
    algorithm: str = "",
    algorithm_settings: dict = {},
    image: str = "",
    gpus_per_trial: int = 0,
    dataset: str = "",
    claim: str = "",
    mount: str = "/data",
    runs_dir: str = "",
    afterwards: str = "keep",
    patience_minutes: int = 60,
) -> NamedTuple(
    "Outputs",
    [
        ("experiment_name", str),
        ("best_parameters", dict),
        ("best_command", list),
        ("objective", str),
        ("objective_value", float),
        ("maximize", bool),
    ],
):
    """Run a Katib Experiment to its end and hand on what it found.

    The step fails where the Experiment fails or no Trial succeeds, and says why. It is safe to
    retry: the name is the same again, and an Experiment that exists is taken up, not made twice.
    Switch caching off for it, or KFP returns the parameters of an older search.

    Args:
        metrics: The metrics of the best Trial, and how many Trials there were.
        trials: Every Trial with its parameters, the best first.
        report: The interactive report, one file.
        outcome: The Experiment with its status (YAML), as kubectl would show it.
        history: Every Trial as data (JSON): parameters, metrics, and their values epoch by epoch.
        data: What Trials learn from, as prepare_data leaves it. Without it, what the document says.
        experiment: The document itself, or the name of a shipped one (random, tpe, bayesian …).
        backend: "local" runs the Trials inside this step; "katib" on the cluster's Katib.
        name: Instead of metadata.name.
        run_id: Makes the name unique; give dsl.PIPELINE_JOB_ID_PLACEHOLDER.
        namespace: Instead of metadata.namespace; for "katib" that of the step where both are empty.
        max_trials: Instead of maxTrialCount; 0 leaves it.
        parallel_trials: Instead of parallelTrialCount; 0 leaves it. Never more than max_trials.
        max_failed_trials: Instead of maxFailedTrialCount; -1 leaves it.
        algorithm: Instead of algorithmName; the document's algorithmSettings then go.
        algorithm_settings: Settings for that algorithm.
        image: Instead of the image of the Trials.
        gpus_per_trial: Into each Trial's limits, as nvidia.com/gpu; 0 leaves the document's. This
            step itself asks for none, so with "local" there are those of its own pod.
        dataset: The --dataset of the Trials; for "local" the path of data where empty. With "katib"
            and data it must say where the Trials find that file: they see only their own volumes.
        claim: With "katib", instead of dataset: a PersistentVolumeClaim that this step has mounted.
            The data are copied to it, and every Trial mounts it.
        mount: Where it is mounted, here and in the Trials.
        runs_dir: Folder, on a volume, from which a "local" search goes on after its pod was lost.
        afterwards: "keep" the Experiment on the cluster, or "delete" it once its result is here, or
            once it stands still. One that failed is kept.
        patience_minutes: With "katib", how long the step waits while no Trial runs, as for an image
            or a GPU that is nowhere; then it fails with the reason. 0: as long as it takes.

    Returns:
        experiment_name: Its name in this run.
        best_parameters: The best Trial's, by name.
        best_command: The words that the best Trial ran, where the document has them.
        objective: The name of the objective's metric.
        objective_value: The best Trial's value of it.
        maximize: Whether more of it is better.
    """
    from pipelines.steps.search_step import Request, search

    found = search(
        Request(
            experiment=experiment,
            data=data.path if data else "",
            backend=backend,
            name=name,
            run_id=run_id,
            namespace=namespace,
            max_trials=max_trials,
            parallel_trials=parallel_trials,
            max_failed_trials=max_failed_trials,
            algorithm=algorithm,
            algorithm_settings=algorithm_settings,
            image=image,
            gpus_per_trial=gpus_per_trial,
            dataset=dataset,
            claim=claim,
            mount=mount,
            runs_dir=runs_dir,
            afterwards=afterwards,
            patience_minutes=patience_minutes,
        ),
        trials=trials.path,
        report=report.path,
        outcome=outcome.path,
        history=history.path,
    )
    for metric, value in found.metrics.items():
        metrics.log_metric(metric, value)
    outcome.metadata["experiment"] = found.outputs[0]
    return found.outputs
