"""Experiments of one name in several namespaces.

When Katib v0.19.0 asks a search for its next points, it hands over all Trials that bear the
Experiment's name and labels, ended ones too, in whatever namespace they are. Katib's services then
learn from them, or fail at each request: with goptuna and optuna the Experiment stays Created. So
what is submitted here bears its namespace as a label, which keeps the Trials of others from its
search; its own may still reach that of a namesake without such a label.
"""

from __future__ import annotations

from collections.abc import Iterator

from katib_experiments.cluster.client import GROUP, Cluster, Object
from katib_experiments.cluster.objects import Source, ended

LABEL = "katib-automl/namespace"


def everywhere(cluster: Cluster, name: str = "") -> list[Object]:
    """The Experiments of all namespaces, or those of one name; empty for those who may not list
    them all."""
    query = {"fieldSelector": f"metadata.name={name}"} if name else {}
    items: list[Object] = Source(f"{GROUP}/experiments", query, optional=True).read(cluster)[
        "items"
    ]
    return items


def misled(experiment: Object, others: list[Object]) -> Iterator[str]:
    """The namespaces of those that run, and whose search is handed the Trials of ``experiment``."""
    metadata = experiment["metadata"]
    own = (metadata.get("labels") or {}).items()
    for other in others:
        its = other["metadata"]
        namesake = its["name"] == metadata["name"] and its["namespace"] != metadata["namespace"]
        if namesake and not ended(other) and (its.get("labels") or {}).items() <= own:
            yield str(its["namespace"])
