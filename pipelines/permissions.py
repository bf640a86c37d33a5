"""Whether a ServiceAccount may do what the step ``run_experiment`` asks of a cluster."""

from __future__ import annotations

from collections.abc import Iterator

from katib_experiments.cluster.client import Cluster
from katib_experiments.cluster.rights import lacking

ROLE = "katib-experiments"


def missing(cluster: Cluster, namespace: str, account: str = "") -> Iterator[str]:
    """Lines that say what ``account`` may not do in ``namespace``, the last ones how to mend it;
    none where nothing is missing.

    ``account`` is the name of a ServiceAccount there, or ``NAMESPACE:NAME`` of one elsewhere; empty
    for whoever asks, which inside a step is the step's own.
    """
    if account and ":" not in account:
        account = f"{namespace}:{account}"
    rights = list(lacking(cluster, namespace, account))
    yield from (f"{account or 'you'} may not {right} in {namespace}" for right in rights)
    if rights:
        whose = f"--serviceaccount {account}" if account else "--serviceaccount NAMESPACE:NAME"
        yield f"mend: kubectl apply --namespace {namespace} --kustomize manifests/pipelines/role"
        yield (
            f"      kubectl create rolebinding {ROLE} --namespace {namespace} --role {ROLE} {whose}"
        )
