"""``grid``: every point of a finite space once, in the order of nested loops over the parameters
as the document lists them, the last one turning fastest.

Unlike Katib's it ends after the last point. ``random_state`` is accepted, as Katib does, and has
nothing to act on.
"""

from __future__ import annotations

from katib_experiments.algorithms.base import History
from katib_experiments.errors import SearchSpaceExhausted
from katib_experiments.experiment.model import Suggestion
from katib_experiments.experiment.space import Space


class Grid:
    def suggest(self, history: History, count: int) -> list[Suggestion]:
        space = Space.of(history.experiment)
        if space.size is None:
            raise ValueError("a grid needs a step for every int and double; validation asks for it")
        if history.asked >= space.size:
            raise SearchSpaceExhausted(f"all {space.size} points of the grid have been given")
        end = min(history.asked + count, space.size)
        return [Suggestion(_point(space, number)) for number in range(history.asked, end)]


def _point(space: Space, number: int) -> dict[str, str]:
    """Point ``number`` of the grid: its digits in the mixed radix of the dimensions' sizes."""
    values = {}
    for dimension in reversed(space.dimensions):
        assert dimension.size is not None
        number, index = divmod(number, dimension.size)
        values[dimension.name] = dimension.value(index)
    return {dimension.name: values[dimension.name] for dimension in space.dimensions}
