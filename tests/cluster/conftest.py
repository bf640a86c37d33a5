"""Two Kubernetes: one in this process, with Katib's collections and nothing that runs them, and the
``real`` one of KUBECONFIG."""

from __future__ import annotations

import pytest

from katib_experiments.cluster import KatibBackend
from katib_experiments.cluster.client import Cluster
from tests.cli.conftest import automl  # noqa: F401 - the fixture
from tests.support.backends import a_namespace
from tests.support.katib import COLLECTIONS
from tests.support.kubernetes import fake_kubernetes


@pytest.fixture
def served(monkeypatch):
    monkeypatch.setattr("katib_experiments.cluster.watching.PATIENCE", (0.01, 0.01))
    with fake_kubernetes() as (fake, cluster):
        for path in COLLECTIONS:
            fake.collections[path] = {}
        yield fake, cluster


@pytest.fixture
def fake(served):
    return served[0]


@pytest.fixture
def cluster(served):
    return served[1]


@pytest.fixture
def backend(cluster):
    return KatibBackend(cluster=cluster)


@pytest.fixture(scope="module")
def real() -> Cluster:
    return Cluster()


@pytest.fixture(scope="module")
def namespace(real):
    with a_namespace(real) as name:
        yield name
