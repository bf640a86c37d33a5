"""What the image of a Trial installs."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def pins(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==(\S+)", path.read_text(), flags=re.MULTILINE))


def test_the_image_has_the_versions_that_the_tests_run_with():
    image, here = pins(ROOT / "trial_image/requirements.txt"), pins(ROOT / "constraints.txt")
    assert {"keras", "numpy", "scikit-learn", "tensorflow"} <= image.keys()
    assert image.items() <= here.items()


def test_every_pin_of_the_image_has_a_hash():
    text = (ROOT / "trial_image/requirements.txt").read_text()
    unhashed = [pin for pin in re.split(r"\n(?=\w)", text)[1:] if "--hash=sha256:" not in pin]
    assert not unhashed
