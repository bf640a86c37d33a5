"""``cmaes``: CMA-ES (Hansen 2016) over the unit cube, with the `cmaes` package doing the algebra.

The search distribution is rebuilt from the history at every request. The observed Trials, in the
order in which they ended, are cut into generations of the population's size, and each full one
updates the distribution; point number ``n`` is drawn from what came of it with the random numbers
of draw ``n``. So it need not be known which Trial was asked for from which distribution: late ones
make the generations a little less pure, and those that lie too far out are left out.

Numbers are searched in the unit cube of their declared distributions. Of a parameter with steps
only the value is known, not the point that was rounded to it; that point is drawn anew from the
part of the distribution that rounds to this value. Categorical parameters are drawn at random, as
in Katib.

``sigma`` is the first standard deviation, as a share of each parameter's range (default 1/6).
``restart_strategy``: with ``none`` the distribution stays as it is once it has converged; ``ipop``
(Auger and Hansen 2005) starts again at a random place with twice the population; ``bipop`` (Hansen
2009) takes turns between that and small populations with small steps, whichever has used up fewer
Trials.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Any

import cmaes
import numpy as np
import numpy.typing as npt

from katib_experiments.algorithms.base import History
from katib_experiments.algorithms.cells import cells_of
from katib_experiments.experiment.model import Suggestion
from katib_experiments.experiment.space import Dimension, Space

FloatArray = npt.NDArray[np.float64]
Told = tuple[Mapping[str, str], float]
"""The assignments of an observed Trial and its objective, to be minimized."""

_SIGMA = 1 / 6
_FARTHEST = 4.0
"""Standard deviations. A point farther from the mean was not drawn from the distribution but, say,
before a restart, and would blow it up."""


class CmaEs:
    def __init__(self) -> None:
        self._search: _Search | None = None

    def suggest(self, history: History, count: int) -> list[Suggestion]:
        space = Space.of(history.experiment)
        settings = history.settings
        search = self._rebuilt(history, space, settings)
        suggestions = []
        for number in range(history.asked, history.asked + count):
            rng = np.random.default_rng([settings["random_state"], number])
            units = rng.random(len(space))
            if search.axes:
                units[search.axes] = search.draw(rng)
            suggestions.append(Suggestion(space.from_unit(units.tolist())))
        return suggestions

    def _rebuilt(self, history: History, space: Space, settings: Mapping[str, Any]) -> _Search:
        """The search after all that was observed. It goes on from that of the last request where
        the history has only grown, which comes to the same as beginning anew."""
        observed = _in_order_of_end(history)
        search = self._search
        if search is None or not search.leads_to(space, settings, observed):
            search = self._search = _Search(space, settings)
        search.learn(observed)
        return search


def _in_order_of_end(history: History) -> list[Told]:
    """In the order of making where not all times are known."""
    observed = list(history.observed())
    times = [trial.completion_time for trial, _ in observed]
    order = sorted(range(len(times)), key=lambda i: times[i] or 0.0)
    if None in times:
        order.sort()
    return [(observed[i][0].assignments, observed[i][1]) for i in order]


class _Search:
    """The search distribution after the Trials in ``told``, and what restarts need to know."""

    def __init__(self, space: Space, settings: Mapping[str, Any]) -> None:
        self.space = space
        self.settings = settings
        self.axes = [i for i, d in enumerate(space.dimensions) if d.numeric and d.size != 1]
        self.told: list[Told] = []
        self._converged = not self.axes
        self._small = False
        self._doublings = 0
        self._spent = {False: 0, True: 0}
        """Trials used up by large and by small populations."""
        self._sigma = settings["sigma"] or _SIGMA
        if self.axes:
            self._begin(np.full(len(self.axes), 0.5), self._sigma, None)
            self._least = self._optimizer.population_size
            self._next_generation()

    @property
    def _dimensions(self) -> list[Dimension]:
        return [self.space.dimensions[axis] for axis in self.axes]

    def _begin(self, mean: FloatArray, sigma: float, population: int | None) -> None:
        bounds = np.tile([0.0, 1.0], (len(mean), 1))
        self._optimizer = cmaes.CMA(mean, sigma, bounds, population_size=population)

    def draw(self, rng: np.random.Generator) -> FloatArray:
        """A point of the distribution, one coordinate per axis."""
        self._optimizer.reseed_rng(int(rng.integers(2**32)))
        point: FloatArray = self._optimizer.ask()
        return point

    def leads_to(self, space: Space, settings: Mapping[str, Any], observed: list[Told]) -> bool:
        """Whether :meth:`learn` may go on from here."""
        same = self.space == space and self.settings == settings
        return same and observed[: len(self.told)] == self.told

    def learn(self, observed: Sequence[Told]) -> None:
        """Take in the Trials after those already told."""
        for assignments, value in observed[len(self.told) :]:
            self.told.append((assignments, value))
            point = None if self._converged else self._drawn(assignments)
            if point is None:
                continue
            self._generation.append((point, value))
            if len(self._generation) == self._optimizer.population_size:
                self._optimizer.tell(self._generation)
                self._next_generation()

    def _next_generation(self) -> None:
        self._generation: list[tuple[FloatArray, float]] = []
        if self._optimizer.should_stop():
            self._restart()
        # The package has no public name for the scale and the covariance.
        deviations = self._optimizer._sigma * np.sqrt(np.diag(self._optimizer._C))
        self._normals = list(map(NormalDist, self._optimizer.mean, deviations))

    def _drawn(self, assignments: Mapping[str, str]) -> FloatArray | None:
        """The point that was rounded to these assignments; None where they cannot have been drawn
        from the distribution as it is now."""
        rng = np.random.default_rng([self.settings["random_state"], len(self.told), 1])
        point = np.empty(len(self.axes))
        for axis, (dimension, normal) in enumerate(
            zip(self._dimensions, self._normals, strict=True)
        ):
            unit = dimension.to_unit(assignments.get(dimension.name, ""))
            if unit is None:
                return None
            point[axis] = _unrounded(dimension, unit, normal, rng)
            if abs(normal.zscore(point[axis])) > _FARTHEST:
                return None
        return point

    def _restart(self) -> None:
        rng = np.random.default_rng([self.settings["random_state"], len(self.told), 2])
        strategy = self.settings["restart_strategy"].lower()
        if strategy == "none":
            self._converged = True
            return
        optimizer = self._optimizer
        self._spent[self._small] += optimizer.generation * optimizer.population_size
        self._small = (
            strategy == "bipop" and self._doublings > 0 and self._spent[True] < self._spent[False]
        )
        sigma, population = self._sigma, self._least * 2**self._doublings
        if self._small:
            ratio = population / (2 * self._least)
            population = int(self._least * ratio ** (rng.random() ** 2))
            sigma *= 10 ** (-2 * rng.random())
        else:
            self._doublings += 1
            population *= 2
        self._begin(rng.random(len(self.axes)), sigma, population)


def _unrounded(
    dimension: Dimension, unit: float, normal: NormalDist, rng: np.random.Generator
) -> float:
    """A draw from the part of ``normal`` that rounds to the value at ``unit``; ``unit`` itself
    where values are continuous."""
    cells = cells_of(dimension)
    if cells is None:
        return unit
    index = int(cells.index(np.array(unit)))
    low, high = float(cells.edges[index]), float(cells.edges[index + 1])
    share = rng.uniform(normal.cdf(low), normal.cdf(high))
    return min(max(normal.inv_cdf(min(max(share, 1e-9), 1 - 1e-9)), low), high)
