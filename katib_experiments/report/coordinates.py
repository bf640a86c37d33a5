"""The search space as the axes of a figure: the map of two parameters, and all of them at parallel.

As in :mod:`.figures`, these are numbers; :mod:`.plots` draws them.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean

from katib_experiments.backend import Outcome
from katib_experiments.experiment.model import Objective, finite
from katib_experiments.experiment.space import Dimension, Space
from katib_experiments.report.figures import Point, points, short, value_range

MOST_CATEGORIES = 12
"""An axis with more values than this is a continuous one."""
LEARNING_RATE = ("learningrate", "lr")
BATCH_SIZE = ("batchsize", "batch")


@dataclass(frozen=True)
class Axis:
    """One parameter as an axis: categories in order, or numbers."""

    dimension: Dimension
    categories: tuple[str, ...] | None
    """None for a continuous axis."""

    @property
    def name(self) -> str:
        return self.dimension.name

    @property
    def log(self) -> bool:
        return self.categories is None and self.dimension.log

    def place(self, assignments: Mapping[str, str]) -> str | float | None:
        """Where a Trial lies: a category or a finite number; None where it is foreign."""
        text = assignments.get(self.name, "")
        if self.categories is None:
            number = finite(text)
            return None if number is None or (self.log and number <= 0) else number
        known = _canonical(self.dimension, text)
        return known if known in self.categories else None


def axis(dimension: Dimension, outcome: Outcome) -> Axis:
    """Categories where there are few values, whether declared or only met again and again."""
    texts = [trial.assignments.get(dimension.name, "") for trial in outcome.trials]
    size = dimension.size
    if not dimension.numeric:
        return Axis(dimension, dimension.choices or ())
    if size is not None and size <= MOST_CATEGORIES:
        declared = [dimension.value(i) for i in range(size)]
        return Axis(dimension, tuple(sorted(declared, key=float)))
    seen = {_canonical(dimension, text) for text in texts if finite(text) is not None}
    if 0 < len(seen) <= MOST_CATEGORIES and 2 * len(seen) <= len(texts):
        return Axis(dimension, tuple(sorted(seen, key=float)))
    return Axis(dimension, None)


def _canonical(dimension: Dimension, text: str) -> str:
    """A value of a finite dimension as its document has it: ``0.1`` for an assignment of ``0.10``
    or ``0.1000000001``."""
    index, number = dimension.index(text), finite(text)
    if index is None or number is None or not dimension.numeric:
        return text
    nearest = dimension.value(index)
    return nearest if math.isclose(float(nearest), number, rel_tol=1e-6, abs_tol=1e-12) else text


@dataclass(frozen=True)
class Cell:
    """All Trials at one place of the map."""

    x: str
    y: str
    mean: float
    best: float
    trials: tuple[str, ...]


@dataclass(frozen=True)
class Map:
    """The objective over two parameters; over one where the space has but one."""

    x: Axis
    y: Axis | None
    points: Sequence[Point]
    objective: Objective

    @cached_property
    def cells(self) -> list[Cell]:
        """One for each place that any Trial took; empty unless both axes are categories."""
        if self.y is None or self.x.categories is None or self.y.categories is None:
            return []
        groups: dict[tuple[str, str], list[Point]] = defaultdict(list)
        for point in self.points:
            place = (self.x.place(point.trial.assignments), self.y.place(point.trial.assignments))
            if isinstance(place[0], str) and isinstance(place[1], str):
                groups[place[0], place[1]].append(point)
        best = max if self.objective.maximize else min
        return [
            Cell(
                x,
                y,
                mean=fmean(point.value for point in group),
                best=best(point.value for point in group),
                trials=tuple(point.trial.name for point in group),
            )
            for (x, y), group in groups.items()
        ]

    @property
    def best_cell(self) -> Cell | None:
        best = max if self.objective.maximize else min
        return best(self.cells, key=lambda cell: cell.best, default=None)

    @property
    def is_table(self) -> bool:
        """Whether most places were taken, as by a grid, so that cells tell more than points."""
        if not self.cells or self.y is None:
            return False
        places = len(self.x.categories or ()) * len(self.y.categories or ())
        return 2 * len(self.cells) >= places

    @property
    def sentence(self) -> str:
        cell = self.best_cell
        if not self.points:
            return "No Trial has a finite objective yet."
        if self.is_table and self.y is not None and cell is not None:
            places = len(self.x.categories or ()) * len(self.y.categories or ())
            return (
                f"{len(self.cells)} of {places} combinations were tried; the best, "
                f"{short(cell.best)}, has {self.x.name} {cell.x} and {self.y.name} {cell.y}."
            )
        top = self.top
        axes = [each for each in (self.x, self.y) if each is not None]
        extents = " and ".join(_extent(each, top) for each in axes)
        who = f"The best {len(top)} of {len(self.points)} have" if len(top) > 1 else "The best has"
        return f"{who} {extents}."

    @property
    def top(self) -> list[Point]:
        """The best fifth of the points, the best first; the best one alone of fewer than ten."""
        ordered = sorted(
            self.points, key=lambda point: point.value, reverse=self.objective.maximize
        )
        return ordered[: len(ordered) // 5 if len(ordered) >= 10 else 1]


def _extent(along: Axis, among: Sequence[Point]) -> str:
    """Which values occur, in words: ``dropout 0.1 to 0.3``, ``any optimizer``."""
    places = [along.place(point.trial.assignments) for point in among]
    if along.categories is None:
        numbers = [place for place in places if isinstance(place, float)]
        ends = sorted({short(min(numbers)), short(max(numbers))}, key=float) if numbers else ["?"]
        return f"{along.name} {' to '.join(ends)}"
    met = [category for category in along.categories if category in places]
    if len(met) == len(along.categories):
        return f"any {along.name}"
    ends = [met[0], met[-1]] if along.dimension.numeric and len(met) > 1 else met
    return f"{along.name} {(' to ' if along.dimension.numeric else ' or ').join(ends)}"


def trial_map(outcome: Outcome, ranked: Sequence[str] = ()) -> Map | None:
    """Learning rate x batch size where the space has them; else the two parameters that come first
    in ``ranked`` (the most important first), numeric ones before categorical ones. None without any
    parameter that varies."""
    chosen = _map_dimensions(outcome, ranked)
    if not chosen:
        return None
    axes = [axis(dimension, outcome) for dimension in chosen]
    return Map(
        axes[0], axes[1] if len(axes) > 1 else None, points(outcome), outcome.experiment.objective
    )


def _map_dimensions(outcome: Outcome, ranked: Sequence[str]) -> list[Dimension]:
    varying = varying_dimensions(outcome)
    order = {name: place for place, name in enumerate(ranked)}
    varying.sort(key=lambda each: (not each.numeric, order.get(each.name, len(order))))
    known = [_named(varying, LEARNING_RATE), _named(varying, BATCH_SIZE)]
    first = [each for each in known if each is not None]
    return (first + [each for each in varying if each not in first])[:2]


def _named(dimensions: Sequence[Dimension], names: Sequence[str]) -> Dimension | None:
    for dimension in dimensions:
        if "".join(filter(str.isalnum, dimension.name.lower())) in names:
            return dimension
    return None


def varying_dimensions(outcome: Outcome) -> list[Dimension]:
    """The parameters with more than one possible value, in the document's order."""
    return [each for each in Space.of(outcome.experiment).dimensions if each.size != 1]


