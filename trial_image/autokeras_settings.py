"""The settings of an AutoKeras search: rows of its own, and those of the data.

It loads no TensorFlow, so ``--help`` and wrong flags are answered at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import Field, dataclass, field
from dataclasses import replace as replaced
from typing import Any, Literal

from trial_image.conflicts import conflicts
from trial_image.flags import Rows, help_of, no_such, read, settings_or_end
from trial_image.rules import ANY, SEED, SWITCH, Rule, at_least, one_of, rows, setting
from trial_image.settings import FILES, Settings, SettingsError, kind_of

TASKS = (
    "image_classification",
    "image_regression",
    "structured_data_classification",
    "structured_data_regression",
    "text_classification",
    "text_regression",
)
TUNERS = ("greedy", "random", "bayesian", "hyperband")
LARGE = ("resnet", "xception", "efficient")
"""Blocks of tens of millions of weights, for a GPU; the only ones that come pretrained."""
BLOCKS = {
    "image": ("conv", "dense", *LARGE),
    "structured_data": ("dense",),
    "text": ("conv", "rnn"),
}
"""By kind of data; the first one is the default."""
OPTIMIZERS = ("any", "adam", "sgd", "adam_weight_decay")
OBJECTIVES = {
    "classification": ("val_accuracy", "val_loss"),
    "regression": ("val_loss", "val_mae"),
}
PROJECT = Rule("a name without a slash", lambda value: value not in ("", ".") and "/" not in value)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchSettings:
    """All that a search can be told."""

    task: str = setting("image_classification", one_of(TASKS), "what to learn", group="Search")
    tuner: str = setting("greedy", one_of(TUNERS), "how AutoKeras chooses what to try next")
    max_trials: int = setting(10, at_least(1), "models to try")
    objective: str = setting(
        "auto",
        one_of(("auto", *dict.fromkeys(sum(OBJECTIVES.values(), ())))),
        "what the best model is best by; auto: val_accuracy, or val_loss for a regression",
    )
    block: str = setting(
        "auto",
        one_of(("auto", *dict.fromkeys(sum(BLOCKS.values(), ())))),
        "what models are made of; auto: conv for images and text, dense for structured data; "
        f"{', '.join(LARGE)} are of tens of millions of weights",
    )
    pretrained: bool = setting(
        False, SWITCH, "begin with the weights learned on ImageNet, which Keras downloads"
    )
    optimizer: str = setting("any", one_of(OPTIMIZERS), "any: AutoKeras chooses for each model")
    max_model_size: int = setting(0, at_least(0), "weights a model may have; 0: no limit")

    batch_size: int = setting(32, at_least(1), "examples per step", group="Training")
    epochs: int = setting(10, at_least(1), "passes over the training part, of each model")
    early_stopping_patience: int = setting(
        10, at_least(1), "epochs without a better val_loss until the training of a model ends"
    )
    seed: int = setting(0, SEED, "of the choice of models, their start weights and shuffling")

    text: str = setting(
        "",
        ANY,
        "column that holds the texts of a .csv file; the first one where empty",
        group="Text",
    )
    max_tokens: int = setting(5000, at_least(3), "words to know: the most frequent ones")
    output_sequence_length: int = setting(100, at_least(1), "words of a text that are read")

    output_dir: str = setting(
        "autokeras", ANY, "folder for the best model, the trials and the result", group="Outputs"
    )
    project_name: str = setting("search", PROJECT, "folder below it for AutoKeras's own state")
    overwrite: bool = setting(
        False, SWITCH, "begin anew; else a search that was killed goes on where it was"
    )

    data: Settings = field(default_factory=Settings)
    """The dataset, its target and its split."""

    @property
    def kind(self) -> Literal["image", "structured_data", "text"]:
        return self.task.rpartition("_")[0]  # type: ignore[return-value]

    @property
    def goal(self) -> Literal["classification", "regression"]:
        return self.task.rpartition("_")[2]  # type: ignore[return-value]

    def flags(self) -> dict[str, object]:
        """Every setting by the name of its flag."""
        ours = {name: getattr(self, name) for name in rows(SearchSettings)}
        return ours | {name: getattr(self.data, name) for name in data_rows()}


def all_rows() -> Rows:
    return rows(SearchSettings) | data_rows()


def data_rows() -> dict[str, Field[Any]]:
    """The rows of :class:`.Settings` under its first heading; the task is a row of our own."""
    (first, row), *rest = rows(Settings).items()
    found = {first: row}
    for name, row in rest:
        if row.metadata["group"]:
            break
        if name != "task":
            found[name] = row
    return found


def parse(argv: Sequence[str]) -> SearchSettings:
    """Settings from flags, with ``auto`` resolved. Raises :class:`.SettingsError` with every
    problem at once."""
    values, unknown, problems = read(all_rows(), argv)
    problems += [no_such(flag, all_rows()) for flag in unknown]
    data = Settings(**{name: values.pop(name) for name in data_rows() if name in values})
    settings = SearchSettings(**values, data=data)
    problems += conflicts(data) + _mismatches(settings)
    if problems:
        raise SettingsError("\n".join(problems))
    goal = settings.goal if kind_of(data.dataset) in (*FILES, "function") else "auto"
    return replaced(
        settings,
        objective=_chosen(settings.objective, OBJECTIVES[settings.goal]),
        block=_chosen(settings.block, BLOCKS[settings.kind]),
        data=replaced(data, task=goal),
    )


def _chosen(value: str, choices: Sequence[str]) -> str:
    return choices[0] if value == "auto" else value


def _mismatches(settings: SearchSettings) -> list[str]:
    """What does not fit the task."""
    problems = []
    for name, choices in (
        ("objective", OBJECTIVES[settings.goal]),
        ("block", BLOCKS[settings.kind]),
    ):
        if getattr(settings, name) not in ("auto", *choices):
            problems.append(
                f'--{name}: received "{getattr(settings, name)}": must be one of '
                f"{', '.join(choices)} for --task={settings.task}"
            )
    if settings.pretrained and settings.block not in LARGE:
        problems.append(f"--pretrained: is for --block of {', '.join(LARGE)} alone")
    if settings.kind == "text" and not settings.data.dataset.endswith(".csv"):
        problems.append(
            f'--dataset: received "{settings.data.dataset}": must be a .csv file for '
            f"--task={settings.task}"
        )
    if settings.text and settings.kind != "text":
        problems.append(f'--text: received "{settings.text}": is for --task of text alone')
    return problems


def usage() -> str:
    """The text of ``--help``."""
    return help_of(
        all_rows(),
        "usage: python -m trial_image.autokeras_search [--name=value …]",
        "Lets AutoKeras search for a model and prints one line of metrics per model tried.",
    )


def from_command_line(argv: Sequence[str]) -> SearchSettings:
    """Settings, or the end of the process: with 0 after ``--help``, with 2 for wrong flags."""
    return settings_or_end(argv, parse, usage)
