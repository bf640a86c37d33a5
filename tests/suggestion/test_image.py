"""What the image of the service installs."""

from __future__ import annotations

import re
from importlib.metadata import requires
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
REQUIREMENTS = ROOT / "katib_experiments/suggestion/requirements.txt"


def pins(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==(\S+)", path.read_text(), flags=re.MULTILINE))


def test_it_has_the_versions_that_the_tests_run_with():
    assert pins(REQUIREMENTS).items() <= pins(ROOT / "constraints.txt").items()


def test_every_pin_has_a_hash_and_no_address():
    text = REQUIREMENTS.read_text()
    assert "://" not in text
    assert all("--hash=sha256:" in pin for pin in re.split(r"\n(?=\w)", text)[1:])


@pytest.mark.parametrize("package", sorted(pins(REQUIREMENTS).keys() - {"kubeflow-katib"}))
def test_what_a_package_needs_is_there_too(package):
    """They are installed without their dependencies, for the sake of those of kubeflow-katib."""
    wanted = [each for each in requires(package) or [] if "extra ==" not in each]
    names = {re.match(r"[\w.-]+", each)[0].lower().replace("_", "-") for each in wanted}
    assert names <= pins(REQUIREMENTS).keys()
