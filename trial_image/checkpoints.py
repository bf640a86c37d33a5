"""The state of a Trial after each epoch, on disk, and how a later Trial goes on from it.

A folder of checkpoints serves all Trials of an Experiment. A checkpoint is named after all that
shapes the weights, the number of epochs apart; so a Trial that asks for more epochs of what was
trained before (the next rung of Hyperband or ASHA, or another attempt after a kill) finds it.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np

from trial_image.callbacks import say
from trial_image.data import Data
from trial_image.errors import OutputError
from trial_image.own import own_function
from trial_image.parts import Array, Stream
from trial_image.settings import Settings

NOT_LEARNED = {
    "epochs",
    "metrics",
    "metrics_file",
    "log_dir",
    "db_manager_address",
    "output_dir",
    "export_model",
    "checkpoint_dir",
    "fail_on_divergence",
}
"""Settings that leave the weights after an epoch as they are."""

Logs = dict[str, float]


def identity(settings: Settings) -> dict[str, Any]:
    """The settings that shape the weights after a given epoch."""
    shapes = {name: value for name, value in asdict(settings).items() if name not in NOT_LEARNED}
    if settings.learning_rate_schedule == "cosine":  # each of its rates depends on the last epoch
        shapes["epochs"] = settings.epochs
    return shapes


def checkpoint_path(settings: Settings, data: Data) -> Path:
    """Where in ``settings.checkpoint_dir`` the checkpoint of these settings and data is kept."""
    keeps_best = bool(settings.output_dir)  # a checkpoint without the best weights is of no use
    parts = [identity(settings), _checksum(data), _source(settings), keeps_best]
    text = json.dumps(parts, sort_keys=True, default=str)
    return Path(settings.checkpoint_dir) / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.npz"


def _checksum(data: Data) -> list[int]:
    """Of the training part, so that a file with other content has other checkpoints."""
    if isinstance(data.train, Stream):  # the first batch may be another one each time
        return [data.train.examples, data.train.highest]
    return [zlib.crc32(np.ascontiguousarray(array).data) for array in (data.train.x, data.train.y)]


def _source(settings: Settings) -> str:
    """The file of the user's own model: an edited one is another model."""
    if not settings.model:
        return ""
    file = inspect.getsourcefile(own_function("--model", settings.model))
    return Path(file).read_text(encoding="utf-8") if file else ""


class Checkpoints(keras.callbacks.Callback):  # type: ignore[misc]
    """Saves every variable of model and optimizer, the metrics of all epochs so far, and the best
    weights that ``best`` keeps, after each epoch. It must come last of the callbacks.

    A checkpoint takes the place of the one before in a single step, so a kill leaves a whole one.
    Raises :class:`OutputError` where the folder cannot be written.
    """

    def __init__(self, path: Path, best: keras.callbacks.EarlyStopping | None = None) -> None:
        super().__init__()
        self._path, self._best = path, best
        self._history: list[Logs] = []
        self._saves = True

    def resume(self, callbacks: keras.callbacks.CallbackList, epochs: int) -> int:
        """Go on from the checkpoint; how many of the ``epochs`` it saves.

        ``callbacks`` are told of each of those epochs again: the metrics of a Trial are of all its
        epochs, whoever trained them, and who waits for progress must know since when.
        """
        found = self._find()
        history: list[Logs] = json.loads(str(found["history"])) if found else []
        if len(history) > epochs:
            say(f"a checkpoint of {len(history)} epochs is there; fewer are trained anew")
            history, self._saves = [], False
        if not history:
            return 0
        say(f"resumed after epoch {len(history)}: the epochs up to it are told again, not trained")
        saves, self._saves = self._saves, False
        for epoch, logs in enumerate(history):
            callbacks.on_epoch_end(epoch, logs)
        self._saves = saves
        for name, variable in self._variables().items():
            variable.assign(found[name])
        if self._best is not None:
            self._best.best_weights = [found[name] for name in sorted(found) if "best" in name]
        return len(history)

    def _find(self) -> dict[str, Array]:
        """The arrays of a checkpoint that fits the model; none where there is none."""
        try:
            with self._path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
                found = dict(file)
        except FileNotFoundError:
            return {}
        except (OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
            say(f"{self._path} cannot be read, and training begins anew: {error}")
            return {}
        variables = self._variables()
        for name, variable in variables.items():
            if name not in found or found[name].shape != tuple(variable.shape):
                say(f"{self._path} is of another model, and training begins anew")
                return {}
            found[name] = found[name].view(np.asarray(variable).dtype)  # bfloat16 is read as bytes
        return found

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        self._history = [*self._history[:epoch], dict(logs or {})]
        if self._saves:
            self._save()

    def _save(self) -> None:
        arrays = {name: np.asarray(variable) for name, variable in self._variables().items()}
        for index, weights in enumerate((self._best and self._best.best_weights) or ()):
            arrays[f"best{index:05}"] = weights
        part = self._path.with_name(f".{self._path.stem}-{os.getpid()}.part")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                np.savez(file, history=json.dumps(self._history), **arrays)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._path)
        except OSError as error:
            raise OutputError(f"--checkpoint_dir={self._path.parent}: {error}") from error

    def _variables(self) -> dict[str, Any]:
        variables = [*self.model.variables, *self.model.optimizer.variables]
        return {f"variable{index}": variable for index, variable in enumerate(variables)}
