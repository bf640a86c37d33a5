"""What the images of a Trial install."""

from __future__ import annotations

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "trial_image/requirements"
IMAGES = ["cpu", "gpu", "arm64", "tf221"]


def pins(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==(\S+)", path.read_text(), flags=re.MULTILINE))


def imported() -> set[str]:
    """Every package that the programs import, at whatever place of their text."""
    trees = [ast.parse(path.read_text()) for path in ROOT.glob("trial_image/**/*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    return {name.split(".")[0] for name in names} - {"trial_image", *sys.stdlib_module_names}


@pytest.mark.parametrize("image", ["cpu", "gpu", "arm64"])
def test_an_image_has_the_versions_that_the_tests_run_with(image: str):
    inside, here = pins(FOLDER / f"{image}.txt"), pins(ROOT / "constraints.txt")
    inside["tensorflow"] = inside.get("tensorflow") or inside["tensorflow-cpu"]
    shared = inside.keys() & here.keys()
    assert {"autokeras", "keras", "numpy", "scikit-learn", "tensorflow"} <= shared
    assert {name: inside[name] for name in shared} == {name: here[name] for name in shared}


def test_the_image_of_the_next_tensorflow_keeps_keras():
    now, then = (pins(FOLDER / f"{image}.txt") for image in ("cpu", "tf221"))
    assert then["tensorflow-cpu"].startswith("2.21.")
    assert then["keras"] == now["keras"]


def test_cuda_is_in_the_image_for_gpus_alone():
    cuda = {
        image: [name for name in pins(FOLDER / f"{image}.txt") if name.startswith("nvidia-")]
        for image in IMAGES
    }
    assert any(name.startswith("nvidia-cudnn") for name in cuda["gpu"])
    assert not cuda["cpu"] + cuda["arm64"] + cuda["tf221"]


@pytest.mark.parametrize("image", IMAGES)
def test_every_package_that_the_programs_import_is_installed(image: str):
    inside = {
        name.replace("tensorflow-cpu", "tensorflow") for name in pins(FOLDER / f"{image}.txt")
    }
    homes = packages_distributions()
    missing = {name for name in imported() if not inside & {*homes.get(name, ()), name}}
    assert {"keras", "sklearn", "tensorflow"} <= imported()
    assert not missing
