"""Where a verb works: on the runs of this machine, or on a Katib cluster. The cluster's half is
imported only when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from katib_experiments.backend import Backend
from katib_experiments.engine import LocalBackend

if TYPE_CHECKING:
    from katib_experiments.cluster import KatibBackend

Place = Literal["local", "katib"]
OnOption = Annotated[
    Place, typer.Option("--on", help="This machine, or the Katib cluster of the kubeconfig.")
]
NamespaceOption = Annotated[
    str,
    typer.Option(
        "--namespace", "-n", metavar="NAME", help="On a cluster; by default the context's."
    ),
]


def place(on: Place, runs: Path, namespace: str = "") -> Backend:
    """The backend that the options name."""
    return katib(namespace) if on == "katib" else LocalBackend(runs)


def katib(namespace: str = "", document: Mapping[str, Any] | None = None) -> KatibBackend:
    """The cluster's backend, in the namespace of the option, of the document, or of the context."""
    from katib_experiments.cluster import KatibBackend  # noqa: PLC0415 - kubernetes takes a second

    metadata = (document or {}).get("metadata") or {}
    return KatibBackend(namespace or metadata.get("namespace") or "")


def where(on: Place, namespace: str = "", runs: str = "") -> str:
    """The options that name the place again, for a command that is shown; empty for the default."""
    return f" --on katib --namespace {namespace}" if on == "katib" else runs
