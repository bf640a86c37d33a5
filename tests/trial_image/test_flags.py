"""The flags of a Trial."""

from __future__ import annotations

import subprocess
import sys

import pytest

from trial_image.flags import from_command_line, parse, usage
from trial_image.rules import rows
from trial_image.settings import Settings, SettingsError


def test_without_flags_every_setting_has_its_default():
    assert parse([]) == Settings()


@pytest.mark.parametrize(
    "flag", [["--units=8"], ["--units", "8"], ["--units=8.0"], ["--units=8e0"]]
)
def test_a_flag_may_be_written_in_any_of_these_forms(flag: list[str]):
    assert parse(flag).units == 8


def test_dashes_and_underscores_are_the_same_in_names_and_not_in_values():
    settings = parse(["--batch-size=16", "--dataset=a_b-c.csv"])
    assert (settings.batch_size, settings.dataset) == (16, "a_b-c.csv")


@pytest.mark.parametrize(
    ("argv", "value"),
    [
        (["--deterministic"], True),
        (["--deterministic", "--seed=1"], True),
        (["--deterministic=False"], False),
    ],
)
def test_a_switch_needs_no_value(argv: list[str], value: bool):
    assert parse(argv).deterministic is value


def test_the_last_of_two_flags_counts():
    assert parse(["--epochs=3", "--epochs=4"]).epochs == 4


def test_a_negative_number_is_a_value_and_no_flag():
    with pytest.raises(SettingsError, match='--learning_rate: received "-1e-3": must be a number'):
        parse(["--learning_rate", "-1e-3"])


def test_all_wrong_flags_are_told_at_once_each_with_what_was_received_and_the_rule():
    argv = ["--optimizr=sgd", "--units=3.5", "--dropout=1", "stray", "--seed", "--epochs="]
    with pytest.raises(SettingsError) as caught:
        parse(argv)
    assert str(caught.value).splitlines() == [
        '--units: received "3.5": must be an integer of at least 1',
        '--dropout: received "1": must be a number in [0, 1)',
        "--seed: received no value: must be an integer in [0, 4294967295]",
        '--epochs: received "": must be an integer of at least 1',
        "--optimizr: no such flag; did you mean --optimizer?",
        "stray: no such flag; see --help",
    ]


@pytest.mark.parametrize(
    ("flag", "readers"),
    [
        ("--data_dir=somewhere", "fashion_mnist or mnist"),
        ("--target=price", "csv or parquet"),
        ("--task=regression", "npz or csv or parquet or function"),
        ("--image_size=32", "images"),
    ],
)
def test_a_flag_that_the_dataset_would_ignore_is_refused(flag: str, readers: str):
    name, value = flag.split("=")
    with pytest.raises(SettingsError) as caught:
        parse(["--dataset=cifar10", flag])
    assert str(caught.value) == f'{name}: received "{value}": is for --dataset of {readers} alone'


@pytest.mark.parametrize(
    "flag",
    [
        "--learning_rate=nan",
        "--learning_rate=inf",
        "--learning_rate=0",
        "--units=1e400",
        "--units=many",
        "--optimizer=SGD",
        "--dataset=imagenet",
        "--seed=-1",
        "--validation_split=0",
        "--deterministic=maybe",
    ],
)
def test_a_value_outside_its_rule_is_refused(flag: str):
    name, value = flag.split("=")
    with pytest.raises(SettingsError, match=f'{name}: received "{value}": must be '):
        parse([flag])


def test_the_help_names_every_setting_with_its_default():
    text = usage()
    assert [name for name in rows(Settings) if f"  --{name}" not in text] == []
    assert "--deterministic=false" in text


@pytest.mark.parametrize(("argv", "code"), [(["--help"], 0), (["--units=0"], 2)])
def test_help_ends_with_0_and_wrong_flags_with_2(argv: list[str], code: int, capsys):
    with pytest.raises(SystemExit) as caught:
        from_command_line(argv)
    assert caught.value.code == code
    captured = capsys.readouterr()
    assert (captured.err == "") == (code == 0)


def test_wrong_flags_are_told_before_tensorflow_loads():
    command = [sys.executable, "-X", "importtime", "-m", "trial_image.train", "--units=0"]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    assert ended.returncode == 2
    assert "--units: received" in ended.stderr
    assert "tensorflow" not in ended.stderr


def test_flags_of_no_row_become_hyperparameters_of_a_function_of_the_users_own():
    argv = ["--model=mine.py:build", "--heads=4", "--rate", "1e-3", "--my-kind=4a", "--deep"]
    assert parse(argv).hyperparameters == {"heads": 4, "rate": 0.001, "my_kind": "4a", "deep": True}


def test_without_such_a_function_they_are_errors():
    with pytest.raises(SettingsError, match="--heads: no such flag"):
        parse(["--heads=4"])


def test_an_argument_of_the_optimizer_that_is_not_given_is_none():
    settings = parse(["--beta_1=0.8"])
    assert (settings.beta_1, settings.beta_2) == (0.8, None)


def test_a_list_has_commas():
    settings = parse(["--learning_rate_schedule=step", "--decay_boundaries=3,4.5"])
    assert settings.decay_boundaries == (3.0, 4.5)


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        ("--learning_rate_schedule=step", "needs --decay_boundaries"),
        ("--decay_boundaries=2,1", '--decay_boundaries: received "2,1": must be rising numbers'),
        ("--decay_factors=0.1,0.1", "--decay_factors: received 2 factors: must be one, or one for"),
        ("--learning_rate_schedule=plateau --warmup_epochs=1", "--warmup_epochs: is not for"),
        ("--warmup_epochs=10", '"10": must be less than 10, the epochs'),
        (
            "--learning_rate_schedule=step --decay_boundaries=2 --warmup_epochs=2",
            '"2": must be less than 2, the first decay boundary',
        ),
        ("--lr_range_min=20", "--lr_range_min: must be less than --lr_range_max"),
        ("--architecture=cnn --kernel_initializer=identity", "is for Dense layers"),
        ("--model=build", '--model: received "build": must be empty, or package.module:function'),
    ],
)
def test_settings_that_do_not_go_together_are_refused(flags: str, problem: str):
    with pytest.raises(SettingsError, match=problem):
        parse(flags.split())
