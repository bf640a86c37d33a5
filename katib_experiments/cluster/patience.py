"""How long an Experiment may stand still. Katib calls a Trial running as soon as its Job exists,
and waits without end for a pod whose image is nowhere, or that fits on no node."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

from katib_experiments.backend import Outcome
from katib_experiments.cluster.client import Object
from katib_experiments.cluster.objects import TRIAL, Objects, ended, label
from katib_experiments.cluster.reasons import trial_notes
from katib_experiments.errors import StandsStill


def standstill(outcome: Outcome, seconds: float) -> StandsStill:
    """The error, with all the reasons that are known."""
    name, last = outcome.experiment.name, outcome.status.conditions[-1:]
    waiting = Counter(trial.message for trial in outcome.trials if not trial.condition.ended)
    lines = [f"experiment {name} stands still: no Trial has run for {seconds / 60:g} minutes"]
    lines += [f"{count} Trials wait: {message}" for message, count in waiting.most_common()]
    lines += [last[0].message] if last else ["Katib has not taken it up; look: automl doctor"]
    return StandsStill("\n".join(lines))


class Patience:
    """The seconds that are left until an Experiment has stood still for too long."""

    def __init__(self, seconds: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._clock = seconds, clock
        self._ended = 0
        self._runs = False
        self._since = clock()

    def look(self, objects: Objects) -> None:
        """Begin anew where a Trial runs, or one more has ended."""
        ends = sum(map(ended, objects.trials))
        runs = any(_runs(trial, objects) for trial in objects.trials)
        if runs or self._runs or ends != self._ended:
            self._since = self._clock()
        self._ended, self._runs = ends, runs

    def left(self) -> float | None:
        """None: as long as it takes."""
        if self._seconds is None or self._runs:
            return None
        return max(0.0, self._since + self._seconds - self._clock())


def _runs(trial: Object, objects: Objects) -> bool:
    """Whether a Trial has a pod that runs. Of one without any pod it is believed, unless there are
    reasons for that: not every pod of another's kind of job has its label, and not everybody may
    read pods."""
    if ended(trial):
        return False
    name = trial["metadata"]["name"]
    pods = [pod for pod in objects.pods if label(pod, TRIAL) == name]
    if pods:
        return any((pod.get("status") or {}).get("phase") == "Running" for pod in pods)
    return _started(trial) and not trial_notes(name, (), objects.events)


def _started(trial: Object) -> bool:
    history = (trial.get("status") or {}).get("conditions") or ()
    return any(each["type"] == "Running" for each in history)
