"""An Experiment without processes: an algorithm, a function in place of the training, and a queue
of running Trials."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from katib_experiments.algorithms import algorithm
from katib_experiments.algorithms.base import Algorithm, History
from katib_experiments.errors import SearchSpaceExhausted
from katib_experiments.experiment.model import Experiment, Metric, Suggestion, Trial, TrialCondition
from tests.support.builders import a_trial

Function = Callable[[Mapping[str, str]], float | None]
"""Assignments to the objective; None for a Trial that fails."""


def simulate(
    experiment: Experiment,
    function: Function,
    trials: int,
    *,
    parallel: int = 1,
    restarts: bool = False,
    make: Callable[[str], Algorithm] = algorithm,
) -> list[Trial]:
    """Run ``trials`` Trials, or until the algorithm ends; the oldest running one ends first.

    ``restarts`` makes a new instance of the algorithm for every request.
    """
    search = make(experiment.algorithm.name)
    made: list[Trial] = []
    ended = 0
    while ended < trials:
        if restarts:
            search = make(experiment.algorithm.name)
        free = min(parallel - (len(made) - ended), trials - len(made))
        suggestions: list[Suggestion] = []
        if free > 0:
            try:
                suggestions = search.suggest(History(experiment, tuple(made), len(made)), free)
            except SearchSpaceExhausted:
                trials = len(made)
        assert len(suggestions) <= free
        for suggestion in suggestions:
            name = f"trial-{len(made)}"
            made.append(a_trial(name, suggestion.assignments, condition=TrialCondition.RUNNING))
        if ended < trials:
            assert ended < len(made), "nothing is running, and nothing was suggested"
            made[ended] = _ended(made[ended], function, experiment, float(ended))
            ended += 1
    return made


def _ended(trial: Trial, function: Function, experiment: Experiment, time: float) -> Trial:
    value = function(trial.assignments)
    if value is None:
        return replace(trial, condition=TrialCondition.FAILED, completion_time=time)
    name, text = experiment.objective.metric, repr(value)
    return replace(
        trial,
        condition=TrialCondition.SUCCEEDED,
        observation={name: Metric(name, text, text, text)},
        completion_time=time,
    )
