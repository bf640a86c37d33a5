"""Run a pipeline on this machine: every step a process, one after the other."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from pipelines.registry import pipeline

LOG = "run.log"
CONDITIONS = (2, 17)
"""The version of KFP that runs ``dsl.If`` on this machine."""
_COLOR = re.compile(r"\x1b\[\d+m")
_TOLD = re.compile(
    r"(Executing task .*|Task '.*' finished with status .*|.* Trials ended.*)|"
    r"(trial \d+ of \d+, epoch .*|seed \d+: .*|accuracy: .*|rmse: .*)"
)


@dataclass(frozen=True, slots=True)
class Artifact:
    """Something that a step wrote."""

    task: str
    name: str
    path: Path


def run(name: str, values: Mapping[str, Any], root: Path, terminal: TextIO) -> dict[str, Any]:
    """Run the pipeline with its artifacts below ``root``; its outputs.

    ``terminal`` is told how it goes; the file ``run.log`` in ``root`` takes every line. Raises
    RuntimeError where a step fails.
    """
    import kfp  # noqa: PLC0415 - seconds, which --help does not need
    from kfp import local  # noqa: PLC0415

    root.mkdir(parents=True, exist_ok=True)
    whole, left_out = runnable(pipeline(name))
    if left_out:
        steps = ", ".join(left_out)
        terminal.write(f"left out: {steps} (kfp {kfp.__version__} runs no conditions here)\n")
    with (
        (root / LOG).open("w", encoding="utf-8") as log,
        _told(Teller(log, terminal)),
        _step_path(),
        warnings.catch_warnings(),
    ):
        # The steps' image is this environment's equal, and no container runs here anyway.
        warnings.filterwarnings("ignore", "You may be attem", RuntimeWarning)
        local.init(local.SubprocessRunner(use_venv=False), pipeline_root=str(root))
        outputs: dict[str, Any] = whole(**values).outputs
    return outputs


def runnable(whole: Any) -> tuple[Any, list[str]]:  # noqa: ANN401 - KFP has no types
    """The pipeline as the installed KFP can run it here, and the steps that this leaves out: those
    under a condition, which nothing else waits for, before :data:`CONDITIONS`."""
    import kfp  # noqa: PLC0415
    from google.protobuf.json_format import MessageToDict  # noqa: PLC0415
    from kfp.components import load_component_from_text  # noqa: PLC0415

    if tuple(map(int, kfp.__version__.split(".")[:2])) >= CONDITIONS:
        return whole, []
    spec = MessageToDict(whole.pipeline_spec)
    tasks = spec["root"]["dag"]["tasks"]
    conditional = [
        task for task, each in tasks.items() if each.get("triggerPolicy", {}).get("condition")
    ]
    left_out = sorted(step for task in conditional for step in _steps(spec, task, tasks.pop(task)))
    return (load_component_from_text(json.dumps(spec)) if left_out else whole), left_out


def _steps(spec: Mapping[str, Any], name: str, task: Mapping[str, Any]) -> list[str]:
    """The task itself, or those that it is a group of."""
    component = spec["components"][task["componentRef"]["name"]]
    inside = component.get("dag", {}).get("tasks", {})
    return [step for key, each in inside.items() for step in _steps(spec, key, each)] or [name]


class Teller(io.TextIOBase):
    """Takes all that KFP and the steps write into a log, and passes on the lines that tell how far
    the run is."""

    def __init__(self, log: TextIO, terminal: TextIO) -> None:
        self._log, self._terminal, self._rest = log, terminal, ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self._log.write(text)
        self._log.flush()
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            if found := _TOLD.search(_COLOR.sub("", line)):
                self._terminal.write(f"{found[0]}\n")
                self._terminal.flush()
        return len(text)


@contextmanager
def _told(teller: Teller) -> Iterator[None]:
    with redirect_stdout(teller), redirect_stderr(teller):
        yield


@contextmanager
def _step_path() -> Iterator[None]:
    """KFP starts the first ``python3`` of PATH, which must be this one; and a step finds this
    package wherever it was started from."""
    package = str(Path(__file__).parents[1])
    changed = {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        "PYTHONPATH": os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")])),
    }
    before = {name: os.environ.get(name) for name in changed}
    os.environ.update(changed)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def artifacts(root: Path) -> list[Artifact]:
    """What the steps of the newest run below ``root`` wrote, in the order of the steps."""
    newest = max(root.glob("*/*/executor_output.json"), key=lambda path: path.stat().st_mtime_ns)
    files = sorted(
        newest.parents[1].glob("*/executor_output.json"), key=lambda path: path.stat().st_mtime_ns
    )
    return [
        Artifact(file.parent.name, name, Path(entry["artifacts"][0]["uri"]))
        for file in files
        for name, entry in json.loads(file.read_text()).get("artifacts", {}).items()
        if Path(entry["artifacts"][0]["uri"]).exists()
    ]


def pages(found: list[Artifact]) -> list[Path]:
    """The HTML artifacts, each copied to a name that a browser opens as a page."""
    copies = []
    for artifact in found:
        if (
            artifact.path.is_file()
            and artifact.path.read_bytes()[:15].lower() == b"<!doctype html>"
        ):
            copies.append(artifact.path.with_name(f"{artifact.name}.html"))
            shutil.copyfile(artifact.path, copies[-1])
    return copies
