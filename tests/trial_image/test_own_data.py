"""Data from a function of the user's own."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from trial_image.data import DataError, Stream, load
from trial_image.settings import Settings, SettingsError

X = np.random.default_rng(0).normal(size=(40, 3))
Y = np.arange(40) % 4


@pytest.fixture
def returning(monkeypatch):
    """Settings whose dataset is a function that returns what it is given."""

    def settings(returned, **given) -> Settings:
        module = type(sys)("own_data_of_a_test")
        module.make = lambda: returned
        monkeypatch.setitem(sys.modules, "own_data_of_a_test", module)
        return Settings(dataset="own_data_of_a_test:make", **given)

    return settings


def batches(x=X, y=Y, size: int = 16) -> tf.data.Dataset:
    return tf.data.Dataset.from_tensor_slices((x, y)).batch(size)


def test_arrays_are_split_and_standardised_as_a_files_are(returning, tmp_path: Path):
    np.savez(tmp_path / "d.npz", x=X, y=Y)
    own, file = load(returning((X, Y))), load(Settings(dataset=str(tmp_path / "d.npz")))
    for name in ("train", "validation", "test"):
        np.testing.assert_array_equal(getattr(own, name).x, getattr(file, name).x)
        np.testing.assert_array_equal(getattr(own, name).y, getattr(file, name).y)


def test_parts_that_are_given_stay_parts(returning):
    data = load(returning(((X[:20], Y[:20]), (X[20:32], Y[20:32]), (X[32:], Y[32:]))))
    assert [len(part) for part in (data.train, data.validation, data.test)] == [20, 12, 8]
    assert data.train.x.mean() == pytest.approx(0, abs=1e-6)
    assert data.validation.y.tolist() == Y[20:32].tolist()


def test_of_two_parts_the_test_is_split_off_the_first(returning):
    data = load(returning(((X[:20], Y[:20]), (X[20:], Y[20:])), test_split=0.25))
    assert [len(part) for part in (data.train, data.validation, data.test)] == [16, 20, 4]


def test_targets_with_fractions_and_in_a_column_are_a_regression(returning):
    data = load(returning((X, X[:, :1])))
    assert data.classes == 0
    assert data.train.y.ndim == 1


def test_streams_stay_as_they_are_and_are_counted(returning):
    data = load(returning((batches(), batches(X[:8], Y[:8]))))
    assert isinstance(data.train, Stream)
    assert (len(data.train), len(data.validation), data.classes) == (40, 8, 4)
    np.testing.assert_array_equal(data.train.x, X[:16])
    assert data.test is None


def test_single_examples_are_put_into_batches(returning):
    single = tf.data.Dataset.from_tensor_slices((X, X[:, 0]))
    data = load(returning((single, single), batch_size=10))
    assert [len(y) for _, y in data.train.batches] == [10] * 4
    assert data.classes == 0


@pytest.mark.parametrize(
    ("returned", "problem"),
    [
        (None, r"must return \(x, y\), or two or three of .*, not a NoneType"),
        ((X,), "not a tuple of ndarray"),
        (((X, Y), X), "not a tuple of tuple, ndarray"),
        (((X, Y), batches()), "all of one kind"),
        ((X, np.zeros((40, 2))), r"y has the shape \[40, 2\]: must be \[examples\]"),
        ((X, Y[:-1]), "x has 40 examples and y 39"),
        (((X, Y), (X[:, :2], Y)), "the examples of two parts have not one shape"),
        (((X, Y), (X, Y + 1)), r"a part has classes that training lacks: \{4\}"),
        ((batches().repeat(), batches()), "a tf.data.Dataset must end"),
        ((batches().take(0), batches()), "a tf.data.Dataset is empty"),
        ((tf.data.Dataset.range(3), batches()), r"must have pairs \(x, y\)"),
    ],
)
def test_what_cannot_be_learned_from_is_an_error(returning, returned, problem: str):
    with pytest.raises(DataError, match=problem):
        load(returning(returned))


def test_a_share_of_a_stream_is_for_its_maker_to_take(returning):
    with pytest.raises(DataError, match="--data_fraction: is for arrays"):
        load(returning((batches(), batches()), data_fraction=0.5))


def test_a_function_is_given_settings_and_flags_of_its_own(tmp_path: Path):
    source = "import numpy as np\ndef make(noise, seed, kind='even'):\n"
    source += "    x = np.arange(40.0)[:, None] * noise + seed\n    return x, x[:, 0] % 3\n"
    (tmp_path / "wave.py").write_text(source)
    settings = {"dataset": f"{tmp_path / 'wave.py'}:make", "seed": 2}
    data = load(Settings(**settings, hyperparameters={"noise": 1}))
    assert data.classes == 3
    with pytest.raises(SettingsError, match="--dataset: its function needs --noise"):
        load(Settings(**settings))
