# KFP reads annotations as they stand: "from __future__ import annotations" would hide them.
from kfp import dsl

from pipelines.image import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False, packages_to_install=[])
def remove_leftovers(
    experiment: str,
    backend: str = "local",
    name: str = "",
    run_id: str = "",
    namespace: str = "",
) -> str:
    """Delete the Experiment of run_experiment where it still runs though its step is over.

    For a task that runs after run_experiment however that ended, with the same inputs: a step that
    ran into its time limit, or whose pod was lost for good, leaves an Experiment that goes on with
    nobody waiting for it. One that has ended is kept, and with it the reason of a failure. Without
    a cluster there is nothing to do.

    Args:
        experiment: As for run_experiment.
        backend: As for run_experiment.
        name: As for run_experiment.
        run_id: As for run_experiment; without it nothing is removed.
        namespace: As for run_experiment.

    Returns:
        The name of the Experiment that was removed, or nothing.
    """
    from pipelines.steps.leftovers import remove

    removed = remove(experiment, backend=backend, name=name, run_id=run_id, namespace=namespace)
    print(f"removed: {removed}" if removed else "nothing was left")
    return removed
