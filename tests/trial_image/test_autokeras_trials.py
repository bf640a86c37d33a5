"""The table of an AutoKeras search's trials."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from trial_image.autokeras_trials import markdown, read_trials, write, write_trials


def trial(project: Path, number: int, **changes) -> None:
    """A trial's file as KerasTuner writes it."""
    observed = {"direction": "max", "observations": [{"value": [0.5], "step": 2}]}
    state = {
        "trial_id": f"{number:02d}",
        "hyperparameters": {"space": [], "values": {"optimizer": "adam"}},
        "metrics": {"metrics": {"val_accuracy": observed}},
        "score": 0.5,
        "best_step": 2,
        "status": "COMPLETED",
        "message": None,
    }
    path = project / f"trial_{number:02d}" / "trial.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(state | changes))


def test_trials_are_in_order_and_count_from_1_as_their_best_epochs_do(tmp_path: Path):
    for number in (10, 2):
        trial(tmp_path, number)
    rows = read_trials(tmp_path)
    assert [(row["trial"], row["epoch"], row["folder"]) for row in rows] == [
        (3, 3, "trial_02"),
        (11, 3, "trial_10"),
    ]
    assert rows[0]["metrics"] == {"val_accuracy": 0.5}


def test_the_epochs_that_a_trial_goes_on_from_count(tmp_path: Path):
    trial(tmp_path, 0, hyperparameters={"values": {"tuner/initial_epoch": 4}})
    assert [row["epoch"] for row in read_trials(tmp_path)] == [7]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("Traceback …\n  File\nValueError: too small\n", "ValueError: too small"),
        (None, "its objective is not finite"),
    ],
)
def test_a_failed_trial_says_why(tmp_path: Path, message: str | None, reason: str):
    nothing = {"metrics": {"metrics": {}}, "score": None, "best_step": None}
    trial(tmp_path, 0, status="FAILED", message=message, **nothing)
    (row,) = read_trials(tmp_path)
    assert (row["message"], row["epoch"], row["metrics"]) == (reason, None, {})


def test_what_is_not_finite_is_left_out_so_that_any_reader_reads_the_table(tmp_path: Path):
    diverged = {"direction": "min", "observations": [{"value": [float("nan")], "step": 0}]}
    trial(tmp_path, 0, score=float("nan"), metrics={"metrics": {"val_loss": diverged}})
    write_trials(tmp_path, read_trials(tmp_path))
    text = (tmp_path / "trials.json").read_text()
    (row,) = json.loads(text, parse_constant=pytest.fail)
    assert (row["score"], row["metrics"]) == (None, {})


def test_the_table_has_a_column_for_all_that_any_trial_has():
    row = {"trial": 1, "status": "COMPLETED", "epoch": 2, "metrics": {"val_loss": 0.25}}
    rows = [
        row | {"hyperparameters": {"units": 16}},
        row | {"trial": 2, "hyperparameters": {"dropout": 0.5}},
    ]
    assert markdown(rows).splitlines() == [
        "| trial | status | epoch | val_loss | units | dropout |",
        "| --- | --- | --- | --- | --- | --- |",
        "| 1 | COMPLETED | 2 | 0.25 | 16 |  |",
        "| 2 | COMPLETED | 2 | 0.25 |  | 0.5 |",
    ]


def test_a_file_is_replaced_whole(tmp_path: Path):
    write(tmp_path / "a.txt", "old")
    write(tmp_path / "a.txt", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "new"
