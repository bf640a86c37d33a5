"""One Trial: train a Keras model and print its metrics, a line per epoch.

    python -m trial_image.train --dataset=digits --optimizer=adam --learning_rate=0.001

Exit codes: 0 trained, also where training diverged; 2 wrong flags; 3 the data cannot be had;
4 diverged, with --fail_on_divergence; 5 out of memory; 6 a result cannot be written or reported;
143 ended by SIGTERM. What was printed before the end counts.
"""

from __future__ import annotations

import math
import os
import signal
import sys
import threading

from trial_image.flags import from_command_line
from trial_image.settings import Settings, SettingsError

if __name__ == "__main__":  # before TensorFlow, which takes seconds to load
    SETTINGS = from_command_line(sys.argv[1:])
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np
import tensorflow as tf

from trial_image.callbacks import say
from trial_image.checkpoints import Checkpoints, checkpoint_path
from trial_image.data import Data, DataError, load
from trial_image.epochs import EVALUATION_BATCH, epoch_function, evaluation, prepare
from trial_image.errors import OutputError
from trial_image.initializers import spread_text, spreads
from trial_image.model import build
from trial_image.own import OwnCodeError
from trial_image.own_arguments import check_hyperparameters
from trial_image.range_test import range_test
from trial_image.reports import reporters
from trial_image.result import History, write_result
from trial_image.schedules import current_learning_rate, schedule_callbacks


class DivergedError(Exception):
    """The loss is not finite; only where ``--fail_on_divergence`` asks for it."""


EXIT_CODES = {
    SettingsError: 2,
    OwnCodeError: 2,
    DataError: 3,
    DivergedError: 4,
    MemoryError: 5,
    tf.errors.ResourceExhaustedError: 5,
    OutputError: 6,
}


def main(settings: Settings) -> int:
    """Returns the exit code."""
    end_on_sigterm()
    for gpu in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(gpu, settings.gpu_memory_growth)
    if settings.deterministic:
        tf.config.experimental.enable_op_determinism()
    try:
        check_hyperparameters(settings)
        data = load(settings)
        if settings.lr_range_test:
            range_test(settings, data)
        else:
            train(settings, data)
    except tuple(EXIT_CODES) as error:
        code = next(code for kind, code in EXIT_CODES.items() if isinstance(error, kind))
        text = f"out of memory; a smaller --batch_size needs less: {error}" if code == 5 else error
        print(text, file=sys.stderr)  # noqa: T201
        return code
    return 0


def train(settings: Settings, data: Data) -> keras.Model:
    """Train until the epochs are done, there is no progress or a value is not finite.

    Raises :class:`.SettingsError` for settings that only the model shows to be wrong, and
    :class:`DivergedError` where that is asked for.
    """
    keras.utils.set_random_seed(settings.seed)
    model = build(settings, data)
    for spread in spreads(model):
        say(spread_text(spread))
    metrics = prepare(model, data.train)
    run_epoch = epoch_function(
        model,
        data.train,
        settings.batch_size,
        model.train_step,
        steps_per_execution=settings.steps_per_execution,
        jit_compile=settings.jit_compile and model.jit_compile,  # Keras knows what cannot be
    )
    evaluate = epoch_function(model, data.validation, EVALUATION_BATCH, model.test_step)
    shuffle = np.random.default_rng(settings.seed)

    reports, best, history = reporters(settings), best_epoch(settings, metrics), History()
    path = checkpoint_path(settings, data) if settings.checkpoint_dir else None
    checkpoints = [Checkpoints(path, *best)] if path else []
    callbacks = keras.callbacks.CallbackList(
        [*reports, *best, *schedule_callbacks(settings), history, *checkpoints], model=model
    )
    diverged = False
    callbacks.on_train_begin()
    done = checkpoints[0].resume(callbacks, settings.epochs) if checkpoints else 0
    for _ in range(done):
        shuffle.permutation(len(data.train))  # as those epochs did
    for epoch in range(done, settings.epochs):
        if model.stop_training:
            monitor = settings.early_stopping_monitor
            say(f"stopped after epoch {epoch}: {monitor} has ceased to improve")
            break
        callbacks.on_epoch_begin(epoch)
        logs = {"learning_rate": current_learning_rate(model)}
        logs |= run_epoch(shuffle.permutation(len(data.train)))
        if math.isfinite(logs["loss"]):
            logs |= {
                f"val_{name}": value
                for name, value in evaluate(np.arange(len(data.validation))).items()
            }
        if not all(map(math.isfinite, logs.values())):
            diverged = True
            report_divergence(epoch, settings, data, reports)
            break
        callbacks.on_epoch_end(epoch, logs)
    model.optimizer.finalize_variable_values(model.trainable_variables)
    callbacks.on_train_end()
    if settings.output_dir:
        write_result(model, settings, data, history.epochs)
    if diverged and settings.fail_on_divergence:
        raise DivergedError("--fail_on_divergence: the loss is not finite")
    return model


def best_epoch(settings: Settings, metrics: list[str]) -> list[keras.callbacks.EarlyStopping]:
    """At the end the model has the weights of the best epoch, stopped or not; where it is neither
    to be stopped nor kept, those of the last."""
    if not (settings.early_stopping_patience or settings.output_dir):
        return []
    known = [*metrics, *(f"val_{name}" for name in metrics)]
    if settings.early_stopping_monitor not in known:
        raise SettingsError(
            f'--early_stopping_monitor: received "{settings.early_stopping_monitor}": '
            f"must be one of {', '.join(known)}"
        )
    return [
        keras.callbacks.EarlyStopping(
            settings.early_stopping_monitor,
            patience=settings.early_stopping_patience or settings.epochs,
            min_delta=settings.early_stopping_min_delta,
            mode=settings.early_stopping_mode,
            restore_best_weights=True,
        )
    ]


def report_divergence(
    epoch: int, settings: Settings, data: Data, reports: list[keras.callbacks.Callback]
) -> None:
    """Say so. The values of the last finite epoch stand; before the first epoch has ended those
    of the untrained model are given, so that a search sees a bad Trial and not a missing one."""
    say(f"diverged in epoch {epoch + 1}: the loss is not finite; the values before it stand")
    if epoch == 0:
        keras.utils.set_random_seed(settings.seed)
        model = build(settings, data)
        logs: dict[str, float] = {}
        for prefix, part in (("", data.train), ("val_", data.validation)):
            logs |= {prefix + name: value for name, value in evaluation(model, part).items()}
        for report in reports:
            report.on_epoch_end(epoch - 1, logs)


def end_on_sigterm() -> None:
    """End at once on SIGTERM, even in the middle of an epoch.

    Python calls a handler only when the main thread is back from TensorFlow, so a thread waits
    for the byte that the interpreter writes as the signal arrives. (Without a handler a process
    that is its container's first would not end at all.)
    """
    receiver, sender = os.pipe()
    os.set_blocking(sender, False)
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.set_wakeup_fd(sender)

    def wait() -> None:
        while os.read(receiver, 1)[0] != signal.SIGTERM:
            pass
        os._exit(128 + signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


if __name__ == "__main__":
    sys.exit(main(SETTINGS))
