"""Reading, splitting and standardising the data."""

from __future__ import annotations

import gzip
import struct
import sys
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from trial_image.data import DataError, load
from trial_image.settings import Settings


def table(path: Path, text: str) -> Settings:
    file = path / "table.csv"
    file.write_text(text)
    return Settings(dataset=str(file))


def idx(path: Path, array: np.ndarray) -> None:
    """An idx file of unsigned bytes, packed where the name says so."""
    sizes = struct.pack(f">{array.ndim}I", *array.shape)
    content = bytes([0, 0, 8, array.ndim]) + sizes + array.astype(np.uint8).tobytes()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def images(folder: Path, suffix: str) -> None:
    for part, count in (("train", 40), ("t10k", 10)):
        pixels = np.arange(count * 4).reshape(count, 2, 2) % 251
        idx(folder / f"{part}-images-idx3-ubyte{suffix}", pixels)
        idx(folder / f"{part}-labels-idx1-ubyte{suffix}", np.arange(count) % 4)


def test_digits_need_no_network_and_are_images_of_ten_classes():
    data = load(Settings())
    sizes = [len(part.y) for part in (data.train, data.validation, data.test)]
    assert sum(sizes) == 1797
    assert sizes[1] / sum(sizes[:2]) == pytest.approx(0.2, abs=0.01)
    assert data.train.x.shape[1:] == (8, 8, 1)
    assert data.classes == 10
    assert data.names == tuple(range(10))


def test_the_split_is_the_same_whatever_the_seed():
    first, second = load(Settings(seed=1)), load(Settings(seed=2))
    np.testing.assert_array_equal(first.validation.x, second.validation.x)


def test_each_part_has_every_class_in_proportion():
    data = load(Settings())
    for part in (data.validation, data.test):
        shares = np.bincount(part.y) / np.bincount(data.train.y)
        assert np.ptp(shares) < 0.02


def test_the_parts_share_no_example(tmp_path: Path):
    np.savez(tmp_path / "d.npz", x=np.arange(100.0)[:, None], y=np.arange(100) % 2)
    data = load(Settings(dataset=str(tmp_path / "d.npz")))
    seen = np.concatenate([part.x[:, 0] for part in (data.train, data.validation, data.test)])
    assert len(np.unique(seen)) == 100


def test_the_training_part_alone_sets_the_scale():
    data = load(Settings())
    assert data.train.x.mean() == pytest.approx(0, abs=1e-5)
    assert data.train.x.std() == pytest.approx(1, abs=1e-5)
    assert abs(data.validation.x.mean()) > 1e-5


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("name", ["fashion_mnist", "mnist"])
def test_images_come_from_four_idx_files(name: str, suffix: str, tmp_path: Path):
    images(tmp_path, suffix)
    data = load(Settings(dataset=name, data_dir=str(tmp_path)))
    assert data.train.x.shape == (32, 2, 2, 1)
    assert len(data.validation.y) == 8
    assert data.test.y.tolist() == [0, 1, 2, 3, 0, 1, 2, 3, 0, 1]


def test_a_variable_may_name_the_folder_of_images(tmp_path: Path, monkeypatch):
    images(tmp_path, ".gz")
    monkeypatch.setenv("FASHION_MNIST_DIR", str(tmp_path))
    assert load(Settings(dataset="fashion_mnist")).classes == 4


def test_a_folder_without_the_files_is_an_error(tmp_path: Path):
    with pytest.raises(DataError, match=r"has neither train-images-idx3-ubyte\.gz nor train-"):
        load(Settings(dataset="mnist", data_dir=str(tmp_path)))


@pytest.mark.parametrize("content", [b"no labels here", b"", b"\0\0\x08\x01\0\0\0\x09short"])
def test_a_file_that_is_no_idx_file_is_an_error(content: bytes, tmp_path: Path):
    images(tmp_path, "")
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(content)
    with pytest.raises(DataError, match="train-labels-idx1-ubyte: is no idx file"):
        load(Settings(dataset="mnist", data_dir=str(tmp_path)))


def test_a_download_that_fails_says_what_to_do(monkeypatch):
    def fail() -> None:
        raise Exception("URL fetch failure")

    monkeypatch.setattr(keras.datasets.cifar10, "load_data", fail)
    with pytest.raises(DataError, match=r"--dataset=cifar10: cannot be downloaded.*--data_dir"):
        load(Settings(dataset="cifar10"))


