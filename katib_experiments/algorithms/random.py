"""``random``: independent draws with the declared distributions; Katib's, but inside the bounds.

It is the algorithm to read first. Like Katib's it may give a point of a small space twice.
"""

from __future__ import annotations

import numpy as np

from katib_experiments.algorithms.base import History
from katib_experiments.experiment.model import Suggestion
from katib_experiments.experiment.space import Space


class Random:
    def suggest(self, history: History, count: int) -> list[Suggestion]:
        space = Space.of(history.experiment)
        seed = history.settings["random_state"]
        # A generator per draw: point number n is the same however the requests are cut.
        draws = (
            np.random.default_rng([seed, number]).random(len(space)).tolist()
            for number in range(history.asked, history.asked + count)
        )
        return [Suggestion(space.from_unit(unit)) for unit in draws]
