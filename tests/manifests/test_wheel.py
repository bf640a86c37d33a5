"""The shipped Experiments are in the wheel, where ``automl run random`` looks for them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_wheel_holds_every_experiment(tmp_path: Path):
    source = tmp_path / "source"
    ignored = shutil.ignore_patterns("__pycache__", "node_modules", "runs")
    for name in ("katib_experiments", "trial_image", "pipelines", "manifests"):
        shutil.copytree(ROOT / name, source / name, ignore=ignored)
    for name in ("pyproject.toml", "setup.py", "README.md"):
        shutil.copy(ROOT / name, source / name)
    offline = ["--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "wheel", "-q", *offline, "-w", tmp_path, source]
    subprocess.run(command, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    inside = zipfile.ZipFile(wheel).namelist()
    experiments = sorted(ROOT.glob("manifests/experiments/*.yaml"))
    assert experiments
    for path in experiments:
        assert f"katib_experiments/manifests/{path.name}" in inside
