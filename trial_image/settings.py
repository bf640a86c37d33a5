"""The settings of a Trial: one row each, from which flags, help, defaults and checks follow.

It loads no TensorFlow, so ``--help`` and wrong flags are answered at once.
"""

from __future__ import annotations

from dataclasses import dataclass

from trial_image.rules import (
    ANY,
    POSITIVE,
    PROPER_SHARE,
    SEED,
    SHARE,
    SWITCH,
    Rule,
    at_least,
    one_of,
    setting,
)

DATASETS = ("digits", "fashion_mnist", "mnist", "cifar10")
IDX_DATASETS = ("fashion_mnist", "mnist")
OPTIMIZERS = (
    "sgd",
    "momentum",
    "nesterov",
    "adam",
    "adamw",
    "nadam",
    "adamax",
    "rmsprop",
    "adagrad",
    "adadelta",
    "lion",
    "ftrl",
)
ACTIVATIONS = ("relu", "elu", "selu", "gelu", "silu", "tanh", "sigmoid", "leaky_relu", "linear")
TASKS = ("auto", "classification", "regression")
DATASET = Rule(
    f"one of {', '.join(DATASETS)}, or the path of an .npz or .csv file",
    lambda value: value in DATASETS or value.endswith((".npz", ".csv")),
)


class SettingsError(ValueError):
    """The flags are wrong; the text has one line per problem."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All that a Trial can be told."""

    dataset: str = setting("digits", DATASET, "what to learn")
    data_dir: str = setting(
        "",
        ANY,
        "folder of the four idx files (.gz or not) of fashion_mnist or mnist; the variable "
        "FASHION_MNIST_DIR or MNIST_DIR says the same; without either Keras downloads them",
    )
    target: str = setting("", ANY, "column of a .csv file to predict; the last one where empty")
    task: str = setting(
        "auto",
        one_of(TASKS),
        "what a file's target is; auto: regression where it has fractions or over 100 values",
    )
    test_split: float = setting(
        0.15, PROPER_SHARE, "share kept for the final test, where the data has no test part"
    )
    validation_split: float = setting(0.2, PROPER_SHARE, "share of the rest kept for validation")

    num_layers: int = setting(2, at_least(0), "hidden Dense layers")
    units: int = setting(64, at_least(1), "width of each hidden layer")
    activation: str = setting("relu", one_of(ACTIVATIONS), "activation of the hidden layers")
    dropout: float = setting(0.0, SHARE, "share of each hidden layer's outputs to drop")

    optimizer: str = setting(
        "adam", one_of(OPTIMIZERS), "momentum and nesterov are sgd with a momentum of 0.9"
    )
    learning_rate: float = setting(1e-3, POSITIVE, "step size of the optimizer")
    batch_size: int = setting(32, at_least(1), "examples per step")
    epochs: int = setting(10, at_least(1), "passes over the training part")
    early_stopping_patience: int = setting(
        0, at_least(0), "epochs without a better val_loss until training ends; 0: never"
    )

    seed: int = setting(0, SEED, "of start weights, shuffling and dropout; the split has its own")
    deterministic: bool = setting(False, SWITCH, "same seed, same bits, on a GPU too; slower")
