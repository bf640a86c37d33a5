"""Whether a cluster can run Experiments: findings, each with the command that mends it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from katib_experiments.cluster.client import (
    GROUP,
    NAMESPACE_LABEL,
    Cluster,
    Object,
    Refused,
    core_path,
    objects_path,
)
from katib_experiments.cluster.katib_config import (
    HOME,
    INSTALL_OURS,
    INSTALL_OURS_INSTEAD,
    images,
    katib_config,
    served,
    unrestricted,
)
from katib_experiments.cluster.namesakes import everywhere, misled
from katib_experiments.cluster.objects import DEPLOYMENT, EXPERIMENT, Source, label
from katib_experiments.cluster.reasons import pod_notes
from katib_experiments.cluster.refusals import INSTALL, label_command
from katib_experiments.cluster.rights import lacking
from katib_experiments.errors import ClusterError
from katib_experiments.experiment.settings import ALGORITHMS, KATIB_LACKS

KATIB_VERSION = "v0.19.0"
"""The version that this project follows."""

_DEPLOYMENTS = ("katib-controller", "katib-db-manager")
_GPU = "nvidia.com/gpu"
_ENFORCED = "pod-security.kubernetes.io/enforce"
_IMAGES_TOLD = 50
"""As many images of a node as its kubelet tells of, by default."""
_LOAD = "kind load docker-image {}, or push it to a registry and name that in katib-config"

# Katib's webhook for pods would refuse the controller's own pod as long as no controller answers.
_RESTART = (
    f"kubectl label namespace {HOME} {NAMESPACE_LABEL}-; "
    f"kubectl -n {HOME} rollout restart deployment katib-controller; "
    f"kubectl -n {HOME} rollout status deployment katib-controller; {label_command(HOME)}"
)
_INJECT = (
    f"kubectl -n {HOME} edit configmap katib-config; "
    f"kubectl -n {HOME} rollout restart deployment katib-controller "
    "# to have init.controller.injectSecurityContext: true"
)

Level = Literal["ok", "note", "fault"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    level: Level
    what: str
    message: str
    mend: str = ""
    """The command that mends it, where it is no ``ok``."""


def findings(cluster: Cluster, namespace: str) -> Iterator[Finding]:
    """Look at everything that an Experiment in ``namespace`` needs. Nothing else is looked at where
    the API does not answer or Katib is not there."""
    try:
        version = cluster.get("/version")
    except ClusterError as error:
        message, _, mend = str(error).partition("\n")
        yield Finding("fault", "API server", message, mend)
        return
    yield Finding("ok", "API server", f"Kubernetes {version.get('gitVersion')}")
    if (missing := _missing_kinds(cluster)) is not None:
        yield missing
        return
    for check in _CHECKS:
        try:
            yield from check(cluster, namespace)
        except Refused as error:
            what = check.__name__.lstrip("_").replace("_", " ")
            yield Finding("note", what, f"could not be looked at: {error}")


def _missing_kinds(cluster: Cluster) -> Finding | None:
    try:
        kinds = {each["name"] for each in cluster.get(GROUP)["resources"]}
    except Refused:
        kinds = set()
    missing = sorted({"experiments", "trials", "suggestions"} - kinds)
    if not missing:
        return None
    return Finding("fault", "Katib", f"no {', '.join(missing)} in kubeflow.org/v1beta1", INSTALL)


def _katib(cluster: Cluster, _: str) -> Iterator[Finding]:
    """Its deployments, and the version that the controller's image says."""
    for name in _DEPLOYMENTS:
        path = f"/apis/apps/v1/namespaces/{HOME}/deployments/{name}"
        look = f"kubectl -n {HOME} describe deployment {name}; kubectl -n {HOME} get pods"
        try:
            deployment = cluster.get(path)
        except Refused as error:
            if error.status != 404:
                raise
            yield Finding("fault", name, f"no such deployment in namespace {HOME}", INSTALL)
            continue
        if (deployment.get("status") or {}).get("availableReplicas"):
            yield _version(name, deployment)
        else:
            yield Finding("fault", name, "no pod of it is ready", look)


