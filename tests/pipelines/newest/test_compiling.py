"""The newest KFP reads and writes the compiled pipelines as the project's does."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.compiling import FOLDER


def without_version(path: Path) -> str:
    return re.sub(r"(?m)^sdkVersion: kfp-[\d.]+\n", "", path.read_text())


@pytest.mark.parametrize("verb", ["compile", "load"])
def test_every_shipped_file_comes_out_the_same(
    newest: Callable[..., str], tmp_path: Path, verb: str
):
    said = newest(verb, tmp_path)
    made = {path.name: without_version(path) for path in tmp_path.iterdir()}
    assert made == {path.name: without_version(path) for path in FOLDER.iterdir()}, said


def test_it_is_newer_than_the_projects(newest: Callable[..., str], tmp_path: Path):
    newest("compile", tmp_path)
    versions = {
        tuple(map(int, re.search(r"sdkVersion: kfp-(\d+)\.(\d+)", path.read_text()).groups()))
        for folder in (FOLDER, tmp_path)
        for path in sorted(folder.iterdir())
    }
    assert versions == {(2, 13), max(versions)}
    assert max(versions) >= (2, 17)
