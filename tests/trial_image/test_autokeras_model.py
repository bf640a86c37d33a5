"""The space that AutoKeras searches, and what is put right in it."""

from __future__ import annotations

from pathlib import Path

import keras_tuner
import numpy as np
import pytest

from trial_image.autokeras_model import arrays, build
from trial_image.autokeras_settings import parse
from trial_image.data import Data, Part

ROWS = 64


def data(x: np.ndarray, classes: int) -> Data:
    part = Part(x, (np.arange(len(x)) % (classes or len(x))).astype(np.int32))
    return Data(train=part, validation=part, test=part, classes=classes)


IMAGES = data(np.zeros((ROWS, 8, 8, 1), np.float32), classes=3)
TABLE = data(np.zeros((ROWS, 4), np.float32), classes=0)
TEXTS = data(np.zeros((ROWS, 6), np.int32), classes=2)
OF_TABLE = ["--task=structured_data_regression", "--dataset=d.csv"]
OF_TEXT = ["--task=text_classification", "--dataset=d.csv"]


def space(folder: Path, data: Data, *flags: str):
    """The graph of a search, with the shapes of ``data``."""
    settings = parse([f"--output_dir={folder}", *flags])
    graph = build(settings, data, tokens=20).tuner.hypermodel
    graph.num_samples, graph.epochs = ROWS, settings.epochs
    graph.set_io_shapes([[np.array(a.shape)] for a in arrays(settings, data.train, data.classes)])
    graph.inputs[0].dtype = "float32"
    return graph


@pytest.mark.parametrize(
    ("data", "flags", "outputs"),
    [
        (IMAGES, [], 3),
        (IMAGES, ["--block=dense"], 3),
        (TABLE, OF_TABLE, 1),
        (TEXTS, OF_TEXT, 1),
        (TEXTS, [*OF_TEXT, "--block=rnn"], 1),
    ],
)
def test_every_block_makes_a_model_of_the_data(tmp_path: Path, data: Data, flags, outputs: int):
    model = space(tmp_path, data, *flags).build(keras_tuner.HyperParameters())
    assert model.output_shape == (None, outputs)
    assert model.count_params() < 1_000_000


def test_units_are_integers_of_python_which_newer_versions_of_keras_insist_on(tmp_path: Path):
    graph = space(tmp_path, IMAGES)
    assert [type(n) for n in graph.inputs[0].shape] == [int, int, int]
    assert [type(n) for n in graph.outputs[0].in_blocks[0].shape] == [int]


def test_the_rate_of_adam_weight_decay_reaches_zero_with_the_last_epoch_and_not_before(
    tmp_path: Path,
):
    graph = space(
        tmp_path, TABLE, *OF_TABLE, "--optimizer=adam_weight_decay", "--batch_size=16", "--epochs=5"
    )
    rate = graph.build(space_of("adam_weight_decay")).optimizer._learning_rate
    steps = 5 * ROWS // 16
    assert [float(rate(step)) for step in (0, steps // 2, steps)] == pytest.approx([1e-3, 5e-4, 0])


def space_of(optimizer: str) -> keras_tuner.HyperParameters:
    hp = keras_tuner.HyperParameters()
    hp.Choice("optimizer", [optimizer])
    return hp


@pytest.mark.parametrize("tuner", ["greedy", "random", "bayesian", "hyperband"])
def test_every_tuner_keeps_to_the_optimizer_asked_for(tmp_path: Path, tuner: str):
    settings = parse([f"--output_dir={tmp_path}", *OF_TABLE, "--optimizer=sgd", f"--tuner={tuner}"])
    hp = build(settings, TABLE).tuner.oracle.get_space()
    assert hp.Choice("optimizer", ["adam", "sgd", "adam_weight_decay"]) == "sgd"
    assert [choice.values for choice in hp.space] == [["sgd"]]


def test_of_two_classes_there_is_one_column_and_of_more_one_each():
    settings = parse([])
    part = Part(np.zeros((3, 8, 8, 1)), np.array([0, 2, 1]))
    assert arrays(settings, part, 3)[1].tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]
    assert arrays(settings, part, 2)[1].tolist() == [[0], [2], [1]]


def test_structured_data_may_be_pixels_in_a_row():
    settings = parse(["--task=structured_data_classification"])
    assert arrays(settings, IMAGES.train, 3)[0].shape == (ROWS, 64)
