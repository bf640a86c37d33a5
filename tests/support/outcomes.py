"""How an Experiment ends, on Katib and here."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from katib_experiments.backend import Backend, Outcome
from katib_experiments.cluster.client import Cluster
from katib_experiments.errors import ClusterError
from katib_experiments.experiment.model import Experiment, Trial

Search = Callable[..., Experiment]
"""A document from an algorithm's name, a script, and fields of the spec."""
Both = Callable[..., tuple[Outcome, Outcome]]
"""Runs a :data:`Search` on Katib and here."""

CONTROLLER = "/apis/apps/v1/namespaces/kubeflow/deployments"
WATCH = {"watch": True, "fieldSelector": "metadata.name=katib-controller", "timeoutSeconds": 120}


def ended(backend: Backend, experiment: Experiment) -> Outcome:
    """Submit it, or take it up, and wait for its end."""
    patiently(lambda: backend.submit(experiment))
    *_, outcome = backend.watch(experiment.name)
    return outcome


def patiently(submit: Callable[[], None]) -> None:
    """Submit again whenever the state of Katib's controller changes, as long as its webhook is out
    of reach: on a busy machine it may be taken for dead."""
    for _ in changes_of_the_controller():
        try:
            return submit()
        except ClusterError as error:
            refusal = error
            if "failed calling webhook" not in str(error):
                raise
    raise refusal


def changes_of_the_controller() -> Iterator[str]:
    """And one at once; for two minutes."""
    yield ""
    yield from Cluster().lines(CONTROLLER, WATCH)


def end(outcome: Outcome) -> tuple[str, str]:
    """Condition and reason."""
    last = outcome.status.conditions[-1]
    return last.type.value, last.reason


def reason(trial: Trial) -> str:
    """Katib adds the Job's, where Kubernetes gives it one."""
    return trial.reason.partition(". Job reason: ")[0]
