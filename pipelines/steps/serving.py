"""The InferenceService that serves a packaged model on KServe."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from katib_experiments.errors import ClusterError
from pipelines.steps.programs import StepError

API = "/apis/serving.kserve.io/v1beta1"
SCHEMES = ("s3", "gs", "pvc", "hdfs", "webhdfs", "http", "https", "oci")
"""What KServe's storage initializer can fetch a folder from."""

Object = dict[str, Any]


def manifest(
    package: str, uri: str, *, name: str = "", namespace: str = "", service_account: str = ""
) -> Object:
    """The object for the package that :func:`~pipelines.steps.packaging.pack` left.

    TensorFlow Serving takes the folder with a number for its name; the rest is not looked at.
    """
    card = json.loads(Path(package, "card.json").read_text())
    model = {
        "modelFormat": {"name": "tensorflow", "version": "2"},
        "storageUri": storage_uri(uri),
        "resources": {
            "requests": {"cpu": "500m", "memory": "1Gi"},
            "limits": {"cpu": "1", "memory": "2Gi"},
        },
    }
    predictor: Object = {"model": model}
    if service_account:
        predictor["serviceAccountName"] = service_account
    metadata: Object = {
        "name": object_name(name or card["name"]),
        "annotations": {"katib-automl/version": card["version"], "katib-automl/run": card["run"]},
    }
    if namespace:
        metadata["namespace"] = namespace
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": metadata,
        "spec": {"predictor": predictor},
    }


def storage_uri(uri: str) -> str:
    """``uri`` as KServe knows it: the artifact store of a Kubeflow Pipelines server speaks S3."""
    if uri.startswith("minio://"):
        return f"s3://{uri.removeprefix('minio://')}"
    if urlsplit(uri).scheme not in SCHEMES:
        raise StepError(
            f'model_uri: received "{uri}": must be where KServe can fetch the package, beginning '
            f"with {', '.join(f'{scheme}://' for scheme in SCHEMES)}"
        )
    return uri


def object_name(text: str) -> str:
    """As Kubernetes wants it; KServe makes names of hosts from it."""
    name = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40].strip("-")
    return name if name[:1].isalpha() else f"model-{name}".rstrip("-")


def apply(wanted: Object) -> str:
    """Create it on the cluster around, or change the one of that name; its namespace.

    Raises :class:`StepError` with the server's reason, and what mends it.
    """
    try:
        from katib_experiments.cluster.client import (  # noqa: PLC0415 - only where asked for
            Cluster,
            Refused,
        )
    except ImportError as error:
        raise StepError(
            f"apply: needs the packages of katib-automl[cluster] in this image: {error}"
        ) from None
    try:
        cluster = Cluster()
        namespace = wanted["metadata"].get("namespace") or cluster.namespace
        services = f"{API}/namespaces/{namespace}/inferenceservices"
        try:
            cluster.create(services, wanted)
        except Refused as error:
            if error.reason != "AlreadyExists":
                raise StepError(f"{error}{_mend(error.status, error.about, namespace)}") from None
            cluster.patch(f"{services}/{wanted['metadata']['name']}", wanted)
    except ClusterError as error:
        raise StepError(str(error)) from None
    return str(namespace)


def _mend(status: int, about: str, namespace: str) -> str:
    if status == 403:
        return (
            "\nthe step's ServiceAccount needs create and patch of "
            f"inferenceservices.serving.kserve.io in {namespace}: bind it to the Role of "
            f"kubectl apply --namespace {namespace} --kustomize manifests/pipelines/deploy"
        )
    return "\nKServe is not installed in this cluster" if status == 404 and not about else ""
