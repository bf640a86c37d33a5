"""The wheel holds all that the package reads: the shipped Experiments, the schema, the page."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def for_an_image(path: Path) -> bool:
    return path.name in (".dockerignore", "Dockerfile", "requirements.in", "requirements.txt")


def test_the_wheel_holds_every_experiment_and_every_file_of_the_package(tmp_path: Path):
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
    package = ROOT / "katib_experiments"
    for path in package.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts and not for_an_image(path):
            assert path.relative_to(ROOT).as_posix() in inside
