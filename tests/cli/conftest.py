"""``automl`` in this process, and an Experiment whose Trials take milliseconds."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from katib_experiments import run
from katib_experiments.cli import main


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str


Automl = Callable[..., Result]


@pytest.fixture
def automl(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Call a verb in an empty folder: ``automl("run", "experiment.yaml")``."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> Result:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(words)
        return Result(ended.value.code or 0, *capsys.readouterr())

    return call


TRIAL = """\
import sys
x = float(sys.argv[1].removeprefix("--x="))
print(f"2026-01-01T00:00:00Z score={1 - x}", flush=True)
"""


def quick(tmp_path: Path, program: str = TRIAL, **spec: Any) -> Path:
    """The file of an Experiment that runs ``program``; ``spec`` is over what stands here."""
    (tmp_path / "trial.py").write_text(program)
    container = {
        "name": "trial",
        "image": "example/trial:1",
        "command": ["python", str(tmp_path / "trial.py")],
        "args": ["--x=${trialParameters.x}"],
        "resources": {"limits": {"memory": "512Mi"}},
    }
    values = {
        "objective": {"type": "maximize", "objectiveMetricName": "score"},
        "algorithm": {
            "algorithmName": "random",
            "algorithmSettings": [{"name": "random_state", "value": "1"}],
        },
        "parallelTrialCount": 2,
        "maxTrialCount": 3,
        "maxFailedTrialCount": 1,
        "resumePolicy": "LongRunning",
        "parameters": [
            {
                "name": "x",
                "parameterType": "double",
                "feasibleSpace": {"min": "0.1", "max": "0.9"},
            }
        ],
        "trialTemplate": {
            "primaryContainerName": "trial",
            "trialParameters": [{"name": "x", "reference": "x"}],
            "trialSpec": {
                "apiVersion": "batch/v1",
                "kind": "Job",
                "spec": {
                    "backoffLimit": 0,
                    "activeDeadlineSeconds": 60,
                    "template": {"spec": {"containers": [container], "restartPolicy": "Never"}},
                },
            },
        },
    }
    document = {
        "apiVersion": "kubeflow.org/v1beta1",
        "kind": "Experiment",
        "metadata": {"name": "quick", "namespace": "default"},
        "spec": values | spec,
    }
    path = tmp_path / "quick.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return path


@pytest.fixture
def quick_file(tmp_path: Path) -> Callable[..., Path]:
    return lambda **changes: quick(tmp_path, **changes)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs with one in it, of three Trials."""
    folder = tmp_path_factory.mktemp("finished")
    run(quick(folder), root=folder / "runs")
    return folder / "runs"


@pytest.fixture
def ran(automl: Automl, finished: Path, tmp_path: Path) -> Automl:
    """``automl`` in a folder where the Experiment ``quick`` has been run."""
    shutil.copytree(finished, tmp_path / "runs")
    return automl