def _version(name: str, deployment: Object) -> Finding:
    image = deployment["spec"]["template"]["spec"]["containers"][0]["image"]
    version = image.rpartition(":")[2]
    if version == KATIB_VERSION:
        return Finding("ok", name, version)
    return Finding("note", name, f"{image}; this project follows {KATIB_VERSION}", INSTALL)


def _namespace(cluster: Cluster, namespace: str) -> Iterator[Finding]:
    try:
        found = cluster.get(f"/api/v1/namespaces/{namespace}")
    except Refused as error:
        if error.status != 404:
            raise
        mend = f"kubectl create namespace {namespace}; {label_command(namespace)}"
        yield Finding("fault", "namespace", f"{namespace} does not exist", mend)
        return
    labels = found["metadata"].get("labels") or {}
    if labels.get(NAMESPACE_LABEL) == "enabled":
        yield Finding("ok", "namespace", f"{namespace} has its metrics collected")
    else:
        message = f"{namespace} lacks the label {NAMESPACE_LABEL}=enabled"
        yield Finding("fault", "namespace", message, label_command(namespace))
    if labels.get("istio-injection") == "enabled" or "istio.io/rev" in labels:
        yield Finding(
            "note",
            "Istio",
            f"{namespace} has sidecars injected, with which no Trial ever ends",
            'write sidecar.istio.io/inject: "false" into the labels of the trial template\'s pod',
        )
    if labels.get(_ENFORCED) == "restricted":
        yield from _restricted(katib_config(cluster) or {}, namespace)


def _restricted(config: Object, namespace: str) -> Iterator[Finding]:
    """What Katib adds of its own, where Pod Security takes restricted pods alone."""
    what, refused = "Pod Security", f"{namespace} takes restricted pods alone, and refuses"
    controller = (config.get("init") or {}).get("controller") or {}
    if config and not controller.get("injectSecurityContext"):
        message = f"{refused} those of Trials with Katib's sidecar, which collects the metrics"
        yield Finding("fault", what, message, _INJECT)
    known = ALGORITHMS.keys() & served(config, "suggestions")
    if bare := sorted(known & unrestricted(config)):
        message = f"{refused} the searches {', '.join(bare)}"
        level: Level = "note" if known.difference(bare) else "fault"
        yield Finding(level, what, message, INSTALL_OURS_INSTEAD)


def _webhook(cluster: Cluster, namespace: str) -> Iterator[Finding]:
    """It must refuse an Experiment that says nothing; the dry run leaves nothing behind."""
    body: Object = {
        "apiVersion": "kubeflow.org/v1beta1",
        "kind": "Experiment",
        "metadata": {"name": "automl-doctor", "namespace": namespace},
        "spec": {},
    }
    try:
        cluster.create(objects_path(namespace, "experiments"), body, {"dryRun": "All"})
    except Refused as error:
        if "failed calling webhook" in str(error):
            yield Finding("fault", "webhook", str(error), _RESTART)
        elif "denied the request" in str(error):
            yield Finding("ok", "webhook", "checks Experiments")
        else:
            raise
    else:
        yield Finding("fault", "webhook", "an empty Experiment was not refused", _RESTART)


def _rights(cluster: Cluster, namespace: str) -> Iterator[Finding]:
    found = [str(right) for right in lacking(cluster, namespace)]
    if found:
        mend = (
            f"kubectl -n {namespace} create rolebinding automl --clusterrole=kubeflow-edit "
            "--user=YOU (or another role with these rights)"
        )
        yield Finding("fault", "rights", f"you may not {', '.join(found)}", mend)
    else:
        yield Finding("ok", "rights", f"to run Experiments in {namespace}")


