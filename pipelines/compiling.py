"""Pipelines as the YAML that a Kubeflow Pipelines server takes."""

from __future__ import annotations

from pathlib import Path

from pipelines.registry import NAMES, pipeline

FOLDER = Path(__file__).with_name("compiled")


def compile_all(folder: Path = FOLDER) -> list[Path]:
    """Write every pipeline to ``folder``; the files."""
    from kfp.compiler import Compiler  # noqa: PLC0415 - seconds, which --help does not need

    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name in NAMES:
        path = folder / f"{name}.yaml"
        Compiler().compile(pipeline(name), str(path))
        written.append(path)
    return written
