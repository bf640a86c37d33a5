"""Our searches and stopping rules inside the cluster's Katib, in place of its own, as long as these
tests run.

Katib's configuration is the cluster's, so this folder is run by itself (``make test-cluster``), and
the first process of pytest changes it once for all workers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from katib_experiments.backend import Backend, Outcome
from katib_experiments.cluster import KatibBackend
from katib_experiments.cluster.client import Cluster, core_path
from katib_experiments.cluster.katib_config import katib_config
from katib_experiments.engine import LocalBackend
from katib_experiments.errors import ClusterError
from katib_experiments.experiment.defaults import with_defaults
from katib_experiments.experiment.document import parse
from katib_experiments.experiment.model import Experiment, Trial
from katib_experiments.suggestion.katib_config import IMAGE, with_entries
from tests.support.backends import REACHABLE, REASON_TO_SKIP, a_namespace, on_katib, shell_image

CONFIG = core_path("kubeflow", "configmaps", "katib-config")
KEY = "katib-config.yaml"
CONTROLLER = "/apis/apps/v1/namespaces/kubeflow/deployments"
WATCH = {"watch": True, "fieldSelector": "metadata.name=katib-controller", "timeoutSeconds": 120}
BEFORE = pytest.StashKey[str]()

Search = Callable[..., Experiment]
Both = Callable[..., tuple[Outcome, Outcome]]


def pytest_sessionstart(session: pytest.Session) -> None:
    """Put our entries in, where this process is the first and the image is there."""
    config = session.config
    if not REACHABLE or hasattr(config, "workerinput") or config.option.collectonly:
        return
    try:
        cluster = Cluster()
        if not has_image(cluster, IMAGE):
            return
        before = cluster.get(CONFIG)["data"][KEY]
    except ClusterError:
        return  # each test says so by itself
    config.stash[BEFORE] = before
    entries = with_entries(yaml.safe_load(before), instead=True)
    cluster.patch(CONFIG, {"data": {KEY: yaml.safe_dump(entries, sort_keys=False)}})


def pytest_sessionfinish(session: pytest.Session) -> None:
    before = session.config.stash.get(BEFORE, None)
    if before is not None:
        Cluster().patch(CONFIG, {"data": {KEY: before}})


def has_image(cluster: Cluster, image: str) -> bool:
    """Whether a node has it. The nodes tell some seconds after it was loaded."""
    nodes = cluster.get("/api/v1/nodes")["items"]
    names = {name for node in nodes for each in node["status"]["images"] for name in each["names"]}
    return f"docker.io/{image}" in names


@pytest.fixture(scope="session")
def real() -> Cluster:
    if not REACHABLE:
        pytest.skip(REASON_TO_SKIP)
    return Cluster()


@pytest.fixture(scope="session", autouse=True)
def ours(real: Cluster) -> None:
    """Skips where Katib does not ask our service."""
    runtime = (katib_config(real) or {}).get("runtime") or {}
    if IMAGE not in {entry.get("image") for entry in runtime.get("suggestions") or ()}:
        pytest.skip(f"the cluster's Katib does not use {IMAGE}: load it, and run this folder alone")


@pytest.fixture
def namespace(real: Cluster) -> Iterator[str]:
    with a_namespace(real) as name:
        yield name


@pytest.fixture
def katib(real: Cluster, namespace: str) -> KatibBackend:
    return KatibBackend(namespace, cluster=real)


@pytest.fixture
def engine(tmp_path: Path) -> LocalBackend:
    return LocalBackend(tmp_path / "runs", runner="process")


@pytest.fixture
def search(real: Cluster) -> Search:
    """An Experiment whose Trials are a line of shell, one at a time unless ``fields`` say else."""
    image = shell_image(real)

    def make(algorithm: str, script: str, /, **fields: Any) -> Experiment:
        settings = [
            {"name": key, "value": value} for key, value in fields.pop("settings", {}).items()
        ]
        fields = {"parallelTrialCount": 1, "maxFailedTrialCount": None} | fields
        document = on_katib(image, command=("sh", "-c", script), **fields)
        document["spec"]["algorithm"] = {
            "algorithmName": algorithm,
            **({"algorithmSettings": settings} if settings else {}),
        }
        document["spec"]["trialTemplate"]["trialParameters"] = [
            {"name": each["name"], "reference": each["name"]}
            for each in document["spec"]["parameters"]
        ]
        return parse(with_defaults(document))

    return make


@pytest.fixture
def both(katib: KatibBackend, engine: LocalBackend, search: Search) -> Both:
    """How a search ends on Katib, and how it ends here."""

    def run(*arguments: Any, **fields: Any) -> tuple[Outcome, Outcome]:
        experiment = search(*arguments, **fields)
        patiently(lambda: katib.submit(experiment))
        here = ended(engine, experiment)
        return ended(katib, experiment), here

    return run


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
