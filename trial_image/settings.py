"""The settings of a Trial: one row each, from which flags, help, defaults and checks follow.

It loads no TensorFlow, so ``--help`` and wrong flags are answered at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trial_image.own import found
from trial_image.rules import (
    ANY,
    FUNCTION,
    NOT_NEGATIVE,
    NUMBER,
    POSITIVE,
    POSITIVES,
    PROPER_SHARE,
    RISING,
    SEED,
    SHARE,
    SHARE_OF_ALL,
    SWITCH,
    Rule,
    at_least,
    one_of,
    setting,
    some_of,
)

DATASETS = ("digits", "fashion_mnist", "mnist", "cifar10")
IDX_DATASETS = ("fashion_mnist", "mnist")
TASKS = ("auto", "classification", "regression")
FILES = ("npz", "csv", "parquet")
COLOR_MODES = ("rgb", "grayscale")


def kind_of(dataset: str) -> str:
    """One of :data:`DATASETS` or :data:`FILES`, ``function``, ``images`` (a folder), or empty."""
    suffix = dataset.rpartition(".")[2]
    if dataset in DATASETS or suffix in FILES:
        return dataset if dataset in DATASETS else suffix
    if FUNCTION.holds(dataset):
        return "function"
    return "images" if dataset and found(dataset).is_dir() else ""


DATASET = Rule(
    f"one of {', '.join(DATASETS)}, the path of a .npz, .csv or .parquet file, a folder with a "
    f"folder of images per class, or {FUNCTION.text}",
    lambda value: kind_of(value) != "",
)
METRICS_MODES = ("lines", "json", "tensorboard", "push")
ARCHITECTURES = ("mlp", "cnn")
ACTIVATIONS = ("relu", "elu", "selu", "gelu", "silu", "tanh", "sigmoid", "leaky_relu", "linear")
INITIALIZERS = (
    "auto",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "truncated_normal",
    "variance_scaling",
    "zeros",
)
OPTIMIZERS = (
    "sgd",
    "momentum",
    "nesterov",
    "adam",
    "adamw",
    "nadam",
    "adamax",
    "adafactor",
    "rmsprop",
    "adagrad",
    "adadelta",
    "lamb",
    "lion",
    "ftrl",
)
"""Keras's, and two variants. Its Muon does not run on TensorFlow: it looks for the ``path`` of a
variable, which TensorFlow's have not."""
SCHEDULES = ("constant", "exponential", "step", "cosine", "plateau")
FLIPS = ("none", "horizontal", "vertical", "horizontal_and_vertical")
POLICIES = ("float32", "mixed_float16", "mixed_bfloat16", "float64")
MODEL = Rule(f"empty, or {FUNCTION.text}", lambda value: not value or FUNCTION.holds(value))


class SettingsError(ValueError):
    """The flags are wrong; the text has one line per problem."""


