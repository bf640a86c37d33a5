"""How a step fails: with the reason alone, where that is meant for the user."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from katib_experiments.errors import AutomlError
from pipelines.steps.programs import StepError

TERMINATION = Path("/dev/termination-log")
"""What a container writes there, Kubernetes keeps as its last words: kubectl and KFP show them."""
_LIMIT = 4096  # bytes that it keeps


def told(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """A ``sys.excepthook``; the exit code is 1 either way."""
    if not isinstance(error, AutomlError | StepError):
        sys.__excepthook__(kind, error, trace)
        return
    print(f"the step failed: {error}", file=sys.stderr, flush=True)  # noqa: T201
    with suppress(OSError):
        if TERMINATION.exists():  # where there is none, there is no Kubernetes
            TERMINATION.write_bytes(str(error).encode()[:_LIMIT])
