"""``__all__`` of the package is true."""

from __future__ import annotations

from pathlib import Path

import pytest

import katib_experiments

EXPERIMENT = Path(__file__).parents[1] / "manifests" / "experiments" / "random.yaml"


@pytest.mark.parametrize("name", katib_experiments.__all__)
def test_every_public_name_is_there(name: str):
    assert getattr(katib_experiments, name).__doc__
    assert name in dir(katib_experiments)


def test_the_lazy_names_are_the_public_ones():
    assert {*katib_experiments._HOMES, "run"} == {*katib_experiments.__all__}


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = katib_experiments.nonsense


def test_run_takes_a_file_or_an_experiment(tmp_path: Path):
    experiment = katib_experiments.read(EXPERIMENT)
    text = EXPERIMENT.read_text().replace("maxTrialCount: 30", "maxTrialCount: 0")
    (tmp_path / "wrong.yaml").write_text(text)
    with pytest.raises(katib_experiments.DocumentError, match="maxTrialCount"):
        katib_experiments.run(tmp_path / "wrong.yaml", root=tmp_path)
    assert experiment.name == "random"