def argument(kind: type, rule: Rule, text: str, *, group: str = "") -> Any:  # noqa: ANN401
    """A row of an optimizer's argument: it reaches the optimizer only where it is given."""
    return setting(None, rule, text, kind=kind, group=group)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All that a Trial can be told."""

    dataset: str = setting("digits", DATASET, "what to learn", group="Data")
    data_dir: str = setting(
        "",
        ANY,
        "folder of the four idx files (.gz or not) of fashion_mnist or mnist; the variable "
        "FASHION_MNIST_DIR or MNIST_DIR says the same; without either Keras downloads them",
    )
    target: str = setting(
        "", ANY, "column of a .csv or .parquet file to predict; the last one where empty"
    )
    task: str = setting(
        "auto",
        one_of(TASKS),
        "what the target of a file or function is; auto: regression where it has fractions or over "
        "100 values, or, in a tf.data.Dataset, where it is no integer",
    )
    image_size: int = setting(64, at_least(1), "sides that the images of a folder are resized to")
    color_mode: str = setting("rgb", one_of(COLOR_MODES), "channels of the images of a folder")
    test_split: float = setting(
        0.15, PROPER_SHARE, "share kept for the final test, where the data has no test part"
    )
    validation_split: float = setting(0.2, PROPER_SHARE, "share of the rest kept for validation")
    data_fraction: float = setting(
        1.0,
        SHARE_OF_ALL,
        "share of the training part to learn from, of each class alike; a larger share holds all "
        "of a smaller one; the validation part stays whole",
    )
    random_flip: str = setting(
        "none", one_of(FLIPS), "images are turned over at random while training", group="Images"
    )
    random_translation: float = setting(
        0.0, SHARE, "largest random shift while training, as a share of an image's sides"
    )
    random_rotation: float = setting(
        0.0, SHARE, "largest random rotation while training, as a share of a whole turn"
    )
    random_zoom: float = setting(
        0.0, SHARE, "largest random zoom, in or out, while training, as a share of the sides"
    )

    model: str = setting(
        "",
        MODEL,
        "a function of your own that returns a Keras model; flags not listed here become its "
        "arguments",
        group="Model",
    )
    architecture: str = setting(
        "mlp",
        one_of(ARCHITECTURES),
        "mlp: Dense layers; cnn: for images, convolutions with pooling and one Dense layer",
    )
    num_layers: int = setting(2, at_least(0), "hidden Dense layers; of a cnn: convolutions")
    units: int = setting(64, at_least(1), "width of each hidden Dense layer")
    filters: int = setting(
        32, at_least(1), "channels of the first convolution; they double wherever a side halves"
    )
    kernel_size: int = setting(3, at_least(1), "sides of a convolution's window")
    activation: str = setting("relu", one_of(ACTIVATIONS), "activation of the hidden layers")
    batch_normalization: bool = setting(
        False, SWITCH, "normalize between each hidden layer and its activation"
    )
    kernel_initializer: str = setting(
        "auto",
        one_of(INITIALIZERS),
        "start weights; auto: he_normal where relu or leaky_relu follows, else glorot_uniform",
    )
    dropout: float = setting(
        0.0, SHARE, "share of each hidden layer's outputs to drop", group="Regularization"
    )
    l1: float = setting(0.0, NOT_NEGATIVE, "penalty on the absolute value of each kernel weight")
    l2: float = setting(0.0, NOT_NEGATIVE, "penalty on the square of each kernel weight")
    early_stopping_patience: int = setting(
        0, at_least(0), "epochs without progress until training ends; 0: never"
    )
    early_stopping_monitor: str = setting(
        "val_loss", ANY, "metric to judge progress by; the weights of its best epoch are restored"
    )
    early_stopping_mode: str = setting(
        "auto", one_of(("auto", "min", "max")), "which way that metric is better; auto: by its name"
    )
    early_stopping_min_delta: float = setting(
        0.0, NOT_NEGATIVE, "smallest change of that metric that is progress"
    )

    learning_rate: float = setting(
        1e-3, POSITIVE, "step size of the optimizer at the start", group="Learning rate"
    )
    base_batch_size: int = setting(
        0,
        at_least(0),
        "the learning rate is meant for this batch size, and is multiplied by "
        "batch_size / base_batch_size; 0: it is taken as it is",
    )
    learning_rate_schedule: str = setting(
        "constant", one_of(SCHEDULES), "how the learning rate changes while training"
    )
    warmup_epochs: float = setting(
        0.0, NOT_NEGATIVE, "first epochs, in which the rate rises evenly; not with plateau"
    )
    decay_rate: float = setting(0.9, SHARE_OF_ALL, "exponential: factor per decay_epochs")
    decay_epochs: float = setting(1.0, POSITIVE, "exponential: epochs until decay_rate is reached")
    decay_boundaries: tuple[float, ...] = setting(
        (), RISING, "step: epochs after which the rate steps down"
    )
    decay_factors: tuple[float, ...] = setting(
        (0.1,), POSITIVES, "step: factor of the rate at each boundary; a single one is for all"
    )
    alpha: float = setting(0.0, SHARE, "cosine: what is left of the rate at the end, as a share")
    plateau_factor: float = setting(0.1, PROPER_SHARE, "plateau: factor of the rate at a plateau")
    plateau_patience: int = setting(
        5, at_least(1), "plateau: epochs without a better val_loss until the rate falls"
    )
    min_learning_rate: float = setting(0.0, NOT_NEGATIVE, "plateau: the rate falls no lower")
    lr_range_test: bool = setting(
        False,
        SWITCH,
        "train no model, but raise the rate step by step, and suggest one from the losses",
    )
    lr_range_min: float = setting(1e-6, POSITIVE, "lr_range_test: first rate")
    lr_range_max: float = setting(10.0, POSITIVE, "lr_range_test: last rate")
    lr_range_steps: int = setting(100, at_least(10), "lr_range_test: steps between the two")

    optimizer: str = setting(
        "adam",
        one_of(OPTIMIZERS),
        "momentum and nesterov are sgd with a momentum of 0.9",
        group="Optimizer",
    )
    momentum: float | None = argument(float, SHARE, "share of the last step in the next one")
    nesterov: bool | None = argument(bool, SWITCH, "look ahead along the momentum")
    rho: float | None = argument(float, SHARE, "decay of the mean of squared gradients")
    centered: bool | None = argument(bool, SWITCH, "scale by the variance of the gradients")
    beta_1: float | None = argument(float, SHARE, "decay of the mean of the gradients")
    beta_2: float | None = argument(float, SHARE, "decay of the mean of squared gradients")
    epsilon: float | None = argument(float, POSITIVE, "guards a division against zero")
    amsgrad: bool | None = argument(bool, SWITCH, "keep the largest mean of squared gradients")
    weight_decay: float | None = argument(
        float, NOT_NEGATIVE, "share of each weight that a step takes away, times the learning rate"
    )
    clipnorm: float | None = argument(float, POSITIVE, "largest norm of a variable's gradient")
    clipvalue: float | None = argument(float, POSITIVE, "largest value in a gradient")
    global_clipnorm: float | None = argument(float, POSITIVE, "largest norm of the whole gradient")
    use_ema: bool | None = argument(bool, SWITCH, "end with a moving average of the weights")
    ema_momentum: float | None = argument(float, SHARE, "decay of that average")
    ema_overwrite_frequency: int | None = argument(
        int, at_least(1), "steps after which the average replaces the weights"
    )
    gradient_accumulation_steps: int | None = argument(
        int, at_least(2), "batches whose gradients make one step"
    )
    initial_accumulator_value: float | None = argument(
        float, NOT_NEGATIVE, "adagrad, ftrl: start of the sum of squared gradients"
    )
    beta: float | None = argument(float, NOT_NEGATIVE, "ftrl")
    learning_rate_power: float | None = argument(
        float, Rule("a number of at most 0", lambda value: value <= 0), "ftrl"
    )
    l1_regularization_strength: float | None = argument(float, NOT_NEGATIVE, "ftrl")
    l2_regularization_strength: float | None = argument(float, NOT_NEGATIVE, "ftrl")
    l2_shrinkage_regularization_strength: float | None = argument(float, NOT_NEGATIVE, "ftrl")
    beta_2_decay: float | None = argument(float, NUMBER, "adafactor")
    epsilon_1: float | None = argument(float, POSITIVE, "adafactor")
    epsilon_2: float | None = argument(float, POSITIVE, "adafactor")
    clip_threshold: float | None = argument(float, POSITIVE, "adafactor")
    relative_step: bool | None = argument(bool, SWITCH, "adafactor")

    batch_size: int = setting(32, at_least(1), "examples per step", group="Training")
    epochs: int = setting(10, at_least(1), "passes over the training part")
    dtype_policy: str = setting(
        "float32", one_of(POLICIES), "what layers compute in; mixed_… keep float32 weights"
    )
    jit_compile: bool = setting(False, SWITCH, "compile the training step with XLA")
    steps_per_execution: int = setting(
        0, at_least(0), "steps per call into the graph; 0: a whole epoch, which is the fastest"
    )
    gpu_memory_growth: bool = setting(True, SWITCH, "take of a GPU's memory only what is needed")
    seed: int = setting(0, SEED, "of start weights, shuffling and dropout; the split has its own")
    deterministic: bool = setting(False, SWITCH, "same seed, same bits, on a GPU too; slower")
    fail_on_divergence: bool = setting(
        False,
        SWITCH,
        "end with 4 where training diverges; else with 0, since a Trial that fails has no metrics",
    )

    metrics: str = setting(
        "lines",
        some_of(METRICS_MODES),
        "where metrics go: lines on standard output, a file of JSON, TensorBoard's event files, or "
        "Katib's DB manager (collector Push)",
        group="Outputs",
    )
    metrics_file: str = setting("/var/log/katib/metrics.log", ANY, "file of --metrics=json")
    log_dir: str = setting("/var/log/katib/tfevent", ANY, "folder of --metrics=tensorboard")
    db_manager_address: str = setting(
        "katib-db-manager.kubeflow:6789", ANY, "host:port for --metrics=push"
    )
    output_dir: str = setting(
        "",
        ANY,
        "folder for result.json and model.keras, the model of the epoch that was best by "
        "early_stopping_monitor; empty: none is written",
    )
    export_model: bool = setting(False, SWITCH, "write a SavedModel to output_dir as well")
    checkpoint_dir: str = setting(
        "",
        ANY,
        "folder for the state after each epoch, for all Trials together: one with the same "
        "settings and more epochs, or begun again after a kill, goes on from it",
    )

    hyperparameters: Mapping[str, bool | int | float | str] = field(default_factory=dict)
    """The flags that no row knows, for functions of the user's own."""
