"""The page on flags, and the example of a model of one's own."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.trial_image.generate_flags import PAGE, page
from trial_image.rules import rows
from trial_image.settings import Settings

OWN_MODEL = PAGE.parent / "own-model"


def test_the_page_has_the_flags_of_the_settings():
    """If it fails: ``python -m tests.trial_image.generate_flags``."""
    assert page(PAGE.read_text()) == PAGE.read_text()


def test_every_flag_that_the_page_speaks_of_exists():
    named = re.findall(r"`--(\w+)", PAGE.read_text())
    assert set(named) - rows(Settings).keys() == {"help", "name"}


@pytest.mark.slow
def test_a_search_over_a_model_and_a_table_of_ones_own_runs(tmp_path: Path):
    shutil.copytree(OWN_MODEL, tmp_path / "mine")
    flags = ["run", "experiment.yaml", "--max-trials=3", "--no-report", "-o", "json"]
    command = [sys.executable, "-m", "katib_experiments", *flags]
    ended = subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=tmp_path / "mine"
    )
    assert ended.returncode == 0, ended.stderr
    status = json.loads(ended.stdout)["status"]
    assert status["trialsSucceeded"] == 3
    best = status["currentOptimalTrial"]
    names = [given["name"] for given in best["parameterAssignments"]]
    assert names == ["learning_rate", "width", "skip"]
    metrics = {metric["name"]: float(metric["max"]) for metric in best["observation"]["metrics"]}
    assert metrics["val_accuracy"] > 0.8
