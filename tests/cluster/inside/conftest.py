"""Our searches and stopping rules inside the cluster's Katib, in place of its own, as long as these
tests run.

Katib's configuration is the cluster's, so this folder is run by itself (``make test-cluster``), and
the first process of pytest changes it once for all workers.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from katib_experiments.backend import Outcome
from katib_experiments.cluster import KatibBackend
from katib_experiments.cluster.client import Cluster, core_path
from katib_experiments.cluster.katib_config import katib_config
from katib_experiments.engine import LocalBackend
from katib_experiments.errors import ClusterError
from katib_experiments.experiment.defaults import with_defaults
from katib_experiments.experiment.document import parse
from katib_experiments.experiment.model import Experiment
from katib_experiments.suggestion.katib_config import IMAGE, with_entries
from tests.support.backends import (
    REACHABLE,
    REASON_TO_SKIP,
    a_namespace,
    has_image,
    on_katib,
    shell_image,
)
from tests.support.outcomes import Both, Search, ended, patiently

CONFIG = core_path("kubeflow", "configmaps", "katib-config")
KEY = "katib-config.yaml"
BEFORE = pytest.StashKey[str]()


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