@dataclass(frozen=True)
class Coordinate:
    """One vertical axis: where each Trial crosses it, and the labels along it."""

    name: str
    values: Sequence[float]
    ticks: Sequence[tuple[float, str]]
    """(position, label); empty where any regular ticks do."""
    span: tuple[float, float]


@dataclass(frozen=True)
class Parallel:
    points: Sequence[Point]
    coordinates: Sequence[Coordinate]
    """The parameters in the document's order, then the objective."""


def parallel(outcome: Outcome) -> Parallel:
    """Trials that have every parameter; log axes are in log10, and far outliers of the objective
    lie at the end of its axis."""
    axes = [axis(dimension, outcome) for dimension in varying_dimensions(outcome)]
    complete = [
        point
        for point in points(outcome)
        if all(each.place(point.trial.assignments) is not None for each in axes)
    ]
    values = [point.value for point in complete]
    objective = outcome.experiment.objective
    low, high = sorted(value_range(objective, values)) if values else (0.0, 1.0)
    inside = [min(max(value, low), high) for value in values]
    last = Coordinate(objective.metric, inside, (), (low, high))
    return Parallel(complete, [*(_coordinate(each, complete) for each in axes), last])


def _coordinate(along: Axis, complete: Sequence[Point]) -> Coordinate:
    places = [along.place(point.trial.assignments) for point in complete]
    if along.categories is not None:
        index: Mapping[str | float | None, int] = {c: i for i, c in enumerate(along.categories)}
        ticks = [(float(i), category) for i, category in enumerate(along.categories)]
        span = (0.0, float(max(len(ticks) - 1, 1)))
        return Coordinate(along.name, [float(index[place]) for place in places], ticks, span)
    numbers = [float(place) for place in places if place is not None]
    low, high = along.dimension.bounds
    if not along.log:
        return Coordinate(along.name, numbers, (), (low, high))
    return Coordinate(
        along.name,
        [math.log10(number) for number in numbers],
        [(math.log10(tick), f"{tick:g}") for tick in log_ticks(low, high)],
        (math.log10(low), math.log10(high)),
    )


def log_ticks(low: float, high: float) -> list[float]:
    """Round numbers between two bounds: decades, with their 2s and 5s where there are few."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1,) if math.log10(high / low) >= 2 else (1, 2, 5)
    ticks = [float(f"{step}e{decade}") for decade in decades for step in steps]
    slack = 1 + 1e-9
    return [tick for tick in ticks if low / slack <= tick <= high * slack]
