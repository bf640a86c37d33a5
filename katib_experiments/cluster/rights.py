"""The rights that running Experiments takes, and which of them somebody lacks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from katib_experiments.cluster.client import Cluster, Object

_REVIEWS = "/apis/authorization.k8s.io/v1"


@dataclass(frozen=True, slots=True)
class Right:
    verb: str
    resource: str
    group: str = ""

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}"


RIGHTS = tuple(
    Right(verb, resource, group)
    for group, resource, verbs in (
        ("kubeflow.org", "experiments", ("create", "get", "list", "watch", "patch", "delete")),
        ("kubeflow.org", "trials", ("get", "list", "watch")),
        ("kubeflow.org", "suggestions", ("list", "watch")),
        ("", "pods", ("list", "watch")),
        ("", "pods/log", ("get",)),
        ("", "events", ("list", "watch")),
    )
    for verb in verbs
)
"""All that KatibBackend asks of the API in the namespace of its Experiments. Pods, their logs and
events are read for reasons and output alone."""


def lacking(cluster: Cluster, namespace: str, account: str = "") -> Iterator[Right]:
    """Those of RIGHTS that ``account``, a service account as ``NAMESPACE:NAME``, does not have in
    ``namespace``; of whoever asks, where it is empty. To ask about others is a right of its own."""
    for right in RIGHTS:
        if not _allowed(cluster, namespace, right, account):
            yield right


def _allowed(cluster: Cluster, namespace: str, right: Right, account: str) -> bool:
    resource, _, part = right.resource.partition("/")
    asked: Object = {
        "resourceAttributes": {
            "namespace": namespace,
            "group": right.group,
            "resource": resource,
            "subresource": part,
            "verb": right.verb,
        }
    }
    kind = "SubjectAccessReview" if account else "SelfSubjectAccessReview"
    if account:
        home = account.partition(":")[0]
        groups = ["system:serviceaccounts", f"system:serviceaccounts:{home}"]
        asked |= {
            "user": f"system:serviceaccount:{account}",
            "groups": [*groups, "system:authenticated"],
        }
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": asked}
    answer = cluster.create(f"{_REVIEWS}/{kind.lower()}s", review)
    return bool(answer["status"].get("allowed"))
