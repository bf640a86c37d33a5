"""The entries of Katib's configuration that point to this service.

Katib keeps its configuration as one string in a ConfigMap, inside of which kustomize cannot merge;
so the whole string is written anew, from the one that is there::

    config() { kubectl -n kubeflow "$@" configmap katib-config; }
    config get -o 'jsonpath={.data.katib-config\\.yaml}' \\
      | python -m katib_experiments.suggestion.katib_config --instead > katib-config.yaml
    config create --from-file katib-config.yaml --dry-run=client -o yaml \\
      | kubectl replace -f -

Katib reads it at each Experiment, so nothing need be restarted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

import yaml

from katib_experiments.algorithms import NAMES
from katib_experiments.experiment.settings import (
    EARLY_STOPPING,
    EARLY_STOPPING_KATIB_LACKS,
    KATIB_LACKS,
)

IMAGE = "katib-automl/suggestion:0.1.0"
MEMORY: Mapping[str, str] = {
    "sobol": "200Mi",
    "tpe": "200Mi",
    "multivariate-tpe": "200Mi",
    "cmaes": "200Mi",
    "bayesianoptimization": "400Mi",
}
"""The limits of those that need more than Katib's 100Mi (figures: ``docs/suggestion.md``)."""

_ARGUMENTS = ["--early-stopping-port", "0"]
"""A pod with early stopping runs this image twice, in one network, where each port is free once."""
_RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def suggestion(name: str, image: str = IMAGE) -> dict[str, Any]:
    """One entry of ``runtime.suggestions``."""
    entry: dict[str, Any] = {"algorithmName": name, "image": image, "args": list(_ARGUMENTS)}
    if name in MEMORY:
        entry["resources"] = {"limits": {"memory": MEMORY[name]}}
    return entry | {"securityContext": deepcopy(_RESTRICTED)}


def stopping(name: str, image: str = IMAGE) -> dict[str, Any]:
    """One entry of ``runtime.earlyStoppings``, which has no arguments: the image's own serve it."""
    return {"algorithmName": name, "image": image}


def with_entries(config: Mapping[str, Any], *, instead: bool, image: str = IMAGE) -> dict[str, Any]:
    """``config`` with the algorithms that Katib lacks, or ``instead`` with all, whoever served
    them so far. All other entries stay as they are, and where they are."""
    searches = NAMES if instead else [name for name in NAMES if name in KATIB_LACKS]
    stoppings = EARLY_STOPPING if instead else EARLY_STOPPING_KATIB_LACKS
    runtime = dict(config.get("runtime") or {})
    for key, entries in (
        ("suggestions", [suggestion(name, image) for name in searches]),
        ("earlyStoppings", [stopping(name, image) for name in sorted(stoppings)]),
    ):
        runtime[key] = _merged(runtime.get(key) or [], entries)
    return dict(config) | {"runtime": runtime}


def _merged(old: Sequence[dict[str, Any]], new: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    ours = {entry["algorithmName"]: entry for entry in new}
    kept = [ours.pop(entry["algorithmName"], entry) for entry in old]
    return [*kept, *ours.values()]


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m katib_experiments.suggestion.katib_config",
        description="Read katib-config.yaml and write it with the entries of this service.",
    )
    parser.add_argument(
        "--instead", action="store_true", help="in place of Katib's own, not only beside them"
    )
    parser.add_argument("--image", default=IMAGE, help=f"of the service (default {IMAGE})")
    options = parser.parse_args(argv)
    config = yaml.safe_load(sys.stdin)
    if not isinstance(config, dict) or "runtime" not in config:
        parser.exit(1, f"{parser.prog}: the input has no runtime: it is no katib-config.yaml\n")
    changed = with_entries(config, instead=options.instead, image=options.image)
    yaml.safe_dump(changed, sys.stdout, sort_keys=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
