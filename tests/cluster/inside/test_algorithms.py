"""Each algorithm, asked by Katib's controller: the same points as on this machine."""

from __future__ import annotations

import pytest

from katib_experiments.algorithms import NAMES
from katib_experiments.cluster.client import Cluster, Object, core_path
from katib_experiments.cluster.objects import DEPLOYMENT
from katib_experiments.suggestion.katib_config import MEMORY
from tests.support.outcomes import Both, end

pytestmark = pytest.mark.cluster

SETTINGS = {
    "bayesianoptimization": {"n_initial_points": "2"},
    "multivariate-tpe": {"n_startup_trials": "2"},
    "zooming": {"rounds": "2"},
    "hyperband": {"resource_name": "epochs", "r_l": "2", "eta": "2"},
    "asha": {"resource_name": "epochs", "r_l": "2", "eta": "2"},
}
"""Such that some of the Trials depend on those before; tpe would begin with its 21st."""
COUNTS = {"cmaes": 8}  # its first population is one of 7
SPACES = {
    "x": ("double", {"min": "0.1", "max": "0.9", "step": "0.1"}),
    "rate": ("double", {"min": "0.001", "max": "1", "distribution": "logUniform"}),
    "epochs": ("int", {"min": "1", "max": "2"}),
}
SCRIPT = "echo ${trialParameters.rate} ${trialParameters.epochs} accuracy=${trialParameters.x}"


def parameters(name: str) -> list[Object]:
    """One of each kind, with steps where the algorithm needs them."""
    spaces = {key: dict(space) for key, (_, space) in SPACES.items()}
    if name == "grid":
        spaces["rate"]["step"] = "0.5"
    return [
        {"name": key, "parameterType": SPACES[key][0], "feasibleSpace": space}
        for key, space in spaces.items()
    ]


def service_pod(cluster: Cluster, namespace: str, name: str) -> Object:
    query = {"labelSelector": f"{DEPLOYMENT}=example-{name}"}
    (pod,) = cluster.get(core_path(namespace, "pods"), query)["items"]
    return pod


@pytest.mark.parametrize("name", NAMES)
def test_katib_gets_the_points_that_the_engine_gets(name: str, both: Both, real, namespace):
    count = COUNTS.get(name, 5)
    there, here = both(
        name,
        SCRIPT,
        settings=SETTINGS.get(name, {}),
        maxTrialCount=count,
        resumePolicy="LongRunning",  # which keeps the service's pod
        parameters=parameters(name),
    )
    assert [trial.condition.value for trial in there.trials] == ["Succeeded"] * count
    assert [trial.assignments for trial in there.trials] == [t.assignments for t in here.trials]
    assert end(there) == end(here)
    holds_its_limits(service_pod(real, namespace, name), MEMORY.get(name, "100Mi"))


def holds_its_limits(pod: Object, memory: str) -> None:
    """As its entry in katib-config says: no root, a file system that is read, this much memory."""
    (container,) = pod["spec"]["containers"]
    assert container["resources"]["limits"]["memory"] == memory
    context = container["securityContext"]
    assert (context["runAsNonRoot"], context["readOnlyRootFilesystem"]) == (True, True)
    assert context["capabilities"] == {"drop": ["ALL"]}
    assert [each["restartCount"] for each in pod["status"]["containerStatuses"]] == [0]


def test_hyperband_waits_for_a_rung_and_goes_on_when_katib_asks_again(both: Both):
    """Of the 4 Trials of the first rung the last one runs alone for a while, and again one of the
    2 of the next; then Katib's request is the one that was refused."""
    settings = {"resource_name": "epochs", "r_l": "4", "eta": "2"}
    spaces = {"x": SPACES["x"], "epochs": ("int", {"min": "1", "max": "4"})}
    there, here = both(
        "hyperband",
        "x=${trialParameters.x}; sleep ${x#0.}; echo ${trialParameters.epochs} accuracy=$x",
        settings=settings,
        parameters=[
            {"name": key, "parameterType": kind, "feasibleSpace": space}
            for key, (kind, space) in spaces.items()
        ],
        parallelTrialCount=2,
        maxTrialCount=7,
    )
    assert [trial.assignments for trial in there.trials] == [t.assignments for t in here.trials]
    assert end(there) == end(here)
