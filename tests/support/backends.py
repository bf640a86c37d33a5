"""The places of the contract suite: a backend, and the example search as it can run there."""

from __future__ import annotations

import copy
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from katib_experiments.backend import Backend
from katib_experiments.cluster import KatibBackend
from katib_experiments.cluster.client import NAMESPACE_LABEL, Cluster
from katib_experiments.engine import LocalBackend
from katib_experiments.experiment.defaults import with_defaults
from katib_experiments.experiment.document import parse
from katib_experiments.experiment.model import Experiment
from tests.support.documents import REPORT, a_document, a_parsed

REASON_TO_SKIP = "needs a Kubernetes with Katib: set KUBECONFIG"
REACHABLE = bool(os.environ.get("KUBECONFIG"))


@dataclass(frozen=True)
class Place:
    backend: Backend
    search: Callable[..., Experiment]
    """As :func:`tests.support.documents.a_parsed`."""


@contextmanager
def engine(directory: Path) -> Iterator[Place]:
    yield Place(LocalBackend(directory / "runs", runner="process"), a_parsed)


@contextmanager
def katib(_: Path) -> Iterator[Place]:
    """A namespace of its own on the cluster of KUBECONFIG."""
    cluster = Cluster()
    with a_namespace(cluster) as namespace:
        image = shell_image(cluster)

        def search(*arguments: Any, **fields: Any) -> Experiment:
            return parse(with_defaults(on_katib(image, *arguments, **fields)))

        yield Place(KatibBackend(namespace, cluster=cluster), search)


@contextmanager
def a_namespace(cluster: Cluster, *, labelled: bool = True) -> Iterator[str]:
    """A new namespace, deleted in the end with all that is in it."""
    name = f"automl-test-{uuid.uuid4().hex[:8]}"
    labels = {NAMESPACE_LABEL: "enabled"} if labelled else {}
    body = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": labels},
    }
    cluster.create("/api/v1/namespaces", body)
    try:
        yield name
    finally:
        backend = KatibBackend(name, cluster=cluster)
        for experiment in backend.names():
            backend.delete(experiment)
        cluster.delete(f"/api/v1/namespaces/{name}")


def shell_image(cluster: Cluster) -> str:
    """An image with a shell that every Katib has: the one of its metrics collector."""
    data = cluster.get("/api/v1/namespaces/kubeflow/configmaps/katib-config")["data"]
    collectors = yaml.safe_load(data["katib-config.yaml"])["runtime"]["metricsCollectors"]
    images = {each["kind"]: each["image"] for each in collectors}
    return str(images["StdOut"])


def has_image(cluster: Cluster, image: str) -> bool:
    """Whether a node has the image, so that nothing need be pulled. The nodes tell some
    seconds after it was loaded."""
    nodes = cluster.get("/api/v1/nodes")["items"]
    images = [image for node in nodes for image in node["status"]["images"]]
    names = {name for each in images for name in each["names"] or ()}
    return bool(names & {image, f"docker.io/{image}"})


# A sidecar that comes after the end of its Trial fails. Where there is no cluster there is none.
_SEEN = (
    'until [ -z "$KUBERNETES_SERVICE_HOST" ] || pgrep -f "[f]ile-metricscollector" > /dev/null;'
    " do sleep 0.2; done; sleep 1"
)


def on_katib(
    image: str,
    name: str = "example",
    command: tuple[str, ...] = ("sh", "-c", REPORT),
    **fields: Any,
) -> dict[str, Any]:
    """:func:`tests.support.documents.a_document` as a cluster can run it: a random search, Trials
    that begin once Katib's sidecar sees them, and whose pods stay.

    The script is one subshell: the sidecar's wrapping redirects only the last command.
    """
    *shell, script = command
    document = a_document(name, (*shell, f"( {_SEEN}; {script} )"), **fields)
    spec = document["spec"]
    if spec["algorithm"]["algorithmName"] == "grid":
        seed = {"name": "random_state", "value": "1"}
        spec["algorithm"] = {"algorithmName": "random", "algorithmSettings": [seed]}
    template = spec["trialTemplate"] = copy.deepcopy(spec["trialTemplate"])
    template["retain"] = True
    pod = template["trialSpec"]["spec"]["template"]["spec"]
    pod["terminationGracePeriodSeconds"] = 1
    for container in pod["containers"]:
        container |= {"image": image, "imagePullPolicy": "IfNotPresent"}
    return document
