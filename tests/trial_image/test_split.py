"""The one split that every step of a pipeline sees."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from trial_image.data import DataError, load
from trial_image.parts import Part, Source
from trial_image.settings import Settings
from trial_image.split import main, split

RANDOM = np.random.default_rng(0)


def a_source(examples: int, **parts: Part) -> Source:
    x = RANDOM.normal(size=(examples, 3)).astype(np.float32)
    return Source(Part(x, np.arange(examples) % 2), **parts)


def test_the_test_part_is_the_one_that_a_trial_keeps_away_from_the_dataset_itself(tmp_path: Path):
    assert main(tmp_path / "data.npz", Settings(dataset="digits")) == 0
    itself = load(Settings(dataset="digits"))
    prepared = load(Settings(dataset=str(tmp_path / "data.npz")))
    assert itself.test is not None
    assert prepared.test is not None
    assert prepared.test.y.tolist() == itself.test.y.tolist()
    assert len(prepared.train) + len(prepared.validation) + len(prepared.test) == 1797


def test_a_validation_part_is_learned_from_and_a_test_part_stays():
    source = a_source(10, validation=a_source(4).train, test=a_source(6).train)
    train, test = split(source, Settings())
    assert len(train) == 14
    assert test is source.test


def test_too_few_examples_are_refused():
    with pytest.raises(DataError, match="2 examples are too few for a test part"):
        split(a_source(2), Settings())


def test_data_that_cannot_be_had_end_the_program_with_3(tmp_path: Path, capsys):
    (tmp_path / "broken.npz").write_text("no archive")
    settings = Settings(dataset=str(tmp_path / "broken.npz"))
    assert main(tmp_path / "data.npz", settings) == 3
    assert "broken.npz: cannot be read" in capsys.readouterr().err
