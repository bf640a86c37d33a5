"""The examples of data of one's own, as the page has them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from trial_image.data import Stream, load
from trial_image.flags import parse
from trial_image.train import train

PAGE = Path(__file__).parents[2] / "docs/own-model/README.md"


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """A file with every function of the page."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    file = tmp_path / "waves.py"
    file.write_text("\n\n".join(blocks))
    return file


@pytest.mark.parametrize("function", ["waves", "streams"])
def test_data_of_ones_own_are_learned_from(function: str, module: Path, capsys):
    flags = ["--noise=0.5", "--epochs=5", "--num_layers=1", "--units=16"]
    settings = parse([f"--dataset={module}:{function}", *flags])
    data = load(settings)
    assert isinstance(data.train, Stream) == (function == "streams")
    train(settings, data)
    *_, last = re.findall(r"val_accuracy=([\d.]+)", capsys.readouterr().out)
    assert float(last) > 0.9
