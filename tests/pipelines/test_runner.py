"""Components through KFP's local runner that the pipelines run only under a condition."""

# KFP reads annotations as they stand: "from __future__ import annotations" would hide them.
import json
import os
import sys
from pathlib import Path

import pytest
import yaml
from kfp import dsl, local

from pipelines.components import deploy, register_model, remove_leftovers
from tests.support.model_registry import fake_registry


@dsl.pipeline
def hand_on(folder: str, registry: str, uri: str) -> str:
    importer = dsl.importer(artifact_uri=folder, artifact_class=dsl.Model)
    register_model(package=importer.output, registry=registry, model_uri=uri)
    deploy(package=importer.output, model_uri=uri)
    return remove_leftovers(experiment="random").output


@pytest.mark.filterwarnings("ignore:You may be attem")
def test_a_model_is_handed_on(package: dsl.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(
        "PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    )
    root = tmp_path / "root"
    local.init(local.SubprocessRunner(use_venv=False), pipeline_root=str(root))
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
