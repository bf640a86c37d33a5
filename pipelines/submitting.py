"""Hand a pipeline to a Kubeflow Pipelines server."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.registry import ArgumentsError, pipeline


def submit(
    name: str,
    values: Mapping[str, Any],
    *,
    host: str,
    namespace: str = "",
    token: str = "",
    group: str = "",
) -> tuple[str, str]:
    """Start a run; its id and the address of its page. What the server refuses comes through."""
    from kfp import client  # noqa: PLC0415 - seconds, which --help does not need
    from kfp.compiler import Compiler  # noqa: PLC0415

    server = client.Client(
        host=host, namespace=namespace or "kubeflow", existing_token=token or None
    )
    with tempfile.TemporaryDirectory() as folder:
        package = str(Path(folder, f"{name}.yaml"))
        Compiler().compile(pipeline(name), package)
        started = server.create_run_from_pipeline_package(
            package,
            arguments=dict(values),
            namespace=namespace or None,
            experiment_name=group or name,
        )
    return started.run_id, f"{host.rstrip('/')}/#/runs/details/{started.run_id}"


def token_from(place: str) -> str:
    """The token in an environment variable (``env:NAME``) or a file: a command line is for all to
    read, so there is no flag for the token itself."""
    if not place:
        return ""
    if place.startswith("env:"):
        if not (value := os.environ.get(place[4:], "")):
            raise ArgumentsError(f"--token-from: received {place}: the variable is empty")
        return value
    try:
        return Path(place).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ArgumentsError(f"--token-from: {place} cannot be read: {error.strerror}") from None
