"""What the Dockerfiles of a Trial promise, as far as their text shows it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "trial_image"
CPU, GPU = FOLDER / "Dockerfile", FOLDER / "Dockerfile.gpu"


def instructions(path: Path) -> list[tuple[str, str]]:
    """Each as its word and the rest, lines joined, without comments."""
    text = re.sub(r"^#.*\n", "", path.read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines) if word]


def last_stage(path: Path) -> list[tuple[str, str]]:
    found = instructions(path)
    return found[max(i for i, (word, _) in enumerate(found) if word == "FROM") :]


both = pytest.mark.parametrize("path", [CPU, GPU], ids=lambda path: path.name)


@both
def test_the_base_is_pythons_slim_image_of_a_named_version(path: Path):
    found = instructions(path)
    assert found[0] == ("ARG", "BASE=docker.io/library/python:3.11-slim-bookworm")
    stages = [rest.split()[0] for word, rest in found if word == "FROM"]
    assert set(stages) == {"${BASE}"}
    assert len(stages) > 1


@both
def test_a_trial_is_not_root_and_owns_its_command(path: Path):
    stage = last_stage(path)
    assert [rest for word, rest in stage if word == "USER"] == ["65532:65532"]
    assert not {"ENTRYPOINT", "HEALTHCHECK", "VOLUME", "EXPOSE"} & {word for word, _ in stage}
    (command,) = [rest for word, rest in stage if word == "CMD"]
    assert json.loads(command) == ["python", "-m", "trial_image.train"]  # no shell before Python


@both
def test_packages_come_from_wheels_with_hashes_and_leave_no_cache(path: Path):
    text = " ".join(rest for word, rest in instructions(path) if word == "RUN")
    assert text.count(" install ") == 1
    for option in ("--require-hashes", "--no-deps", "--only-binary=:all:", "--no-cache-dir"):
        assert option in text
    assert not re.search(r"apt-get|curl|wget|\bgit\b", text)
    assert "pip" not in " ".join(rest for _, rest in last_stage(path))


@both
def test_what_libraries_write_goes_to_tmp(path: Path):
    stage = " ".join(rest for word, rest in last_stage(path) if word == "ENV")
    for name in ("HOME", "KERAS_HOME", "MPLCONFIGDIR", "XDG_CACHE_HOME"):
        assert re.search(rf"\b{name}=/tmp\b", stage)


@both
def test_what_it_installs_by_default_exists(path: Path):
    (default,) = [rest for word, rest in instructions(path) if rest.startswith("REQUIREMENTS=")]
    assert (FOLDER / "requirements" / f"{default.split('=')[1]}.txt").is_file()


def test_the_two_files_differ_in_what_a_gpu_needs_alone():
    cpu, gpu = (instructions(path) for path in (CPU, GPU))
    assert {word for word, rest in set(gpu) ^ set(cpu)} == {"ARG", "ENV", "LABEL"}
    assert [rest for word, rest in set(cpu) - set(gpu) if word == "ARG"] == ["REQUIREMENTS=cpu"]
    (more,) = [rest for word, rest in set(gpu) - set(cpu) if word == "ENV"]
    assert "NVIDIA_VISIBLE_DEVICES" in more
