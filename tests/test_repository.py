"""What holds for the repository as a whole."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md")])


def tracked() -> list[Path]:
    """Every text file of the checkout that git knows."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


PINNED = [
    path
    for path in tracked()
    if path.suffix == ".txt" and "make constraints" in path.read_text().partition("==")[0]
]


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_every_relative_link_of_the_docs_leads_somewhere(page: Path):
    targets = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", page.read_text())
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert not missing


def test_every_path_of_the_readmes_map_exists():
    tree = (ROOT / "README.md").read_text().split("## The map")[1].split("```")[1]
    entries = re.findall(r"^([\w./-]+)", tree, flags=re.MULTILINE)
    assert len(entries) > 10
    assert not [entry for entry in entries if not (ROOT / entry).exists()]


@pytest.mark.parametrize("path", PINNED, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_pin_has_hashes_and_no_address(path: Path):
    pins = path.read_text()
    assert "://" not in pins
    for pin in re.split(r"\n(?=\w)", pins)[1:]:
        assert re.match(r"[\w.-]+==\S+", pin), pin
        assert "--hash=sha256:" in pin, pin


def test_every_list_of_pins_is_compiled_by_make_constraints():
    assert len(PINNED) > 5
    makefile = (ROOT / "Makefile").read_text()
    assert not [path for path in PINNED if f"-o {path.relative_to(ROOT)}\n" not in makefile]


def test_the_environment_holds_the_packages_that_were_asked_for():
    pins = (ROOT / "constraints.txt").read_text()
    for package in ("kubeflow-katib", "kfp", "tensorflow", "autokeras", "kubernetes", "pytest"):
        assert re.search(rf"^{package}==", pins, flags=re.MULTILINE), package


def test_no_file_names_a_machine_or_a_package_index():
    forbidden = re.compile(r"index-url|/(?:home|Users)/\w", re.IGNORECASE)
    own = {Path(__file__), ROOT / "Makefile"}
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in tracked()
        if path not in own
        and path.suffix not in {".png", ".gz"}
        and (match := forbidden.search(path.read_text(errors="ignore")))
    ]
    assert not found
