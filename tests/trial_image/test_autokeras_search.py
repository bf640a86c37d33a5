"""Whole AutoKeras searches."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import keras
import numpy as np
import pytest

from trial_image.autokeras_search import main
from trial_image.autokeras_settings import parse
from trial_image.data import load

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning"  # KerasTuner calls old names of threading; Python shows it nobody
)
KATIB = re.compile(r"([\w|-]+)\s*=\s*([+-]?\d*(\.\d+)?([Ee][+-]?\d+)?)")
TABLE = ["--task=structured_data_regression", "--epochs=2", "--batch_size=64"]
METRICS = {"epoch", "trial", "loss", "mae", "val_loss", "val_mae"}


@pytest.fixture(autouse=True)
def _signals_stay_those_of_pytest(monkeypatch):
    monkeypatch.setattr("trial_image.autokeras_search.end_on_sigterm", lambda: None)


def read(text: str) -> list[dict[str, float]]:
    """What Katib reads of each line that has metrics."""
    lines = [{m[1]: float(m[2]) for m in KATIB.finditer(line)} for line in text.splitlines()]
    return [line for line in lines if line]


def table(folder: Path) -> str:
    x = np.random.default_rng(0).normal(size=(200, 3))
    np.savez(folder / "d.npz", x=x, y=x @ [1, 2, 3])
    return f"--dataset={folder / 'd.npz'}"


def rows(folder: Path) -> list[dict]:
    return json.loads((folder / "trials.json").read_text())


@pytest.mark.slow
def test_a_search_for_images_prints_a_line_per_model_and_keeps_the_best(tmp_path: Path, capsys):
    flags = ["--max_trials=2", "--epochs=1", "--batch_size=64", "--optimizer=adam"]
    settings = parse([*flags, f"--output_dir={tmp_path}"])
    assert main(settings) == 0
    first, second, last = read(capsys.readouterr().out)
    assert [first["trial"], second["trial"]] == [1, 2]
    assert last == max(first, second, key=lambda line: line["val_accuracy"])
    assert last.keys() == {"epoch", "trial", "accuracy", "loss", "val_accuracy", "val_loss"}
    assert json.loads((tmp_path / "classes.json").read_text())["classes"] == list(range(10))
    assert "Conv2D" in (tmp_path / "summary.txt").read_text()
    assert len((tmp_path / "trials.md").read_text().splitlines()) == 4
    result = json.loads((tmp_path / "result.json").read_text())
    assert result["settings"]["dataset"] == "digits"
    check_the_model_elsewhere(tmp_path, result)
    check_the_picture(tmp_path)


def check_the_model_elsewhere(folder: Path, result: dict) -> None:
    """Another process, without AutoKeras, measures what the search did."""
    data = load(parse([]).data)
    mean, deviation = data.scale
    pixels = data.validation.x * deviation + mean
    np.savez(folder / "validation.npz", x=pixels, y=data.validation.y)
    program = """
