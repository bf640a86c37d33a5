"""The CI workflow for GitHub calls make targets, as anybody else does, and may do nothing more."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
FILE = ROOT / ".github/workflows/ci.yml"
WORKFLOW = yaml.load(FILE.read_text(), Loader=yaml.BaseLoader)  # which leaves "on" a word
JOBS: dict[str, dict[str, Any]] = WORKFLOW["jobs"]


def commands() -> Iterator[str]:
    """What every job runs, for every value of its matrix."""
    for job in JOBS.values():
        for target in job.get("strategy", {}).get("matrix", {}).get("target", [""]):
            for step in job["steps"]:
                if "run" in step:
                    yield step["run"].replace("${{ matrix.target }}", target)


@pytest.mark.parametrize("command", sorted(set(commands())))
def test_a_command_is_of_make_targets_that_are_listed_and_can_be_made(command: str):
    make, *targets = shlex.split(command)
    assert make == "make"
    listed = subprocess.run([make, "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(targets) <= set(re.findall(r"^  make (\S+)", listed.stdout, flags=re.MULTILINE))
    # A dry run fails where a file that a target is made of is missing.
    dry = [make, "--dry-run", "ENGINE=docker", *targets]
    subprocess.run(dry, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def test_it_lints_tests_compiles_renders_builds_and_tries_a_cluster():
    called = {word for command in commands() for word in command.split()[1:]}
    assert called >= {"lint", "test", "compiled", "manifests", "image-test", "image-gpu"}
    assert [command for command in commands() if "kind" in command or "cluster" in command] == [
        "make kind-up",
        "make test-cluster",
        "make kind-down",
    ]


def test_an_action_is_pinned_by_commit_with_its_version_beside():
    uses = re.findall(r"uses: (.*)", FILE.read_text())
    assert len(uses) > 4
    for use in uses:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use), use


def test_it_may_only_read_and_keeps_no_credentials():
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert "pull_request_target" not in WORKFLOW["on"]
    assert not [name for name, job in JOBS.items() if "permissions" in job]
    assert "secrets." not in FILE.read_text()
    for job in JOBS.values():
        (checkout,) = (step for step in job["steps"] if "checkout" in step.get("uses", ""))
        assert checkout["with"]["persist-credentials"] == "false"


def test_every_job_ends_and_an_overtaken_run_is_cancelled():
    assert all(int(job["timeout-minutes"]) <= 90 for job in JOBS.values())
    assert WORKFLOW["concurrency"]["cancel-in-progress"] == "true"


def test_the_cluster_is_given_the_images_that_were_built():
    built = re.findall(r"^\w*IMAGE \?= (\S+)", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert sorted(JOBS["kind"]["env"]["IMAGES"].split()) == sorted(built)


def test_python_is_the_projects():
    (supported,) = re.findall(
        r'requires-python = ">=([\d.]+),', (ROOT / "pyproject.toml").read_text()
    )
    versions = [
        step["with"]["python-version"]
        for job in JOBS.values()
        for step in job["steps"]
        if "setup-python" in step.get("uses", "")
    ]
    assert set(versions) == {supported}
