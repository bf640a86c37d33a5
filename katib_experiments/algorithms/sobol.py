"""``sobol``: a sequence that fills the space evenly, whatever the number of points taken from it.

Sobol' 1967 with Owen's scrambling, from scipy. Katib gives it no settings, so the scrambling is
always the same one.
"""

from __future__ import annotations

from scipy.stats import qmc

from katib_experiments.algorithms.base import History
from katib_experiments.experiment.model import Suggestion
from katib_experiments.experiment.space import Space


class Sobol:
    def suggest(self, history: History, count: int) -> list[Suggestion]:
        space = Space.of(history.experiment)
        sequence = qmc.Sobol(len(space), rng=0)
        if history.asked:
            sequence.fast_forward(history.asked)
        # One by one: asked for several at once, scipy warns where they are no power of two, which
        # matters to integrals only.
        points = [sequence.random(1)[0].tolist() for _ in range(count)]
        return [Suggestion(space.from_unit(point)) for point in points]