def test_colour_images_keep_their_channels_and_each_is_standardised(monkeypatch):
    x = np.random.default_rng(0).integers(0, 255, (50, 4, 4, 3), dtype=np.uint8)
    y = np.arange(50)[:, None] % 5
    monkeypatch.setattr(keras.datasets.cifar10, "load_data", lambda: ((x, y), (x[:5], y[:5])))
    data = load(Settings(dataset="cifar10"))
    assert data.train.x.shape == (40, 4, 4, 3)
    np.testing.assert_allclose(data.train.x.mean((0, 1, 2)), 0, atol=1e-5)


def test_arrays_of_keras_keep_their_own_test_part(tmp_path: Path):
    x, y = np.random.default_rng(0).random((30, 3)), np.arange(30) % 3
    np.savez(tmp_path / "d.npz", x_train=x, y_train=y, x_test=x[:6], y_test=y[:6])
    data = load(Settings(dataset=str(tmp_path / "d.npz")))
    assert (len(data.train.y) + len(data.validation.y), len(data.test.y)) == (30, 6)


def test_a_target_with_fractions_is_a_regression_in_its_own_unit(tmp_path: Path):
    y = np.linspace(0, 1000.5, 40)
    np.savez(tmp_path / "d.npz", x=y[:, None], y=y)
    data = load(Settings(dataset=str(tmp_path / "d.npz")))
    assert data.classes == 0
    assert data.train.y.dtype == np.float32
    assert data.train.y.max() > 900


def test_a_column_of_names_is_a_classification(tmp_path: Path):
    rows = "".join(f"{i},{'yes' if i % 2 else 'no'}\n" for i in range(20))
    data = load(table(tmp_path, "size,answer\n" + rows))
    assert data.classes == 2
    assert set(data.train.y) == {0, 1}


def test_the_target_may_be_any_column_and_the_task_may_be_said(tmp_path: Path):
    rows = "".join(f"{i % 7},{i}\n" for i in range(20))
    settings = table(tmp_path, "score,size\n" + rows)
    said = Settings(dataset=settings.dataset, target="score", task="regression")
    assert load(said).classes == 0
    assert load(Settings(dataset=settings.dataset, target="score")).classes == 7


def test_a_class_of_one_example_is_learned_from(tmp_path: Path):
    rows = "".join(f"{i},{'rare' if i == 3 else 'common'}\n" for i in range(20))
    data = load(table(tmp_path, "size,kind\n" + rows))
    assert (data.train.y == 1).sum() == 1


def test_a_constant_column_becomes_zero(tmp_path: Path):
    data = load(table(tmp_path, "same,y\n" + "7,0\n7,1\n" * 20))
    assert not data.train.x.any()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "cannot be read as a table"),
        ("a,y\n1,0\n2\n", "row 2 has 1 cells, the header 2"),
        ("a,y\n1,0\nmany,1\n", 'row 2, column a: received "many": must be a finite number'),
        ("a,y\n1,0\n,1\n", 'row 2, column a: received "": must be a finite number'),
        ("a,y\nnan,0\n", 'row 1, column a: received "nan"'),
        ("a,y\n1,nan\n2,1\n", "the target must be finite"),
        ("a,y\n1,0\n1e300,1\n", 'row 2, column a: received "1e300"'),
        ("a,a,y\n1,1,0\n", "two columns have one name"),
        ("a,y\n1,0\n2,0\n", "all examples are of one class"),
        ("a,y\n1,0\n2,1\n", "too few"),
        ("a,y\n", "must have a column beside the target, and rows"),
        ("y\n1\n2\n", "must have a column beside the target, and rows"),
    ],
)
def test_a_table_that_cannot_be_learned_from_is_an_error(text: str, problem: str, tmp_path: Path):
    with pytest.raises(DataError, match=problem):
        load(table(tmp_path, text))


def test_a_target_that_no_column_is_named_after_is_an_error(tmp_path: Path):
    settings = table(tmp_path, "a,y\n1,0\n")
    with pytest.raises(DataError, match='--target: received "z": must be one of a, y'):
        load(Settings(dataset=settings.dataset, target="z"))


