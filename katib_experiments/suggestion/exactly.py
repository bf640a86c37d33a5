"""Exactly as many suggestions as Katib asks for; with any other number it would never go on.

A grid comes to its end, and hyperband waits for a rung. What such a search cannot give yet is made
up with points drawn at random, hyperband's with the least of the resource. The search itself does
not count them: how many there have been is the setting :data:`PADDING`, which Katib keeps in the
Suggestion's status and sends back with the next request.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from katib_experiments.algorithms.base import Algorithm, History
from katib_experiments.algorithms.budget import Budget
from katib_experiments.errors import SearchSpaceExhausted
from katib_experiments.experiment.model import Suggestion, Trial, TrialCondition
from katib_experiments.experiment.space import Space
from katib_experiments.suggestion.rpc import NotYet

PADDING = "padding"
_STREAM = 7
"""Keeps these random numbers apart from those of the searches."""


def exactly(
    search: Algorithm, history: History, count: int, padding: int
) -> tuple[list[Suggestion], int]:
    """``count`` suggestions, and the new ``padding``.

    :class:`NotYet` where nothing can be given before one of the running Trials has ended: Katib
    then asks again, with each of them that ends.
    """
    given: list[Suggestion] = []
    own = replace(history, asked=max(history.asked - padding, 0))
    while len(given) < count:
        try:
            more = search.suggest(_after(own, given), count - len(given))
        except SearchSpaceExhausted:
            break
        given += more
        if not more and not given:
            raise NotYet("the running Trials of a rung must end before the next one can begin")
        if not more:
            break
    rest = range(history.asked + len(given), history.asked + count)
    return [*given, *(_drawn(history, number) for number in rest)], padding + len(rest)


def _after(history: History, given: list[Suggestion]) -> History:
    """The history once the ``given`` points are running."""
    if not given:
        return history
    running = (Trial("", each.assignments, TrialCondition.RUNNING) for each in given)
    return replace(history, trials=(*history.trials, *running), asked=history.asked + len(given))


def _drawn(history: History, number: int) -> Suggestion:
    space = Space.of(history.experiment)
    rng = np.random.default_rng([_STREAM, number])
    assignments = space.from_unit(rng.random(len(space)).tolist())
    if "resource_name" in history.settings:
        budget = Budget.of(history)
        assignments[budget.resource] = budget.amount(0.0)
    return Suggestion(assignments)
