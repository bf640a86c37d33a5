"""The smaller steps: data, choice, training, packaging, AutoKeras, programs."""

from __future__ import annotations

import json
import math
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from pipelines.steps.autokeras import keep
from pipelines.steps.choice import chosen
from pipelines.steps.choice import described as decision
from pipelines.steps.data import data_file, described, prepare, said_task, shared
from pipelines.steps.packaging import Origin, pack
from pipelines.steps.programs import StepError, run_program
from pipelines.steps.tables import table
from pipelines.steps.training import winner_flags
from tests.pipelines.conftest import flag


def test_data_say_what_they_are(data):
    found = described(data.path)
    assert (found["train_examples"], found["test_examples"]) == (80, 20)
    assert (found["kind"], found["task"]) == ("structured_data", "classification")


def test_a_task_that_was_said_is_known_to_every_step(data, programs):
    prepare(Path(data.path), "numbers.csv", "regression", [])
    assert flag(programs[0][1], "task") == "regression"
    assert described(data.path)["task"] == said_task(data.path) == "regression"


def test_the_hash_is_of_the_arrays_and_not_of_the_file(data, tmp_path: Path):
    with np.load(data_file(data.path)) as file:
        np.savez_compressed(tmp_path / "other.npz", **file)
        changed = {**file, "y_test": file["y_test"][::-1]}
    np.savez(tmp_path / "changed.npz", **changed)
    assert described(tmp_path / "other.npz")["sha256"] == described(data.path)["sha256"]
    assert described(tmp_path / "changed.npz")["sha256"] != described(data.path)["sha256"]


def test_data_are_put_on_a_volume_once_under_the_name_of_what_is_in_them(data, tmp_path: Path):
    volume = tmp_path / "volume"
    volume.mkdir()
    place = shared(data.path, volume)
    assert place.name == f"{described(data.path)['sha256']}.npz"
    written = place.stat().st_mtime_ns
    assert shared(data.path, volume) == place
    assert place.stat().st_mtime_ns == written
    assert [path for path in volume.rglob("*") if path.is_file()] == [place]


def test_a_volume_that_is_not_mounted_is_named(data, tmp_path: Path):
    with pytest.raises(
        StepError, match=r"mount: received .*: must be where the step has the claim"
    ):
        shared(data.path, tmp_path / "none")


def test_what_is_no_data_is_refused(tmp_path: Path):
    with pytest.raises(StepError, match=r"must be a folder with data.npz, or a .npz file"):
        data_file(tmp_path)
    np.savez(tmp_path / "half.npz", x_train=[1])
    with pytest.raises(StepError, match="lacks the arrays x_test, y_test, y_train"):
        described(tmp_path / "half.npz")


@pytest.mark.parametrize(
    ("search", "autokeras", "maximize", "winner"),
    [
        (0.9, 0.8, True, "search"),
        (0.8, 0.9, True, "autokeras"),
        (0.9, 0.9, True, "search"),
        (0.3, 0.2, False, "autokeras"),
        (0.2, 0.3, False, "search"),
    ],
)
def test_the_better_validation_metric_wins_and_equals_keep_the_trial(
    search: float, autokeras: float, maximize: bool, winner: str
):
    assert chosen(("m", search), ("m", autokeras), maximize).winner == winner


def test_values_that_cannot_be_compared_are_refused():
    with pytest.raises(StepError, match='received "val_loss": must be "val_accuracy"'):
        chosen(("val_accuracy", 0.9), ("val_loss", 0.1), True)
    with pytest.raises(StepError, match="must both be finite"):
        chosen(("val_loss", 0.1), ("val_loss", math.nan), False)


def test_the_decision_shows_both_values():
    text = decision("because", "val_loss", 0.25, 0.125)
    assert "| Experiment | 0.25 |" in text
    assert text.endswith("because.\n")


def test_the_winner_decides_what_is_trained():
    command = ["python", "-m", "trial_image.train", "--units=8"]
    assert winner_flags("search", command, "") == ["--units=8"]
    assert winner_flags("autokeras", command, "/found") == ["--like=/found"]
    with pytest.raises(StepError, match="autokeras: received nothing"):
        winner_flags("autokeras", command, "")
    with pytest.raises(StepError, match='winner: received "both": must be one of'):
        winner_flags("both", command, "")


def test_the_package_has_both_formats_and_a_card(data, model, tmp_path: Path):
    origin = Origin("digits", "7", "random-1", {"units": "8"}, "it is better", "run-1")
    text = pack(data.path, model.path, str(tmp_path / "package"), {"accuracy": 0.96}, origin)
    package = tmp_path / "package"
    assert sorted(path.name for path in package.iterdir()) == [
        "7",
        "MODEL_CARD.md",
        "card.json",
        "classes.json",
        "model.keras",
    ]
    assert (package / "7/saved_model.pb").is_file()
    facts = json.loads((package / "card.json").read_text())
    assert facts["data"]["sha256"] in text
    for part in (
        "# digits, version 7",
        "| accuracy | 0.96 |",
        "| units | 8 |",
        "random-1",
        "no, yes",
    ):
        assert part in text


def test_a_package_made_twice_is_the_same(data, model, tmp_path: Path):
    again = [pack(data.path, model.path, str(tmp_path / "p"), {}, Origin("m", "1")) for _ in "ab"]
    assert again[0] == again[1]


def test_a_version_is_a_number_and_a_model_must_be_there(data, model, tmp_path: Path):
    with pytest.raises(StepError, match='version: received "v1": must be a whole number'):
        pack(data.path, model.path, str(tmp_path / "p"), {}, Origin("m", "v1"))
    shutil.rmtree(model.path)
    with pytest.raises(StepError, match=r"has no model\.keras"):
        pack(data.path, model.path, str(tmp_path / "p"), {}, Origin("m", "1"))


def test_a_search_without_results_is_an_error(tmp_path: Path):
    with pytest.raises(StepError, match=r"left no best_model\.keras"):
        keep(tmp_path, tmp_path / "model")


def test_a_program_that_fails_ends_the_step_with_its_last_lines(capfd):
    with pytest.raises(StepError, match=re.escape("trial_image.predict ended with 2")) as failed:
        run_program("predict", ["--nonsense"])
    assert "the following arguments are required" in str(failed.value)
    assert "usage: python -m trial_image.predict" in capfd.readouterr().out


def test_a_bar_in_a_cell_does_not_end_it():
    assert table(["a"], [["x|y"]]) == "| a |\n| --- |\n| x\\|y |\n"
