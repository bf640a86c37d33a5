"""The image of the steps, as far as its text shows it; a cluster test runs it."""

from __future__ import annotations

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from pipelines.image import IMAGE
from tests.image.test_dockerfiles import instructions, last_stage
from tests.image.test_requirements import pins

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "pipelines" / "Dockerfile"
REQUIREMENTS = ROOT / "pipelines" / "requirements.txt"
TRIAL = ROOT / "trial_image" / "requirements" / "cpu.txt"


def imported(package: str) -> set[str]:
    """Every package that is imported, at whatever place of the text."""
    trees = [ast.parse(path.read_text()) for path in (ROOT / package).rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    ours = {"katib_experiments", "pipelines", "trial_image", ""}
    return {name.split(".")[0] for name in names} - ours - {*sys.stdlib_module_names}


def test_every_pin_has_hashes_and_no_address():
    text = REQUIREMENTS.read_text()
    assert "://" not in text
    for pin in re.split(r"\n(?=\w)", text)[1:]:
        assert re.match(r"[\w.-]+==\S+ \\\n {4}--hash=sha256:", pin), pin


@pytest.mark.parametrize("other", [TRIAL, ROOT / "constraints.txt"], ids=["trial image", "tests"])
def test_no_version_differs_from_that_of(other: Path):
    inside, there = pins(REQUIREMENTS), pins(other)
    shared = inside.keys() & there.keys()
    assert {"numpy", "scikit-learn"} <= shared
    assert {name: inside[name] for name in shared} == {name: there[name] for name in shared}


@pytest.mark.parametrize("package", ["katib_experiments", "pipelines"])
def test_every_package_that_is_imported_is_installed(package: str):
    inside, homes = {*pins(REQUIREMENTS), *pins(TRIAL)}, packages_distributions()
    names = {name.lower().replace("_", "-") for name in inside}
    missing = {
        name
        for name in imported(package)
        if not names & {home.lower().replace("_", "-") for home in homes.get(name, [name])}
    }
    assert len(imported(package)) > 2
    assert not missing


def test_what_is_built_from_source_is_named_and_all_else_is_a_wheel():
    (install,) = [rest for word, rest in last_stage(DOCKERFILE) if "pip " in rest]
    for option in ("--require-hashes", "--no-deps", "--no-build-isolation", "--no-cache-dir"):
        assert option in install
    source = re.search(r"--only-binary=:all: --no-binary=(\S+)", install)[1].split(",")
    assert {*source} <= {*pins(REQUIREMENTS)}


def test_it_is_the_trial_image_with_more_in_it_and_not_root():
    stages = [rest.split()[0] for word, rest in instructions(DOCKERFILE) if word == "FROM"]
    assert stages == ["${TRIAL}", "${TRIAL}"]
    stage = last_stage(DOCKERFILE)
    assert [rest for word, rest in stage if word == "USER"][-1] == "65532:65532"
    assert not {"ENTRYPOINT", "VOLUME", "EXPOSE"} & {word for word, _ in stage}


def test_make_builds_what_the_pipelines_are_compiled_for():
    assert f"\nPIPELINES_IMAGE ?= {IMAGE}\n" in (ROOT / "Makefile").read_text()
