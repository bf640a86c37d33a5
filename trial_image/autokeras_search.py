"""One AutoKeras search: try models, print the metrics of each, and keep the best one.

    python -m trial_image.autokeras_search --dataset=digits --max_trials=3 --epochs=5

The training and the validation part are those of ``trial_image.train``. Every model tried prints a
line of metrics at its end, and the best one prints its line again when the search ends, so that
the highest value and the latest value are the same model's. The folder ``--output_dir`` then holds

    best_model.keras   weights of the best epoch of the best trial, in plain Keras; it takes data
                       as they were read, not standardised, and texts as texts
    classes.json       what its outputs mean
    summary.txt        its layers; architecture.svg draws them
    result.json        its metrics and size, and what was searched for
    trials.json        every trial; trials.md is the same as a table
    search/            AutoKeras's own state, from which a search that was killed goes on

Exit codes: 0 a model was found; 1 no trial succeeded; 2 wrong flags; 3 the data cannot be had;
5 out of memory; 143 ended by SIGTERM. What was printed and written before the end counts.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from pathlib import Path

from trial_image.autokeras_settings import SearchSettings, from_command_line

if __name__ == "__main__":  # before TensorFlow, which takes seconds to load
    SETTINGS = from_command_line(sys.argv[1:])
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import tensorflow as tf

from trial_image.autokeras_export import export
from trial_image.autokeras_model import arrays, build
from trial_image.autokeras_text import Vocabulary, load_texts
from trial_image.autokeras_trials import Row, read_trials, write
from trial_image.autokeras_tuners import SearchError
from trial_image.callbacks import metric_text, say
from trial_image.data import Data, DataError, Stream, load
from trial_image.settings import SettingsError
from trial_image.train import EXIT_CODES, end_on_sigterm

KNOWN_WARNINGS = (
    "The structure of `inputs`",  # AutoKeras hands an array to a model that takes a list of one
    "Skipping variable loading",  # of an optimizer that trains no more
)


def main(settings: SearchSettings) -> int:
    """Returns the exit code."""
    end_on_sigterm()
    for gpu in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(gpu, True)
    try:
        same_search(settings)
        search(settings)
    except (SearchError, *EXIT_CODES) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return next((code for kind, code in EXIT_CODES.items() if isinstance(error, kind)), 1)
    return 0


def search(settings: SearchSettings) -> Row:
    """Search, or go on with a search that was killed; the row of the best trial."""
    data, vocabulary = read(settings)
    try:
        model = build(settings, data, vocabulary.size if vocabulary else 0)
    except (json.JSONDecodeError, KeyError, RuntimeError) as error:
        raise SearchError(
            f"{settings.output_dir}: the search in it cannot be read ({error}); --overwrite "
            "begins anew"
        ) from error
    x, y = arrays(settings, data.train, data.classes)
    with warnings.catch_warnings():
        for text in KNOWN_WARNINGS:
            warnings.filterwarnings("ignore", text)
        model.fit(
            x,
            y,
            validation_data=arrays(settings, data.validation, data.classes),
            batch_size=settings.batch_size,
            epochs=settings.epochs,
            verbose=0,
            # With stopping of our own AutoKeras keeps the best weights that it measured. With its
            # own it would train once more, to weights that nobody measured.
            callbacks=[
                keras.callbacks.EarlyStopping(patience=settings.early_stopping_patience),
                keras.callbacks.TerminateOnNaN(),
            ],
        )
        best = keras.models.load_model(model.tuner.best_model_path, compile=False)
    trial = model.tuner.oracle.get_best_trials()[0]
    rows = read_trials(Path(model.tuner.project_dir))
    row = next(row for row in rows if row["trial"] == int(trial.trial_id) + 1)
    export(settings, data, best, row, vocabulary)
    say(f"trial {row['trial']} was the best of {len(rows)}: {settings.output_dir}/best_model.keras")
    say(metric_text(row["epoch"], row["metrics"] | {"trial": row["trial"]}))
    return row


def read(settings: SearchSettings) -> tuple[Data, Vocabulary | None]:
    """Raises :class:`.DataError` where the data do not suit the task."""
    if settings.kind == "text":
        return load_texts(settings)
    data = load(settings.data)
    if isinstance(data.train, Stream):
        raise DataError("--dataset: AutoKeras 3.0.0 learns from arrays alone, not from tf.data")
    if (data.classes > 0) != (settings.goal == "classification"):
        found = "classes" if data.classes else "numbers"
        raise DataError(f"--task={settings.task}: the target of this dataset is {found}")
    if settings.kind == "image" and data.train.x.ndim != 4:
        raise DataError(
            f"--task={settings.task}: the examples have the shape {data.train.x.shape[1:]}: images "
            "are (height, width) or (height, width, channels); --task=structured_data_… takes these"
        )
    return data, None


def same_search(settings: SearchSettings) -> None:
    """Keep the settings beside the search, and refuse to go on with it under others."""
    folder = Path(settings.output_dir)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "settings.json"
    ours = {name: value for name, value in settings.flags().items() if name != "overwrite"}
    theirs = json.loads(path.read_text()) if path.exists() and not settings.overwrite else ours
    problems = [
        f'--{name}: received "{value}": the search in {folder} was begun with "{theirs.get(name)}"'
        for name, value in ours.items()
        if theirs.get(name) != value
    ]
    if problems:
        raise SettingsError("\n".join([*problems, "--overwrite begins anew"]))
    write(path, json.dumps(ours, indent=1))


if __name__ == "__main__":
    sys.exit(main(SETTINGS))
