"""Functions and files of the user's own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from trial_image.own import OwnCodeError, found, own_function


@pytest.fixture
def folder(tmp_path: Path, monkeypatch) -> Path:
    """A folder of the user's, where Python looks for modules, and which is not the current one."""
    (tmp_path / "mine_to_tune.py").write_text("def build():\n    return 7\nnumber = 3\n")
    (tmp_path / "mine_that_fails.py").write_text("import nothing_of_this_name\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in ("mine_to_tune", "own_mine_to_tune", "mine_that_fails"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("reference", ["mine_to_tune:build", "mine_to_tune.py:build"])
def test_a_function_is_named_by_its_module_or_its_file(folder: Path, reference: str):
    assert own_function("--model", reference)() == 7


def test_a_file_may_lie_anywhere_and_is_run_once(folder: Path):
    reference = f"{folder / 'mine_to_tune.py'}:build"
    assert own_function("--model", reference) is own_function("--dataset", reference)


@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        (
            "mine_to_tune:other",
            '--model: received "mine_to_tune:other": .* has no function "other"',
        ),
        ("mine_to_tune:number", 'has no function "number"'),
        ("no_such.module:build", 'there is no module "no_such.module"'),
        ("nowhere.py:build", 'there is no file "nowhere.py"'),
    ],
)
def test_what_is_not_there_is_named(folder: Path, reference: str, problem: str):
    with pytest.raises(OwnCodeError, match=problem):
        own_function("--model", reference)


def test_what_the_module_itself_lacks_is_its_own_error(folder: Path):
    with pytest.raises(ModuleNotFoundError, match="nothing_of_this_name"):
        own_function("--model", "mine_that_fails:build")


def test_a_relative_path_is_looked_for_where_modules_are(folder: Path):
    assert found("mine_to_tune.py") == folder / "mine_to_tune.py"
    assert found("nowhere.csv") == Path("nowhere.csv")
