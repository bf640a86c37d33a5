"""Artifacts as the components get them, and programs of the trial image that need no TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kfp import dsl

from katib_experiments.experiment.document import dumps
from pipelines.steps.packaging import Origin, pack
from tests.support.documents import a_document
from tests.support.katib import COLLECTIONS
from tests.support.kubernetes import FakeKubernetes, fake_kubernetes, use_kubeconfig

CLASSES = np.array(["no", "yes"])


@pytest.fixture
def artifact(tmp_path: Path) -> Callable[..., Any]:
    """Makes an artifact of that kind, whose path is free."""

    def made(kind: type[dsl.Artifact], name: str) -> dsl.Artifact:
        return kind(name=name, uri=str(tmp_path / name), metadata={})

    return made


@pytest.fixture
def data(artifact: Callable[..., Any]) -> dsl.Dataset:
    """100 examples of two classes, 20 of them for the test."""
    made = artifact(dsl.Dataset, "data")
    Path(made.path).mkdir()
    random = np.random.default_rng(0)
    x, y = random.normal(size=(100, 3)).astype(np.float32), CLASSES[np.arange(100) % 2]
    np.savez(
        Path(made.path, "data.npz"), x_train=x[:80], y_train=y[:80], x_test=x[80:], y_test=y[80:]
    )
    return made


@pytest.fixture
def model(artifact: Callable[..., Any]) -> dsl.Model:
    """A folder with the files that ``trial_image.final`` leaves, but for their content."""
    made = artifact(dsl.Model, "model")
    folder = Path(made.path)
    (folder / "saved_model").mkdir(parents=True)
    (folder / "saved_model/saved_model.pb").write_text("graph")
    (folder / "model.keras").write_text("weights")
    (folder / "classes.json").write_text('{"classes": ["no", "yes"]}')
    (folder / "result.json").write_text(
        '{"examples": 80, "epochs": 5, "seeds": 2, "parameters": 1234, "hyperparameters": {}}'
    )
    return made


@pytest.fixture
def package(artifact: Callable[..., Any], data: dsl.Dataset, model: dsl.Model) -> dsl.Model:
    """What package_model leaves: digits, version 3, of run-1."""
    made = artifact(dsl.Model, "package")
    origin = Origin("digits", "3", "random-1", {"units": "8"}, "it is better", "run-1")
    pack(data.path, model.path, made.path, {"accuracy": 0.96}, origin)
    return made


@pytest.fixture
def document() -> str:
    """The text of an Experiment whose Trials are a line of shell."""
    return dumps(a_document())


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[str]]]:
    """What would have been run: programs with their flags. ``predict`` leaves predictions."""
    ran: list[tuple[str, list[str]]] = []

    def run_program(module: str, flags: Sequence[str]) -> None:
        ran.append((module, list(flags)))
        if module == "predict":
            y = np.arange(20) % 2
            right = np.where(y == 1, 0.9, 0.2)
            outputs = np.stack([np.stack([1 - right, right], 1)] * 2)
            np.savez(flag(flags, "output"), y=y, outputs=outputs)

    for step in ("data", "training", "judging", "autokeras"):
        monkeypatch.setattr(f"pipelines.steps.{step}.run_program", run_program)
    return ran


def flag(flags: Sequence[str], name: str) -> str:
    """The value of the last flag of that name."""
    found = [each.partition("=")[2] for each in flags if each.startswith(f"--{name}=")]
    return found[-1]


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeKubernetes]:
    """The cluster of the kubeconfig, with Katib's collections."""
    monkeypatch.setattr("katib_experiments.cluster.watching.PATIENCE", (0.01, 0.01))
    with fake_kubernetes() as (fake, _):
        for path in COLLECTIONS:
            fake.collections[path] = {}
        use_kubeconfig(tmp_path, monkeypatch, fake.address)
        yield fake
