"""Programs of the trial image, run as processes: what needs TensorFlow stays out of this one."""

from __future__ import annotations

import subprocess
import sys
from collections import deque
from collections.abc import Sequence

LAST_LINES = 15
"""Of a program that failed, for the message of its error."""


class StepError(Exception):
    """A step cannot do its work; the text is meant for the user."""


def run_program(module: str, flags: Sequence[str]) -> None:
    """Run ``python -m trial_image.<module>`` with its output in the step's log.

    Raises :class:`StepError` with the last lines of that output where it fails.
    """
    last: deque[str] = deque(maxlen=LAST_LINES)
    with subprocess.Popen(  # noqa: S603 - our own programs, no shell
        [sys.executable, "-m", f"trial_image.{module}", *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            last.append(line)
    if process.returncode:
        output = "".join(last).rstrip()
        raise StepError(f"trial_image.{module} ended with {process.returncode}:\n{output}")
