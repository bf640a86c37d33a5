"""What a search leaves running on the cluster when its step is lost."""

from __future__ import annotations

from pathlib import Path

from katib_experiments.errors import AutomlError, ExperimentNotFound
from pipelines.steps.document import Changes, experiment_with, text_of
from pipelines.steps.programs import StepError
from pipelines.steps.search import backend_of
from pipelines.steps.search_step import namespace_of


def remove(text: str, *, backend: str, name: str, run_id: str, namespace: str) -> str:
    """Delete this run's Experiment where it still runs; its name, or empty where there is none.

    One that has ended stays: whether it does is for run_experiment's ``afterwards`` to say.
    Raises ClusterError where the cluster does not let it.
    """
    if backend != "katib":
        return ""
    if not run_id:
        print("without a run_id no Experiment is this run's own: nothing is removed")  # noqa: T201
        return ""
    try:
        wanted = experiment_with(
            text_of(text), Changes(name=name, run_id=run_id, namespace=namespace)
        )
    except (AutomlError, StepError) as error:
        print(f"no such Experiment was ever made: {error}")  # noqa: T201 - the step's log
        return ""
    place = backend_of(backend, namespace=namespace_of(wanted), runs=Path())
    try:
        if place.outcome(wanted.name).status.condition.ended:
            return ""
        place.delete(wanted.name)
    except ExperimentNotFound:
        return ""
    return wanted.name
