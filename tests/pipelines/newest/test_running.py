"""The compiled pipelines, run by the newest KFP; their steps run with the project's environment, as
they do in the image."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from katib_experiments.experiment.document import dumps
from pipelines.compiling import FOLDER
from tests.support.documents import a_document

pytestmark = pytest.mark.slow

DOCUMENT = dumps(a_document(command=["echo", "accuracy=${trialParameters.x}"]))
FAILING = dumps(a_document(command=["false", "${trialParameters.x}"]))


@pytest.fixture
def without_pauses(tmp_path: Path) -> Callable[[str], Path]:
    """A shipped file whose attempts follow each other at once."""

    def changed(name: str) -> Path:
        text, pauses = re.subn(
            r"backoffDuration: \d+s", "backoffDuration: 0s", (FOLDER / name).read_text()
        )
        assert pauses
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return changed


def declared(kind: str) -> set[str]:
    """The artifacts of that kind in automl.yaml, as the path below the folder of a run."""
    pipeline = next(yaml.safe_load_all((FOLDER / "automl.yaml").read_text()))
    return {
        f"{component.removeprefix('comp-')}/{name}"
        for component, body in pipeline["components"].items()
        for name, artifact in body.get("outputDefinitions", {}).get("artifacts", {}).items()
        if artifact["artifactType"]["schemaTitle"] == kind
    }


@pytest.mark.timeout(900)  # a minute, where nothing else runs
def test_automl_ends_with_a_good_model_pages_to_look_at_and_what_was_asked_for_beyond(
    run: Callable[..., Any], tmp_path: Path
):
    done = run(FOLDER / "automl.yaml", deploy_model=True, model_uri="s3://models/digits")
    assert done.outputs, done.said[-3000:]
    assert done.outputs["Output"] > 0.95
    (folder,) = tmp_path.glob("automl-*")
    for kind, start in (("system.HTML", "(?i)<!doctype html>"), ("system.Markdown", r"\S")):
        written = [path for path in declared(kind) if (folder / path).parent.is_dir()]
        assert len(written) >= 3
        for path in written:
            assert re.match(start, (folder / path).read_text()), path
    for file in folder.rglob("executor_output.json"):
        json.loads(file.read_text(), parse_constant=pytest.fail)  # its metrics are finite
    assert yaml.safe_load((folder / "deploy/manifest").read_text())["kind"] == "InferenceService"
    assert not (folder / "register-model").exists()  # no registry was named


def test_a_second_run_prepares_nothing_again_and_searches_anew(
    run: Callable[..., Any], without_pauses: Callable[[str], Path]
):
    tune = without_pauses("tune.yaml")
    first, second = (run(tune, experiment=DOCUMENT, max_trials=3) for _ in range(2))
    best = {"best_parameters": {"x": "0.3"}, "objective_value": 0.3}
    assert first.outputs == second.outputs == best, first.said[-3000:]
    assert [each.attempts("prepare-data") for each in (first, second)] == [1, 0]
    assert [each.attempts("run-experiment") for each in (first, second)] == [1, 1]


@pytest.mark.parametrize(
    ("parameters", "attempts", "reason"),
    [
        ({"dataset": "nothing.npz"}, (3, 0), "nothing.npz: cannot be read"),
        ({"experiment": FAILING}, (1, 3), "Trial has failed. Exit code 1"),
    ],
    ids=["the first step", "the search"],
)
def test_a_step_that_fails_is_tried_again_then_cleared_up_behind_and_fails_the_run(
    run: Callable[..., Any],
    without_pauses: Callable[[str], Path],
    parameters: dict[str, str],
    attempts: tuple[int, int],
    reason: str,
):
    done = run(without_pauses("tune.yaml"), max_trials=3, **parameters)
    assert done.outputs is None
    assert (done.attempts("prepare-data"), done.attempts("run-experiment")) == attempts
    assert reason in done.said
    assert done.attempts("remove-leftovers") == 1
    assert "Pipeline \x1b[95m'tune'\x1b[0m finished with status \x1b[91mFAILURE" in done.said
