"""The flags of an AutoKeras search."""

from __future__ import annotations

import subprocess
import sys

import pytest

from trial_image.autokeras_settings import all_rows, parse, usage
from trial_image.settings import SettingsError


def test_auto_becomes_what_suits_the_task():
    images = parse([])
    assert (images.objective, images.block) == ("val_accuracy", "conv")
    table = parse(["--task=structured_data_regression", "--dataset=d.csv"])
    assert (table.objective, table.block) == ("val_loss", "dense")


def test_the_flags_of_the_data_are_those_of_training():
    settings = parse(
        ["--dataset=d.csv", "--target=y", "--task=structured_data_regression", "--test_split=.3"]
    )
    assert (settings.data.dataset, settings.data.target, settings.data.test_split) == (
        "d.csv",
        "y",
        0.3,
    )
    assert settings.data.task == "regression"


def test_what_does_not_fit_the_task_is_refused_all_at_once():
    argv = ["--task=text_regression", "--block=resnet", "--objective=val_accuracy", "--trials=3"]
    with pytest.raises(SettingsError) as caught:
        parse([*argv, "--max_trials=0"])
    assert str(caught.value).splitlines() == [
        '--max_trials: received "0": must be an integer of at least 1',
        "--trials: no such flag; did you mean --max_trials?",
        '--objective: received "val_accuracy": must be one of val_loss, val_mae for '
        "--task=text_regression",
        '--block: received "resnet": must be one of conv, rnn for --task=text_regression',
        '--dataset: received "digits": must be a .csv file for --task=text_regression',
    ]


@pytest.mark.parametrize(
    ("flags", "rule"),
    [
        (["--pretrained"], "--pretrained: is for --block of resnet, xception, efficient alone"),
        (["--text=body"], '--text: received "body": is for --task of text alone'),
        (["--xyz=3"], "--xyz: no such flag; see --help"),
        (["--target=y"], '--target: received "y": is for --dataset of csv or parquet alone'),
        (["--project_name=a/b"], '--project_name: received "a/b": must be a name without a slash'),
    ],
)
def test_a_flag_that_would_do_nothing_is_refused(flags: list[str], rule: str):
    with pytest.raises(SettingsError) as caught:
        parse(flags)
    assert str(caught.value) == rule


def test_the_help_names_every_flag():
    text = usage()
    assert [name for name in all_rows() if f"  --{name}=" not in text] == []


def test_wrong_flags_are_told_before_tensorflow_loads():
    command = [sys.executable, "-X", "importtime", "-m", "trial_image.autokeras_search"]
    ended = subprocess.run([*command, "--tuner=guess"], check=False, capture_output=True, text=True)
    assert ended.returncode == 2
    assert '--tuner: received "guess": must be one of greedy' in ended.stderr
    assert "tensorflow" not in ended.stderr
