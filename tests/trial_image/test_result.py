"""What a Trial leaves behind."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from trial_image.data import Data, Part
from trial_image.epochs import prepare
from trial_image.errors import OutputError
from trial_image.result import errors, finite, latency, write_result
from trial_image.settings import Settings

# Keras 3.12 converts its variables in a way that NumPy 2 warns of.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

RANDOM = np.random.default_rng(0)
HISTORY = [{"epoch": 1, "loss": 0.7, "val_loss": 0.8}]


SCALE = (np.float32([1, 2, 3]), np.float32([1, 0.5, 4]))


def a_part(examples: int) -> Part:
    x = RANDOM.normal(size=(examples, 3)).astype(np.float32)
    return Part(x, (x[:, 0] > 0).astype(np.int32))


DATA = Data(a_part(60), a_part(30), a_part(10), classes=2, names=("no", "yes"), scale=SCALE)


def a_model() -> keras.Model:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss=loss, metrics=["accuracy"])
    prepare(model, DATA.train)
    return model


def written(folder: Path, model: keras.Model, **settings) -> dict:
    write_result(model, Settings(output_dir=str(folder), **settings), DATA, HISTORY)
    return json.loads((folder / "result.json").read_text())


def test_a_result_tells_what_the_model_is_and_does(tmp_path: Path):
    model = a_model()
    result = written(tmp_path / "new", model, units=48)
    assert result["parameters"] == 3 * 2 + 2
    assert result["model_bytes"] == (tmp_path / "new" / "model.keras").stat().st_size
    assert result["history"] == HISTORY
    assert result["settings"]["units"] == 48
    assert result["classes"] == ["no", "yes"]
    assert result["inference"].keys() == {"batch_size", "seconds"}


def test_the_gap_is_between_training_and_validation(tmp_path: Path):
    model = a_model()
    result = written(tmp_path, model)
    seen, unseen = result["train"]["accuracy"], result["validation"]["accuracy"]
    predicted = model.predict(DATA.train.x, verbose=0).argmax(axis=1)
    assert seen == pytest.approx((predicted == DATA.train.y).mean())
    assert result["generalization_gap"]["accuracy"] == pytest.approx(unseen - seen)
    assert (result["bias"], result["variance"]) == (
        pytest.approx(1 - seen),
        pytest.approx(seen - unseen),
    )


def test_bias_and_variance_of_a_regression_are_of_its_loss():
    assert errors({"loss": 2.0}, {"loss": 5.0}) == {"bias": 2.0, "variance": 3.0}


def test_the_model_is_there_to_load_and_takes_data_as_they_were_read(tmp_path: Path):
    model = a_model()
    written(tmp_path, model)
    again = keras.saving.load_model(tmp_path / "model.keras")
    raw = DATA.validation.x * SCALE[1] + SCALE[0]
    expected = model.predict(DATA.validation.x, verbose=0)
    np.testing.assert_allclose(again.predict(raw, verbose=0), expected, rtol=1e-4, atol=1e-5)
    assert not (tmp_path / "export").exists()


def test_a_saved_model_is_written_where_asked_for(tmp_path: Path):
    model = a_model()
    written(tmp_path, model, export_model=True)
    served = tf.saved_model.load(tmp_path / "export")
    raw = DATA.validation.x * SCALE[1] + SCALE[0]
    expected = model.predict(DATA.validation.x, verbose=0)
    np.testing.assert_allclose(served.serve(raw), expected, rtol=1e-4, atol=1e-5)


def test_the_latency_is_the_median_of_many_after_the_first(monkeypatch):
    durations = iter([0.0, 3.0] + [0.0, 1.0] * 10 + [0.0, 2.0] * 9)
    monkeypatch.setattr("trial_image.result.time.perf_counter", lambda: next(durations))
    batches = []
    model = type(sys)("model")
    model.predict_on_batch = batches.append
    assert latency(model, DATA, 8) == 1.5
    assert [len(batch) for batch in batches] == [8] * 21


def test_numbers_that_json_has_no_word_for_are_null():
    assert finite({"a": [float("nan"), 1.0], "b": (float("inf"), "x")}) == {
        "a": [None, 1.0],
        "b": [None, "x"],
    }


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"--output_dir=.*cannot be written"):
        written(tmp_path / "file", a_model())
