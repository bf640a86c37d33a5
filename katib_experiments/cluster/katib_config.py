"""What a cluster's Katib is configured to serve: its ConfigMap ``katib-config``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import yaml

from katib_experiments.cluster.client import Cluster, Refused, core_path
from katib_experiments.errors import Problem
from katib_experiments.experiment.model import Experiment

HOME = "kubeflow"
"""The namespace that Katib is installed in."""

INSTALL_OURS = (
    f"kubectl -n {HOME} get configmap katib-config -o 'jsonpath={{.data.katib-config\\.yaml}}'"
    " | python -m katib_experiments.suggestion.katib_config > katib-config.yaml; "
    f"kubectl -n {HOME} create configmap katib-config --from-file katib-config.yaml"
    " --dry-run=client -o yaml | kubectl replace -f -"
)
"""Adds the searches that Katib lacks; this project's service serves them."""
INSTALL_OURS_INSTEAD = INSTALL_OURS.replace(" > ", " --instead > ", 1)
"""Has it serve those that Katib has too."""


def katib_config(cluster: Cluster, home: str = HOME) -> dict[str, Any] | None:
    """The configuration, or None where it cannot be read, which Katib's users need not be able
    to do."""
    try:
        data = cluster.get(core_path(home, "configmaps", "katib-config"))["data"]
        found = yaml.safe_load(data["katib-config.yaml"])
    except (Refused, KeyError, yaml.YAMLError):
        return None
    return found if isinstance(found, dict) else None


def served(config: dict[str, Any], kind: str) -> list[str]:
    """The names under ``runtime.suggestions`` or ``runtime.earlyStoppings``."""
    entries = (config.get("runtime") or {}).get(kind) or ()
    return sorted(str(entry.get("algorithmName")) for entry in entries)


def images(config: dict[str, Any], names: Iterable[str]) -> set[str]:
    """Of the services that suggest for these algorithms."""
    entries = (config.get("runtime") or {}).get("suggestions") or ()
    return {str(entry.get("image")) for entry in entries if entry.get("algorithmName") in names}


def unrestricted(config: dict[str, Any]) -> set[str]:
    """The searches whose pods Pod Security "restricted" refuses: Katib gives them no security
    context but that of their entry."""
    entries = (config.get("runtime") or {}).get("suggestions") or ()
    return {str(each.get("algorithmName")) for each in entries if not each.get("securityContext")}


def missing(experiment: Experiment, config: dict[str, Any]) -> Iterator[Problem]:
    """What the Experiment asks for and this cluster does not serve."""
    stopping = experiment.early_stopping
    asked = [
        ("spec.algorithm.algorithmName", experiment.algorithm.name, "suggestions"),
        ("spec.earlyStopping.algorithmName", stopping.name if stopping else "", "earlyStoppings"),
    ]
    for path, name, kind in asked:
        names = served(config, kind)
        if name and name not in names:
            rule = f"this cluster's katib-config has {', '.join(names) or 'none'}"
            yield Problem(path, name, rule)
