"""The lecture: its techniques one after the other, each a small search, and a page about all."""

# KFP reads annotations as they stand: "from __future__ import annotations" would hide them.
from kfp import dsl

from pipelines.components import compare, prepare_data
from pipelines.searching import search
from pipelines.steps.techniques import TECHNIQUES
from pipelines.tasks import sized, with_secret, with_volume


@dsl.pipeline(name="lecture", description="From the range test to start weights, step by step")
def lecture(
    dataset: str = "digits",
    target: str = "",
    task: str = "auto",
    backend: str = "local",
    namespace: str = "",
    max_trials: int = 0,
    parallel_trials: int = 2,
    trial_image: str = "",
    trial_dataset: str = "",
    gpus_per_trial: int = 0,
    patience_minutes: int = 60,
    afterwards: str = "keep",
) -> None:
    """Try one technique after the other on the same data, and compare them on one page.

    Args:
        dataset: A name, a path or a function, for classification; see prepare_data.
        target: Column of a table to predict; the last one where empty.
        task: classification, or auto.
        backend: "local" runs the Trials inside the steps, "katib" on the cluster's Katib.
        namespace: Of the Experiments, with "katib".
        max_trials: At most so many of each technique; 0: all.
        parallel_trials: Trials at a time.
        trial_image: Instead of the image of the Trials.
        trial_dataset: With "katib": where the Trials find the prepared data, if not on the claim.
        gpus_per_trial: Into each Trial's limits, as nvidia.com/gpu.
        patience_minutes: With "katib", how long to wait while no Trial runs; 0: without end.
        afterwards: "keep" the Experiments on the cluster, or "delete" each after its result.
    """
    prepared = sized(prepare_data(dataset=dataset, target=target, task=task))
    before = with_secret(with_volume(prepared)).set_display_name("Prepare the data")
    histories = {}
    for technique in TECHNIQUES:
        # Nothing to remove behind these: they are small, and end by themselves.
        tried = search(
            data=prepared.outputs["data"],
            experiment=technique.experiment,
            backend=backend,
            namespace=namespace,
            max_trials=max_trials,
            parallel_trials=parallel_trials,
            image=trial_image,
            dataset=trial_dataset,
            gpus_per_trial=gpus_per_trial,
            patience_minutes=patience_minutes,
            afterwards=afterwards,
        )
        before = tried.after(before).set_display_name(technique.title)
        histories[technique.name] = tried.outputs["history"]
    page = sized(compare(**histories, dataset=dataset), memory=("256Mi", "1Gi"))
    page.set_display_name("Compare")
