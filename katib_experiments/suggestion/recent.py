"""What was learned from earlier requests: it makes answers faster, and never different."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from katib_experiments.experiment.model import Trial
from katib_experiments.suggestion.convert import trial_of
from katib_experiments.suggestion.stubs import api

T = TypeVar("T")
decode = api.Trial.FromString


class Recent(Generic[T]):
    """The last few values, by key."""

    def __init__(self, limit: int = 4) -> None:
        self._limit = limit
        self._values: OrderedDict[object, T] = OrderedDict()

    def get(self, key: object, make: Callable[[], T]) -> T:
        """The value of ``key``; a new one where there is none any more."""
        if key not in self._values:
            self._values[key] = make()
        self._values.move_to_end(key)
        while len(self._values) > self._limit:
            self._values.popitem(last=False)
        return self._values[key]


class Seen:
    """The Trials of the last request, by their bytes: one that has not changed is not decoded
    again, and one that is no longer sent is forgotten."""

    def __init__(self) -> None:
        self._trials: dict[bytes, Trial] = {}

    def trials(self, messages: Sequence[bytes]) -> tuple[Trial, ...]:
        """In the order in which they began. Katib sends them in any order, and another one each
        time."""
        known = self._trials
        self._trials = {
            message: known.get(message) or trial_of(decode(message)) for message in messages
        }
        return tuple(sorted(self._trials.values(), key=_beginning))


def _beginning(trial: Trial) -> tuple[bool, float, str]:
    start = trial.start_time
    return (start is None, start or 0.0, trial.name)
