"""The search of every pipeline, and the task that clears up behind it."""

from __future__ import annotations

from typing import Any

from kfp import dsl
from kfp.dsl import PipelineTask

from pipelines.components import remove_leftovers, run_experiment
from pipelines.tasks import CLAIM, MOUNT, on_volume, sized, with_volume

RUN = dsl.PIPELINE_JOB_ID_PLACEHOLDER


def search(**inputs: Any) -> PipelineTask:  # noqa: ANN401 - those of run_experiment
    """``run_experiment``, with what every search is given."""
    task = run_experiment(
        run_id=RUN, claim=CLAIM, mount=MOUNT, runs_dir=on_volume("runs"), **inputs
    )
    with_volume(sized(task, cpu=("1", "4"), hours=24)).set_display_name("Search with Katib")
    task.set_caching_options(False)  # a search that is not run has no Experiment to look at
    return task


def searched(**inputs: Any) -> PipelineTask:  # noqa: ANN401
    """The same, and the removal of what it leaves running, however it ends.

    An exit handler around the whole pipeline would do that too, but nothing inside of one can be
    what the pipeline returns, nor be given a GPU by a parameter (kfp 2.13 and 2.17).
    """
    task = search(**inputs)
    same = {key: inputs[key] for key in ("experiment", "backend", "namespace")}
    # All of its inputs are given: KFP looks each one up before it ignores a failure.
    leftovers = remove_leftovers(run_id=RUN, name=inputs.get("name", ""), **same)
    sized(leftovers, memory=("256Mi", "1Gi")).set_display_name("Remove what still runs")
    leftovers.set_caching_options(False)
    leftovers.after(task).ignore_upstream_failure()
    return task
