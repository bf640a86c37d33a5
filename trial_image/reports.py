"""Where the metrics of a Trial go: lines on standard output unless ``--metrics`` says other.

Every mode reports the same values, rounded to the same six digits, at the end of each epoch; so
Katib comes to the same Observation whichever collector an Experiment names.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TextIO

import keras

from trial_image.callbacks import MetricLines, metric_values, now, say
from trial_image.errors import OutputError
from trial_image.settings import Settings

TRIAL_NAME = "KATIB_TRIAL_NAME"
"""The variable in which Katib hands a Trial its name where the collector is Push."""


def reporters(settings: Settings) -> list[keras.callbacks.Callback]:
    """A callback for each of ``settings.metrics``, in that order."""
    return [_MODES[mode](settings) for mode in dict.fromkeys(settings.metrics.split(","))]


class JsonLines(keras.callbacks.Callback):  # type: ignore[misc]
    """A file of one JSON object per epoch: the time under ``timestamp``, metrics as strings, since
    Katib's File collector ignores JSON numbers. A file of before is begun anew.

    Raises :class:`OutputError` where the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._file: TextIO | None = None

    def on_train_begin(self, logs: object = None) -> None:  # noqa: ARG002
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("w", buffering=1, encoding="utf-8")
        except OSError as error:
            raise OutputError(f"--metrics_file={self._path}: cannot be written: {error}") from error

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        assert self._file is not None
        record = {"timestamp": now(), **metric_values(epoch + 1, logs or {})}
        self._file.write(json.dumps(record) + "\n")

    def on_train_end(self, logs: object = None) -> None:  # noqa: ARG002
        assert self._file is not None
        self._file.close()


class EventFile(keras.callbacks.Callback):  # type: ignore[misc]
    """An event file with a scalar per metric and the settings as hyperparameters, so that
    TensorBoard's HPARAMS tab compares the Trials below its ``--logdir``.

    Tags are the names of the metrics, as Katib's TensorFlowEvent collector wants them; the epoch is
    the step. Raises :class:`OutputError` where TensorBoard is not installed.
    """

    def __init__(self, folder: Path, hyperparameters: Mapping[str, bool | float | str]) -> None:
        super().__init__()
        self._folder = folder
        self._hyperparameters = dict(hyperparameters)

    def on_train_begin(self, logs: object = None) -> None:  # noqa: ARG002
        # Imported here: TensorFlow comes without TensorBoard from 2.21 on.
        try:
            import tensorflow as tf  # noqa: PLC0415
            from tensorboard.plugins.hparams import api  # noqa: PLC0415
        except ImportError as error:
            raise OutputError(
                f"--metrics=tensorboard: needs the package tensorboard: {error}"
            ) from error
        self._summary = tf.summary
        try:
            self._writer = tf.summary.create_file_writer(str(self._folder))
        except tf.errors.OpError as error:
            raise OutputError(f"--log_dir={self._folder}: cannot be written: {error}") from error
        with self._writer.as_default():
            api.hparams(self._hyperparameters)
        self._writer.flush()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        values = metric_values(epoch + 1, logs or {})
        del values["epoch"]
        with self._writer.as_default(step=epoch + 1):
            for name, value in values.items():
                self._summary.scalar(name, float(value))
        self._writer.flush()

    def on_train_end(self, logs: object = None) -> None:  # noqa: ARG002
        from tensorboard.plugins.hparams import api_pb2, summary  # noqa: PLC0415

        end = summary.session_end_pb(api_pb2.STATUS_SUCCESS).SerializeToString()
        with self._writer.as_default():
            self._summary.experimental.write_raw_pb(end, step=0)
        self._writer.close()


def _push(settings: Settings) -> keras.callbacks.Callback:
    trial = os.environ.get(TRIAL_NAME)
    if not trial:
        say(f"no {TRIAL_NAME} is set, so this is no Trial of Katib's: metrics are printed")
        return MetricLines()
    from trial_image.push import Push  # noqa: PLC0415 - gRPC, which nothing else here needs

    return Push(trial, settings.db_manager_address)


def _event_file(settings: Settings) -> keras.callbacks.Callback:
    from trial_image.checkpoints import identity  # noqa: PLC0415

    values = {**identity(settings), "epochs": settings.epochs, **settings.hyperparameters}
    del values["hyperparameters"]
    plain = {
        name: value if isinstance(value, bool | int | float | str) else str(value)
        for name, value in values.items()
        if value is not None
    }
    return EventFile(Path(settings.log_dir), plain)


_MODES: dict[str, Callable[[Settings], keras.callbacks.Callback]] = {
    "lines": lambda _: MetricLines(),
    "json": lambda settings: JsonLines(Path(settings.metrics_file)),
    "tensorboard": _event_file,
    "push": _push,
}