@pytest.mark.parametrize(
    ("arrays", "problem"),
    [
        ({"a": np.zeros(3)}, r"has the arrays \['a'\]; must have x and y"),
        ({"x": np.zeros(3), "y": np.zeros(3)}, "x must be finite numbers of shape"),
        ({"x": np.full((3, 1), np.nan), "y": np.zeros(3)}, "x must be finite numbers"),
        ({"x": np.zeros((3, 1)), "y": np.zeros(4)}, "x has 3 examples and y 4"),
    ],
)
def test_arrays_that_cannot_be_learned_from_are_an_error(arrays, problem: str, tmp_path: Path):
    np.savez(tmp_path / "d.npz", **arrays)
    with pytest.raises(DataError, match=problem):
        load(Settings(dataset=str(tmp_path / "d.npz")))


@pytest.mark.parametrize("name", ["none.npz", "none.csv"])
def test_a_missing_file_is_an_error(name: str, tmp_path: Path):
    with pytest.raises(DataError, match=f"{name}: cannot be read"):
        load(Settings(dataset=str(tmp_path / name)))


def test_a_broken_archive_is_an_error(tmp_path: Path):
    np.savez(tmp_path / "d.npz", x=np.zeros((9, 9)))
    (tmp_path / "d.npz").write_bytes((tmp_path / "d.npz").read_bytes()[:200])
    with pytest.raises(DataError, match="cannot be read"):
        load(Settings(dataset=str(tmp_path / "d.npz")))


def test_a_test_part_of_another_shape_is_an_error(tmp_path: Path):
    x, y = np.random.default_rng(0).random((30, 3)), np.arange(30) % 3
    np.savez(tmp_path / "d.npz", x_train=x, y_train=y, x_test=x[:, :2], y_test=y)
    with pytest.raises(DataError, match="not one shape"):
        load(Settings(dataset=str(tmp_path / "d.npz")))


def test_a_test_part_with_another_class_is_an_error(tmp_path: Path):
    x, y = np.random.default_rng(0).random((30, 3)), np.arange(30) % 3
    np.savez(tmp_path / "d.npz", x_train=x, y_train=y, x_test=x, y_test=y + 1)
    with pytest.raises(DataError, match=r"classes that training lacks: \{3\}"):
        load(Settings(dataset=str(tmp_path / "d.npz")))


def test_a_parquet_file_is_a_table(tmp_path: Path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    kinds = ["round", "long"] * 15
    columns = {"size": list(range(30)), "kind": kinds, "weight": [0.5] * 30}
    parquet.write_table(pyarrow.table(columns), tmp_path / "t.parquet")
    data = load(Settings(dataset=str(tmp_path / "t.parquet"), target="kind"))
    assert data.names == ("long", "round")
    assert data.train.x.shape[1:] == (2,)


def test_parquet_without_its_package_names_it(tmp_path: Path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(DataError, match=r"t\.parquet: needs the package pyarrow"):
        load(Settings(dataset=str(tmp_path / "t.parquet")))


def pictures(folder: Path) -> Settings:
    """Ten light and ten dark pictures of various sizes, in a folder each."""
    for name, shade in (("dark", 20), ("light", 220)):
        (folder / name).mkdir()
        for number in range(10):
            pixels = np.full((6 + number, 9, 3), shade + number, np.uint8)
            (folder / name / f"{number}.png").write_bytes(tf.io.encode_png(pixels).numpy())
    return Settings(dataset=str(folder), image_size=4)


def test_a_folder_of_pictures_per_class_is_data(tmp_path: Path):
    data = load(pictures(tmp_path))
    assert data.train.x.shape[1:] == (4, 4, 3)
    assert data.names == ("dark", "light")
    dark = data.train.x[data.train.y == 0]
    assert dark.max() < data.train.x[data.train.y == 1].min()


def test_pictures_may_be_read_without_their_colours(tmp_path: Path):
    data = load(replace(pictures(tmp_path), color_mode="grayscale"))
    assert data.train.x.shape[1:] == (4, 4, 1)


def test_a_folder_without_pictures_is_an_error(tmp_path: Path):
    (tmp_path / "dark").mkdir()
    with pytest.raises(DataError, match="has no folders of images that can be read"):
        load(Settings(dataset=str(tmp_path)))


def test_a_picture_that_cannot_be_read_is_an_error(tmp_path: Path):
    settings = pictures(tmp_path)
    (tmp_path / "dark" / "3.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match="has no folders of images that can be read"):
        load(settings)