import keras, numpy, sys
model, data = keras.models.load_model("best_model.keras"), numpy.load("validation.npz")
assert "autokeras" not in sys.modules
print("accuracy", (model.predict(data["x"], verbose=0).argmax(axis=1) == data["y"]).mean())
print("parameters", model.count_params())
"""
    command = [sys.executable, "-c", program]
    ended = subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder)
    measured = dict(line.split() for line in ended.stdout.splitlines())
    assert float(measured["accuracy"]) == pytest.approx(result["metrics"]["val_accuracy"])
    assert int(measured["parameters"]) == result["parameters"]


def check_the_picture(folder: Path) -> None:
    texts = [node.text for node in ElementTree.parse(folder / "architecture.svg").iter()]
    *_, searched = keras.models.load_model(folder / "best_model.keras").layers
    for layer in searched.layers[1:]:
        assert any(text and text.startswith(f"{layer.name}, ") for text in texts), layer.name


@pytest.mark.slow
def test_hyperband_goes_on_with_the_best_model_of_its_first_rung(tmp_path: Path, capsys):
    flags = ["--tuner=hyperband", "--epochs=3", "--max_trials=4", table(tmp_path)]
    assert main(parse([*TABLE, *flags, f"--output_dir={tmp_path}"])) == 0
    *first_rung, fourth = rows(tmp_path)
    assert [row["hyperparameters"]["tuner/epochs"] for row in first_rung] == [1, 1, 1]
    best = min(first_rung, key=lambda row: row["score"])
    assert fourth["hyperparameters"]["tuner/trial_id"] == best["folder"].removeprefix("trial_")
    assert fourth["status"] == "COMPLETED"
    assert fourth["epoch"] > 1
    assert read(capsys.readouterr().out)[-1].keys() == METRICS


@pytest.mark.slow
def test_models_that_are_too_large_are_told_and_where_no_other_is_left_the_search_fails(
    tmp_path: Path, capsys
):
    flags = ["--max_trials=4", "--tuner=random", "--max_model_size=3", table(tmp_path)]
    assert main(parse([*TABLE, *flags, f"--output_dir={tmp_path}"])) == 1
    captured = capsys.readouterr()
    assert captured.out.count("failed: ") == 4
    assert read(captured.out) == []
    assert "no trial succeeded: " in captured.err
    assert "Oversized model" in captured.err
    assert [row["status"] for row in rows(tmp_path)] == ["FAILED"] * 4


@pytest.mark.slow
def test_the_best_model_of_texts_takes_texts(tmp_path: Path):
    texts = [f"{word} {i % 7}" for i in range(60) for word in ("good", "bad")]
    labels = ["yes" if text.startswith("good") else "no" for text in texts]
    lines = ["body,label", *map(",".join, zip(texts, labels, strict=True))]
    (tmp_path / "d.csv").write_text("\n".join(lines))
    flags = ["--task=text_classification", f"--dataset={tmp_path / 'd.csv'}", "--max_trials=1"]
    flags += ["--output_sequence_length=4", "--epochs=3", "--batch_size=16", "--optimizer=adam"]
    assert main(parse([*flags, f"--output_dir={tmp_path / 'out'}"])) == 0
    assert json.loads((tmp_path / "out/classes.json").read_text())["classes"] == ["no", "yes"]
    model = keras.models.load_model(tmp_path / "out/best_model.keras")
    good, bad = model.predict(np.array(["good 3", "Bad, 3!"], object), verbose=0)[:, 0]
    assert good > bad


@pytest.mark.slow
def test_a_search_that_was_killed_goes_on_and_ends_as_if_it_had_not_been(tmp_path: Path, capsys):
    flags = [*TABLE, "--max_trials=4", table(tmp_path)]
    assert until("trial=2 ", signal.SIGTERM, [*flags, f"--output_dir={tmp_path / 'killed'}"]) == 143
    assert [row["status"] for row in rows(tmp_path / "killed")][:2] == ["COMPLETED"] * 2
    assert until("trial=3 ", signal.SIGKILL, [*flags, f"--output_dir={tmp_path / 'killed'}"]) == -9
    assert main(parse([*flags, f"--output_dir={tmp_path / 'killed'}"])) == 0
    resumed = [line["trial"] for line in read(capsys.readouterr().out)]
    assert resumed[0] == 4
    assert main(parse([*flags, f"--output_dir={tmp_path / 'whole'}"])) == 0
    assert rows(tmp_path / "killed") == rows(tmp_path / "whole")


def until(text: str, signal_number: int, flags: list[str]) -> int:
    """Search in a process of its own until it has printed ``text``, and end it then."""
    command = [sys.executable, "-m", "trial_image.autokeras_search", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        next(line for line in process.stdout if text.encode() in line)
        process.send_signal(signal_number)
        return process.wait(timeout=10)


def test_a_search_is_not_gone_on_with_under_other_settings(tmp_path: Path, capsys):
    settings = parse([f"--output_dir={tmp_path}"])
    begun = settings.flags() | {"batch_size": 64}
    (tmp_path / "settings.json").write_text(json.dumps(begun))
    assert main(settings) == 2
    assert capsys.readouterr().err.splitlines() == [
        f'--batch_size: received "32": the search in {tmp_path} was begun with "64"',
        "--overwrite begins anew",
    ]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--dataset=none.npz"], "none.npz: cannot be read"),
        (["--task=image_regression"], "the target of this dataset is classes"),
        (["--task=text_classification", "--dataset=none.csv"], "none.csv: cannot be read"),
    ],
)
def test_data_that_do_not_suit_end_with_3_and_say_so(tmp_path: Path, capsys, flags, message: str):
    assert main(parse([*flags, f"--output_dir={tmp_path}"])) == 3
    assert message in capsys.readouterr().err


def test_a_state_that_cannot_be_read_ends_with_1_and_says_what_to_do(tmp_path: Path, capsys):
    project = tmp_path / "search"
    project.mkdir()
    for name in ("oracle.json", "tuner0.json"):
        (project / name).write_text('{"ongoing')
    assert main(parse([*TABLE, table(tmp_path), f"--output_dir={tmp_path}"])) == 1
    assert re.search("the search in it cannot be read .*--overwrite", capsys.readouterr().err)


def test_streams_are_refused(tmp_path: Path, capsys):
    (tmp_path / "own.py").write_text("""
import tensorflow as tf

def data():
    batches = tf.data.Dataset.from_tensor_slices(([[0.0], [1.0]], [0, 1])).batch(2)
    return batches, batches
""")
    flags = ["--task=structured_data_classification", f"--dataset={tmp_path / 'own.py'}:data"]
    assert main(parse([*flags, f"--output_dir={tmp_path}"])) == 3
    assert "arrays alone" in capsys.readouterr().err


def test_tables_are_no_images(tmp_path: Path, capsys):
    flags = ["--task=image_regression", table(tmp_path), f"--output_dir={tmp_path}"]
    assert main(parse(flags)) == 3
    assert "the examples have the shape (3,)" in capsys.readouterr().err
