"""The report of an Experiment: one HTML file that opens without the network."""

from __future__ import annotations

import os
from pathlib import Path

from katib_experiments.backend import Outcome
from katib_experiments.report.page import page

__all__ = ["write_report"]


def write_report(outcome: Outcome, path: Path) -> Path:
    """Write the report to ``path``, making its folder, and return ``path``.

    A reader sees the old file or the new one, never half of it. Raises OSError where the place
    cannot be written.
    """
    text = page(outcome)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path
