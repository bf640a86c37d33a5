from __future__ import annotations

from pathlib import Path

import pytest

from katib_experiments.backend import Outcome
from katib_experiments.cli.names import experiment_file, shipped, trial_named
from katib_experiments.errors import ExperimentNotFound, TrialNotFound
from katib_experiments.experiment.model import ExperimentStatus
from tests.support.builders import a_trial, an_experiment


def test_a_path_is_a_file(tmp_path: Path):
    path = tmp_path / "mine.yaml"
    path.touch()
    assert experiment_file(str(path)) == path


def test_the_name_of_a_shipped_experiment_is_its_file():
    assert experiment_file("random") == shipped()["random"]
    assert shipped()["random"].name == "random.yaml"


def test_a_file_goes_before_a_shipped_experiment(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("random").touch()
    assert experiment_file("random") == Path("random")


@pytest.mark.parametrize(
    ("word", "answer"),
    [
        ("ramdom", "did you mean random?"),
        ("secnd", "did you mean second?"),
        ("none.yaml", "no such file: none.yaml"),
        ("expirement.yaml", "did you mean experiment.yaml?"),
        ("folder/none", "no such file: folder/none"),
        (".", "is a folder"),
        ("zzz", "Shipped: asha, autokeras"),
    ],
)
def test_an_unknown_word_is_refused_with_what_is_near(word, answer, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("experiment.yaml").touch()
    with pytest.raises(ExperimentNotFound) as refused:
        experiment_file(word, runs=["second"])
    assert answer in str(refused.value)


def an_outcome() -> Outcome:
    trials = tuple(a_trial(f"digits-{name}", {}, 0.5) for name in ("aaaa", "bbbb"))
    status = ExperimentStatus(optimal=trials[1])
    return Outcome(an_experiment(name="digits"), status, trials)


@pytest.mark.parametrize("word", ["digits-bbbb", "bbbb", "best"])
def test_a_trial_is_known_by_its_name_its_last_part_or_as_the_best(word: str):
    assert trial_named(an_outcome(), word).name == "digits-bbbb"


def test_an_unknown_trial_is_refused_with_what_is_near():
    with pytest.raises(TrialNotFound, match="did you mean digits-aaaa"):
        trial_named(an_outcome(), "digits-aaab")
