"""Train configurations one after the other in this process; the peers of :mod:`.training`.

``python -m tests.benchmarks.loops FLAGS fit|epochs``, FLAGS being a JSON list of lists of flags of
the trial program. The data is read once.
"""

from __future__ import annotations

import json
import sys

import keras

from trial_image.data import Data, load
from trial_image.flags import parse
from trial_image.model import build
from trial_image.settings import Settings
from trial_image.train import train


def fit(settings: Settings, data: Data) -> None:
    """What any tool costs at least that leaves training to Keras."""
    keras.utils.set_random_seed(settings.seed)
    build(settings, data).fit(
        data.train.x,
        data.train.y,
        batch_size=settings.batch_size,
        epochs=settings.epochs,
        validation_data=(data.validation.x, data.validation.y),
        verbose=0,
    )


if __name__ == "__main__":
    configurations = [parse(flags) for flags in json.loads(sys.argv[1])]
    data = load(configurations[0])
    for settings in configurations:
        {"fit": fit, "epochs": train}[sys.argv[2]](settings, data)
