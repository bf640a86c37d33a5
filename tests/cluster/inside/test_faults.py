"""What is lost while an Experiment runs, and changes nothing in it."""

from __future__ import annotations

import pytest

from katib_experiments.backend import Outcome
from katib_experiments.cluster import KatibBackend
from katib_experiments.cluster.client import Cluster, core_path
from katib_experiments.experiment.model import Experiment
from tests.support.outcomes import Search, end, ended, patiently

pytestmark = pytest.mark.cluster

SERVICE = "katib.kubeflow.org/deployment=example-multivariate-tpe"
CONTROLLER = "katib.kubeflow.org/component=controller"


def delete_pods(cluster: Cluster, namespace: str, selector: str) -> None:
    found = cluster.get(core_path(namespace, "pods"), {"labelSelector": selector})["items"]
    assert found
    for pod in found:
        path = core_path(namespace, "pods", pod["metadata"]["name"])
        cluster.delete(path, {"gracePeriodSeconds": 0})


def interrupted(
    katib: KatibBackend, experiment: Experiment, cluster: Cluster, namespace: str, selector: str
) -> Outcome:
    """How it ends when those pods are deleted after two of its Trials."""
    patiently(lambda: katib.submit(experiment))
    deleted = False
    for outcome in katib.watch(experiment.name):
        if not deleted and sum(trial.condition.ended for trial in outcome.trials) == 2:
            delete_pods(cluster, namespace, selector)
            deleted = True
    assert deleted
    return outcome


@pytest.fixture
def experiment(search: Search) -> Experiment:
    settings = {"n_startup_trials": "2"}
    script = "echo accuracy=${trialParameters.x}"
    return search("multivariate-tpe", script, maxTrialCount=5, settings=settings)


@pytest.fixture
def undisturbed(engine, experiment) -> Outcome:
    return ended(engine, experiment)


def alike(one: Outcome, other: Outcome) -> None:
    assert end(one) == end(other)
    assert [trial.assignments for trial in one.trials] == [t.assignments for t in other.trials]


def test_a_lost_service_changes_no_point(katib, experiment, real, namespace, undisturbed):
    alike(interrupted(katib, experiment, real, namespace, SERVICE), undisturbed)


@pytest.mark.alone
def test_a_lost_controller_changes_no_point(katib, experiment, real, undisturbed):
    alike(interrupted(katib, experiment, real, "kubeflow", CONTROLLER), undisturbed)