def _algorithms(cluster: Cluster, _: str) -> Iterator[Finding]:
    config = katib_config(cluster)
    if config is None:
        message = f"the ConfigMap katib-config in {HOME} cannot be read"
        look = f"kubectl -n {HOME} get configmap katib-config"
        yield Finding("note", "algorithms", message, look)
        return
    names = served(config, "suggestions")
    yield Finding("ok", "algorithms", ", ".join(names))
    if not KATIB_LACKS.intersection(names):
        message = "zooming and asha are not served here"
        yield Finding("note", "our suggestion service", message, INSTALL_OURS)
    yield from _images(cluster, images(config, KATIB_LACKS))


def _images(cluster: Cluster, wanted: Iterable[str]) -> Iterator[Finding]:
    """Those of our service that no node has, and that no registry is named for."""
    nodes = Source("/api/v1/nodes", {}, optional=True).read(cluster)["items"]
    lists = [node["status"].get("images") or () for node in nodes]
    if not nodes or any(len(images) >= _IMAGES_TOLD for images in lists):
        return
    there = [name for images in lists for each in images for name in each.get("names") or ()]
    for image in wanted:
        registry = image.partition("/")[0]
        if not any(f"/{name}".endswith(f"/{image}") for name in there) and (
            registry == "localhost" or not re.search(r"[.:]", registry)
        ):
            message = f"no node has {image}, and its name says of no registry where it is"
            yield Finding("note", "our suggestion service", message, _LOAD.format(image))


def _searches(cluster: Cluster, namespace: str) -> Iterator[Finding]:
    """Services of Experiments that run here, and that cannot start."""
    services = Source(core_path(namespace, "pods"), {"labelSelector": DEPLOYMENT}, optional=True)
    for pod in services.read(cluster)["items"]:
        name = label(pod, EXPERIMENT)
        look = f"kubectl -n {namespace} describe pod {pod['metadata']['name']}"
        for note in pod_notes(pod):
            yield Finding("fault", "search", f"that of {name} does not start: {note}", look)


def _names(cluster: Cluster, namespace: str) -> Iterator[Finding]:
    """Experiments that run here, and whose search gets the Trials of a namesake elsewhere."""
    every = everywhere(cluster)
    for here in every:
        name = here["metadata"]["name"]
        if here["metadata"]["namespace"] == namespace and (
            others := [o["metadata"]["namespace"] for o in every if any(misled(o, [here]))]
        ):
            yield Finding(
                "note",
                "names",
                f"{name} runs here and is in {', '.join(others)} too: Katib hands the Trials of "
                "both to the search here, which may fail for good",
                f"automl delete {name} --on katib --namespace {namespace}; automl submit FILE "
                f"--namespace {namespace} (which labels it, to keep them apart)",
            )


def _storage(cluster: Cluster, _: str) -> Iterator[Finding]:
    key = "storageclass.kubernetes.io/is-default-class"
    classes = cluster.get("/apis/storage.k8s.io/v1/storageclasses")["items"]
    default = [
        each["metadata"]["name"]
        for each in classes
        if (each["metadata"].get("annotations") or {}).get(key) == "true"
    ]
    if default:
        yield Finding("ok", "storage class", default[0])
    else:
        message = "none is the default: resumePolicy FromVolume and Katib's database need one"
        mend = f"kubectl annotate storageclass NAME {key}=true"
        yield Finding("note", "storage class", message, mend)


def _gpus(cluster: Cluster, _: str) -> Iterator[Finding]:
    nodes = cluster.get("/api/v1/nodes")["items"]
    gpus = [int((each["status"].get("allocatable") or {}).get(_GPU) or 0) for each in nodes]
    if any(gpus):
        with_gpus = sum(1 for count in gpus if count)
        yield Finding("ok", "GPUs", f"{sum(gpus)} on {with_gpus} of {len(nodes)} nodes")
    else:
        yield Finding("ok", "GPUs", f"none on {len(nodes)} nodes: Trials run on CPUs")


_CHECKS: tuple[Callable[[Cluster, str], Iterator[Finding]], ...] = (
    _katib,
    _namespace,
    _webhook,
    _rights,
    _algorithms,
    _searches,
    _names,
    _storage,
    _gpus,
)
