"""The newest KFP reads and writes the compiled pipelines as the project's does."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.compiling import FOLDER

VERSION = re.compile(r"^sdkVersion: kfp-(\d+)\.(\d+)\.(\d+)\n", re.MULTILINE)


def without_version(folder: Path) -> dict[str, str]:
    return {path.name: VERSION.sub("", path.read_text()) for path in folder.iterdir()}


def version(folder: Path) -> tuple[int, ...]:
    (found,) = {VERSION.search(path.read_text()).groups() for path in folder.iterdir()}
    return tuple(map(int, found))


@pytest.mark.parametrize("verb", ["compile", "load"])
def test_every_shipped_file_comes_out_the_same(
    newest: Callable[..., str], tmp_path: Path, verb: str
):
    said = newest(verb, tmp_path)
    assert without_version(tmp_path) == without_version(FOLDER), said


def test_it_is_newer_than_the_projects(newest: Callable[..., str], tmp_path: Path):
    newest("compile", tmp_path)
    assert version(tmp_path) > version(FOLDER)
