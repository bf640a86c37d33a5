"""The whole way on this machine, as a user would go it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from pipelines.__main__ import main
from pipelines.steps.techniques import TECHNIQUES

pytestmark = pytest.mark.slow

SMALL = [
    "--max_trials=4",
    "--parallel_trials=2",
    "--autokeras_trials=1",
    "--autokeras_epochs=1",
    "--autokeras_tuner=random",
    "--final_epochs=25",
    "--seeds=2",
]


def test_the_whole_way_ends_with_a_model_that_is_right_on_the_test_part(tmp_path: Path, capsys):
    assert main(["run", "--local", "--output", str(tmp_path), *SMALL]) == 0
    said = capsys.readouterr().out
    assert float(re.search(r"^result: (.*)$", said, re.MULTILINE)[1]) > 0.95
    assert "4 of 4 Trials ended (4 Succeeded)" in said
    assert re.findall(r"^open: .*/(\w+)\.html$", said, re.MULTILINE) == [
        "architecture",
        "report",
        "report",
    ]
    (package,) = tmp_path.glob("*/package-model/package")
    assert (package / "1/saved_model.pb").is_file()
    assert json.loads((package / "card.json").read_text())["test"]["test_examples"] == 269


def test_a_step_that_fails_ends_the_run_with_1_and_the_reason_is_in_the_log(tmp_path: Path, capsys):
    flags = ["--output", str(tmp_path), "--dataset=nothing.npz"]
    assert main(["run", "tune", "--local", *flags]) == 1
    assert f"every line: {tmp_path / 'run.log'}" in capsys.readouterr().err
    log = (tmp_path / "run.log").read_text()
    assert "nothing.npz: cannot be read" in log
    assert "run-experiment" not in log


@pytest.mark.timeout(900)  # a minute of CPU; a dozen searches, each with a TensorFlow of its own
def test_the_lecture_ends_with_a_page_about_every_technique(tmp_path: Path, capsys):
    assert main(["run", "lecture", "--local", "--output", str(tmp_path), "--max_trials=1"]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("open: ")
    assert last.endswith("/compare/page.html")
    page = Path(last.removeprefix("open: ")).read_text()
    assert f"{len(TECHNIQUES)} Trials" in page
    assert all(f"<h2>{technique.title}</h2>" in page for technique in TECHNIQUES)
