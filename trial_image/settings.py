"""The settings of a Trial: one row each, from which flags, help, defaults and checks follow.

It loads no TensorFlow, so ``--help`` and wrong flags are answered at once.
"""

from __future__ import annotations

import difflib
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import Field, dataclass, field, fields
from typing import Any

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


@dataclass(frozen=True, slots=True)
class Rule:
    """What a value must keep to: ``text`` completes the sentence "must be …"."""

    text: str
    holds: Callable[[Any], bool] = field(repr=False)


def one_of(choices: Sequence[str]) -> Rule:
    return Rule("one of " + ", ".join(choices), lambda value: value in choices)


def at_least(low: int) -> Rule:
    return Rule(f"an integer of at least {low}", lambda value: value >= low)


ANY = Rule("text", lambda _: True)
SWITCH = Rule("true or false", lambda _: True)
POSITIVE = Rule("a number greater than 0", lambda value: value > 0)
SHARE = Rule("a number in [0, 1)", lambda value: 0 <= value < 1)
PROPER_SHARE = Rule("a number in (0, 1)", lambda value: 0 < value < 1)
SEED = Rule("an integer in [0, 4294967295]", lambda value: 0 <= value < 2**32)
DATASET = Rule(
    f"one of {', '.join(DATASETS)}, or the path of an .npz or .csv file",
    lambda value: value in DATASETS or value.endswith((".npz", ".csv")),
)


def setting(default: Any, rule: Rule, text: str) -> Any:  # noqa: ANN401
    """A field of :class:`Settings`; the type of ``default`` is that of its values."""
    return field(default=default, metadata={"rule": rule, "help": text})


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


class SettingsError(ValueError):
    """The flags are wrong; the text has one line per problem."""


def parse(argv: Sequence[str]) -> Settings:
    """Settings from flags of the forms ``--name=value`` and ``--name value``.

    ``-`` and ``_`` in a name are the same, and an integer may be written ``64.0`` or ``1e3``,
    as some search algorithms do. Of a repeated flag the last one counts.

    Raises :class:`SettingsError` with every problem at once.
    """
    rows = {f"--{row.name}": row for row in fields(Settings)}
    values: dict[str, Any] = {}
    problems: list[str] = []
    for flag, text in _flags(argv):
        if flag not in rows:
            problems.append(_unknown(flag, list(rows)))
            continue
        try:
            values[rows[flag].name] = _value(rows[flag], text)
        except (ValueError, KeyError):
            received = "no value" if text is None else f'"{text}"'
            problems.append(f"{flag}: received {received}: must be {_rule(rows[flag]).text}")
    settings = Settings(**values)
    if problems := problems + _unused(settings):
        raise SettingsError("\n".join(problems))
    return settings


def _flags(argv: Sequence[str]) -> list[tuple[str, str | None]]:
    """(flag, text) pairs; a text that belongs to no flag stands in a flag's place."""
    flags: list[tuple[str, str | None]] = []
    wants_text = False
    for argument in argv:
        if wants_text and not argument.startswith("--"):
            flags[-1] = (flags[-1][0], argument)
            wants_text = False
            continue
        flag, equals, text = argument.partition("=")
        flags.append((flag.replace("-", "_").replace("__", "--", 1), text if equals else None))
        wants_text = argument.startswith("--") and not equals
    return flags


def _unused(settings: Settings) -> list[str]:
    """Settings that the chosen dataset would ignore in silence."""
    kind = settings.dataset.rpartition(".")[2]
    readers = {"data_dir": IDX_DATASETS, "target": ("csv",), "task": ("csv", "npz")}
    given = ((name, getattr(settings, name)) for name in readers)
    return [
        f'--{name}: received "{value}": is for --dataset of {" or ".join(readers[name])} alone'
        for name, value in given
        if value != getattr(Settings(), name) and kind not in readers[name]
    ]


def _rule(row: Field[Any]) -> Rule:
    rule: Rule = row.metadata["rule"]
    return rule


def _value(row: Field[Any], text: str | None) -> object:
    kind = type(row.default)
    value = _READERS[kind](text if text is not None else "true" if kind is bool else "")
    if (text == "" and kind is not str) or not _rule(row).holds(value):
        raise ValueError(text)
    return value


def _finite(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise ValueError(text)
    return value


def _integer(text: str) -> int:
    if text.isdigit():
        return int(text)
    if not (value := float(text)).is_integer():
        raise ValueError(text)
    return int(value)


_READERS: dict[type, Callable[[str], Any]] = {
    str: str,
    float: _finite,
    int: _integer,
    bool: lambda text: {"true": True, "false": False}[text.lower()],
}


def _unknown(flag: str, known: list[str]) -> str:
    close = difflib.get_close_matches(flag, known, n=1)
    return f"{flag}: no such flag; " + (f"did you mean {close[0]}?" if close else "see --help")


def usage() -> str:
    """The text of ``--help``."""
    lines = [
        "usage: python -m trial_image.train [--name=value …]",
        "",
        "Trains a Keras model and prints one line of metrics per epoch.",
    ]
    for row in fields(Settings):
        default = str(row.default).lower() if isinstance(row.default, bool) else row.default
        rule = _rule(row)
        limits = "" if rule is ANY else f"; {rule.text}"
        lines += ["", f"  --{row.name}={default}", f"      {row.metadata['help']}{limits}"]
    return "\n".join(lines)


def from_command_line(argv: Sequence[str]) -> Settings:
    """Settings, or the end of the process: with 0 after ``--help``, with 2 for wrong flags."""
    if "--help" in argv:
        print(usage())  # noqa: T201
        sys.exit(0)
    try:
        return parse(argv)
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201
        sys.exit(2)
