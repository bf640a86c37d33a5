"""The API server's refusals, in its own words, with the command that mends them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from katib_experiments.cluster.client import NAMESPACE_LABEL, Refused
from katib_experiments.errors import ClusterError

INSTALL = (
    "kubectl apply --kustomize "
    "'github.com/kubeflow/katib/manifests/v1beta1/installs/katib-standalone?ref=v0.19.0'"
)


def label_command(namespace: str) -> str:
    return f"kubectl label namespace {namespace} {NAMESPACE_LABEL}=enabled"


def explained(error: Refused, namespace: str) -> ClusterError:
    """The error with a line that says what to do, where that is known."""
    mend = _mend(error, namespace)
    return ClusterError(f"{error}\n{mend}") if mend else error


@contextmanager
def explaining(namespace: str) -> Iterator[None]:
    """Raises what the API refuses as :func:`explained` has it."""
    try:
        yield
    except Refused as error:
        raise explained(error, namespace) from None


def _mend(error: Refused, namespace: str) -> str:
    if NAMESPACE_LABEL in str(error):
        return f"mend: {label_command(namespace)}"
    if "failed calling webhook" in str(error):
        return "Katib's controller does not answer; look: automl doctor"
    if error.status == 404:
        return _missing(error, namespace)
    if error.status == 403:
        account = re.search(r'User "(system:serviceaccount:[^"]+)"', str(error))
        whose = f" --as {account[1]}" if account else ""
        return f"look: kubectl auth can-i --list --namespace {namespace}{whose}"
    return "renew the credentials of the kubeconfig" if error.status == 401 else ""


def _missing(error: Refused, namespace: str) -> str:
    if error.about == namespace:
        return f"mend: kubectl create namespace {namespace}; {label_command(namespace)}"
    if not error.about:
        return f"Katib is not installed in this cluster; mend: {INSTALL}"
    return ""
