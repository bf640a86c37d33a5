"""How much of the objective's variation each parameter accounts for.

An additive model is fitted to the Trials: a parabola in each numeric parameter (on its own scale,
logarithmic where its distribution is) and a level per category, by least squares with a little
ridge. The importance of a parameter is the variance of its term, as a share of all terms: the main
effects of a functional ANOVA (Hooker 2007; Hutter et al. 2014, there on a random forest).

Of thirty Trials such a fit ranks the parameters of typical response surfaces as well as a forest
does, and it costs a millisecond, where importing a forest takes more than a second. Interactions
are not in it, which is why the share of the differences that it explains is told with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from katib_experiments.backend import Outcome
from katib_experiments.experiment.model import Objective, Trial, finite
from katib_experiments.experiment.space import Dimension
from katib_experiments.report.coordinates import varying_dimensions
from katib_experiments.report.figures import points, value_range

FEWEST_TRIALS = 8
"""Below this the ranks are mostly luck."""
LEAST_EXPLAINED = 0.1
"""Below this the shares would be shares of nothing."""
RIDGE = 0.005
"""Per Trial; keeps ten coefficients apart where there are hardly more Trials."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Importance:
    """Shares that sum to 1, the greatest first; none where ``reason`` says why."""

    shares: Sequence[tuple[str, float]]
    explained: float = 0.0
    """Share of the objective's variance that the fit predicts of Trials left out, in [0, 1]."""
    reason: str = ""

    @property
    def ranked(self) -> list[str]:
        return [name for name, _ in self.shares]

    @property
    def sentence(self) -> str:
        if not self.shares:
            return self.reason
        (name, share), text = self.shares[0], ""
        if self.explained < 0.5:
            text = ": take the order with caution"
        return (
            f"{name} matters most, with {share:.0%} of what the parameters explain one by one; "
            f"together they explain {self.explained:.0%} of the differences between Trials{text}."
        )


def importance(outcome: Outcome) -> Importance:
    """The parameters' importance among the Trials that count."""
    dimensions = varying_dimensions(outcome)
    usable = [
        (row, point.value)
        for point in points(outcome)
        if (row := _row(dimensions, point.trial)) is not None
    ]
    if len(usable) < FEWEST_TRIALS:
        enough = f"Importance needs at least {FEWEST_TRIALS} Trials with an objective"
        return Importance((), reason=f"{enough}; there {_are(len(usable))}.")
    if len(dimensions) < 2:
        return Importance((), reason="Fewer than two parameters vary: there is nothing to rank.")
    values = _without_outliers(outcome.experiment.objective, [value for _, value in usable])
    if np.ptp(values) == 0:
        return Importance((), reason="All Trials have the same objective.")
    terms = [
        _term(dimension, [row[i] for row, _ in usable]) for i, dimension in enumerate(dimensions)
    ]
    effects, explained = _fit(terms, values)
    if explained < LEAST_EXPLAINED:
        return Importance(
            (), explained, "No parameter by itself explains the differences between Trials so far."
        )
    total = sum(effects) or 1.0
    shares = [(each.name, effect / total) for each, effect in zip(dimensions, effects, strict=True)]
    return Importance(sorted(shares, key=lambda share: -share[1]), explained)


def _are(count: int) -> str:
    return f"is {count}" if count == 1 else f"are {count or 'none'}"


def _row(dimensions: Sequence[Dimension], trial: Trial) -> list[float] | None:
    row = [_coordinate(each, trial.assignments.get(each.name, "")) for each in dimensions]
    return None if None in row else [number for number in row if number is not None]


def _coordinate(dimension: Dimension, text: str) -> float | None:
    """In [0, 1] for a number, on its own scale; the index of a category."""
    if dimension.choices is None:
        return dimension.to_unit(text)
    if not dimension.numeric:
        index = dimension.index(text)
        return None if index is None else float(index)
    number = finite(text)
    ordered = sorted({float(choice) for choice in dimension.choices})
    return ordered.index(number) / (len(ordered) - 1 or 1) if number in ordered else None


def _without_outliers(objective: Objective, values: Sequence[float]) -> Array:
    """A diverged Trial's loss of 1e9 would be all there is to explain: clip it."""
    bounds = value_range(objective, values)
    return np.clip(np.asarray(values, dtype=np.float64), min(bounds), max(bounds))


def _term(dimension: Dimension, column: Sequence[float]) -> Array:
    """One parameter's columns of the design matrix, shape (Trials, 2) or (Trials, categories),
    each with mean 0."""
    x = np.asarray(column, dtype=np.float64)
    if dimension.numeric:
        u = 2 * x - 1
        term = np.stack([u, 1.5 * u * u - 0.5], axis=1)  # Legendre's polynomials
    else:
        term = (x[:, None] == np.unique(x)).astype(np.float64)
    centred: Array = term - term.mean(axis=0)
    return centred


def _fit(terms: Sequence[Array], values: Array) -> tuple[list[float], float]:
    """The variance of each term, and the share of the variance of ``values`` (Trials,) that the fit
    predicts of a Trial left out of it: no overfit counts."""
    design = np.concatenate(terms, axis=1)
    count, width = design.shape
    y = (values - values.mean()) / values.std()
    solved = np.linalg.solve(design.T @ design + RIDGE * count * np.eye(width), design.T)
    weights = solved @ y
    effects, at = [], 0
    for term in terms:
        effects.append(float(np.var(term @ weights[at : at + term.shape[1]])))
        at += term.shape[1]
    leverage = np.einsum("ij,ji->i", design, solved) + 1 / count
    left_out = (y - design @ weights) / np.maximum(1 - leverage, 1e-9)
    return effects, min(max(1 - float(np.mean(left_out**2)), 0.0), 1.0)
