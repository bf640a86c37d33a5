"""Components through KFP's local runner, of which the pipelines themselves make no short run."""

# KFP reads annotations as they stand: "from __future__ import annotations" would hide them.
import json
import os
import sys
from pathlib import Path

import pytest
import yaml
from kfp import dsl, local

from pipelines.components import compare, deploy, register_model, remove_leftovers
from pipelines.steps.techniques import TECHNIQUES
from tests.pipelines.test_techniques import a_history, write
from tests.support.model_registry import fake_registry

pytestmark = pytest.mark.filterwarnings("ignore:You may be attem")


@dsl.pipeline
def hand_on(folder: str, registry: str, uri: str) -> str:
    importer = dsl.importer(artifact_uri=folder, artifact_class=dsl.Model)
    register_model(package=importer.output, registry=registry, model_uri=uri)
    deploy(package=importer.output, model_uri=uri)
    return remove_leftovers(experiment="random").output


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of what is run; steps start with this Python."""
    path = [str(Path(sys.executable).parent), os.environ["PATH"]]
    monkeypatch.setenv("PATH", os.pathsep.join(path))
    local.init(local.SubprocessRunner(use_venv=False), pipeline_root=str(tmp_path / "root"))
    return tmp_path / "root"


def test_the_techniques_are_compared(root: Path, tmp_path: Path):
    places = {each.name: str(tmp_path / each.name) for each in TECHNIQUES}
    for technique in TECHNIQUES:
        write(a_history(technique), dsl.Artifact(uri=places[technique.name]))

    @dsl.pipeline
    def page_of_all():
        found = {
            name: dsl.importer(artifact_uri=place, artifact_class=dsl.Artifact).output
            for name, place in places.items()
        }
        compare(**found, dataset="digits")

    page_of_all()
    (page,) = root.glob("*/compare/page")
    assert page.read_text().startswith("<!doctype html>")


def test_a_model_is_handed_on(package: dsl.Model, root: Path):
    with fake_registry() as registry:
        done = hand_on(folder=package.path, registry=registry.address, uri="gs://models/digits")
    assert done.output == ""
    (said,) = root.glob("*/register-model/executor_output.json")
    assert json.loads(said.read_text())["parameterValues"] == {
        "model_id": "1",
        "version_id": "2",
        "artifact_id": "3",
    }
    (manifest,) = root.glob("*/deploy/manifest")
    assert yaml.safe_load(manifest.read_text())["kind"] == "InferenceService"
