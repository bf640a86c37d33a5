"""The composed Experiments and their pods before a real API server, which creates none of them."""

from __future__ import annotations

import pytest

from katib_experiments.cluster.client import Refused, core_path, objects_path
from katib_experiments.experiment.settings import KATIB_LACKS
from tests.support.backends import REACHABLE, REASON_TO_SKIP, a_namespace
from tests.support.manifests import (
    COMPOSITIONS,
    KUBECTL,
    NO_KUBECTL,
    compose,
    experiments,
    pods,
)

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(not REACHABLE, reason=REASON_TO_SKIP),
    pytest.mark.skipif(KUBECTL is None, reason=NO_KUBECTL),
]

DRY_RUN = {"dryRun": "All"}

each_composition = pytest.mark.parametrize("names", COMPOSITIONS)


@pytest.fixture(scope="module")
def restricted(real):
    """A namespace that takes restricted pods alone."""
    with a_namespace(real, labelled=False) as name:
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        real.patch(f"/api/v1/namespaces/{name}", {"metadata": {"labels": labels}})
        yield name


@each_composition
def test_kubernetes_takes_every_pod_for_restricted(real, restricted, tmp_path, names):
    for pod in pods(compose(tmp_path, *names.split())).values():
        real.create(core_path(restricted, "pods"), pod, DRY_RUN)


def test_kubernetes_refuses_a_pod_that_is_not_restricted(real, restricted, tmp_path):
    pod = pods(compose(tmp_path))["random"]
    del pod["spec"]["containers"][0]["securityContext"]
    with pytest.raises(Refused, match='violates PodSecurity "restricted'):
        real.create(core_path(restricted, "pods"), pod, DRY_RUN)


@each_composition
def test_katib_takes_every_experiment_whose_algorithm_it_has(real, namespace, tmp_path, names):
    for experiment in experiments(compose(tmp_path, *names.split())):
        if experiment["spec"]["algorithm"]["algorithmName"] in KATIB_LACKS:
            continue
        experiment["metadata"]["namespace"] = namespace
        kept = real.create(objects_path(namespace, "experiments"), experiment, DRY_RUN)
        template, asked = (each["spec"]["trialTemplate"] for each in (kept, experiment))
        assert template["trialSpec"] == asked["trialSpec"]
        assert template["successCondition"]
        assert ("primaryPodLabels" in template) == (asked["trialSpec"]["kind"] == "TrainJob")
