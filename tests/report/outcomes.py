"""Synthetic Outcomes, rich enough to fill every part of a report."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import replace

from katib_experiments.backend import Outcome
from katib_experiments.experiment.model import (
    Condition,
    Experiment,
    ExperimentCondition,
    ExperimentStatus,
    Metric,
    MetricLog,
    ObjectiveType,
    Parameter,
    ParameterType,
    Trial,
    TrialCondition,
    optimal_trial,
)
from katib_experiments.experiment.space import Space
from tests.support.builders import an_experiment, categorical, discrete, double, integer

START = 1_790_000_000.0
SPACE = (
    double("learning_rate", 1e-4, 1e-1, "logUniform"),
    discrete("batch_size", "16", "32", "64", "128", "256"),
    integer("num_layers", 1, 4),
    categorical("optimizer", "sgd", "momentum", "adam", "rmsprop"),
)
ADDITIONAL = ("accuracy", "loss", "val_loss")
ODD = {
    3: TrialCondition.FAILED,
    11: TrialCondition.EARLY_STOPPED,
    12: TrialCondition.EARLY_STOPPED,
    17: TrialCondition.METRICS_UNAVAILABLE,
    26: TrialCondition.EARLY_STOPPED,
}


def accuracy(assignments: dict[str, str]) -> float:
    """A response surface: mostly a parabola in the logarithm of the learning rate."""
    rate = math.log10(float(assignments["learning_rate"]))
    off = {"sgd": 0.06, "momentum": 0.02, "adam": 0.0, "rmsprop": 0.01}[assignments["optimizer"]]
    return 0.975 - 0.09 * (rate + 2.3) ** 2 - off - 0.004 * abs(int(assignments["num_layers"]) - 2)


def an_outcome(
    count: int = 40,
    *,
    experiment: Experiment | None = None,
    running: int = 2,
    epochs: int = 10,
    odd: dict[int, TrialCondition] = ODD,
) -> Outcome:
    """``count`` Trials of the usual space, the last ``running`` of them unfinished."""
    experiment = experiment or an_experiment(
        SPACE, additional=ADDITIONAL, goal=0.97, max_trial_count=max(count, 1)
    )
    draws = random.Random(7)
    space = Space.of(experiment)
    trials, logs = [], {}
    for number in range(1, count + 1):
        name = f"{experiment.name}-{number:04x}"
        assignments = space.from_unit([draws.random() for _ in experiment.parameters])
        condition = odd.get(number, TrialCondition.SUCCEEDED)
        if number > count - running:
            condition = TrialCondition.RUNNING
        final = accuracy(assignments) + draws.gauss(0, 0.006)
        logs[name] = _log(final, number, condition, epochs)
        trials.append(_trial(name, assignments, condition, logs[name], number))
    return Outcome(experiment, _status(experiment, trials, running), tuple(trials), logs)


def _log(final: float, number: int, condition: TrialCondition, epochs: int) -> list[MetricLog]:
    stopped = {TrialCondition.EARLY_STOPPED: 4, TrialCondition.RUNNING: 3, TrialCondition.FAILED: 2}
    draws = random.Random(number)
    log = []
    if condition is TrialCondition.METRICS_UNAVAILABLE:
        return []
    for epoch in range(1, stopped.get(condition, epochs) + 1):
        learnt = 1 - math.exp(-epoch / 2.5)
        validation = 0.1 + (max(final, 0.12) - 0.1) * learnt + draws.gauss(0, 0.004)
        training = min(validation + 0.004 * epoch * draws.random(), 0.9999)
        values = {
            "accuracy": training,
            "loss": -math.log(training),
            "val_accuracy": validation,
            "val_loss": -math.log(validation) * 1.1,
        }
        moment = START + 10 * number + epoch
        log += [MetricLog(moment, metric, repr(value)) for metric, value in values.items()]
    return log


def _trial(
    name: str,
    assignments: dict[str, str],
    condition: TrialCondition,
    log: Sequence[MetricLog],
    number: int,
) -> Trial:
    message = {
        TrialCondition.FAILED: "exit code 1: ValueError: batch_size 256 > 100 rows <of training>",
        TrialCondition.METRICS_UNAVAILABLE: "Metrics are not available",
    }
    ended = condition.ended
    return Trial(
        name,
        assignments,
        condition,
        _observation(log) if condition is not TrialCondition.RUNNING else {},
        start_time=START + 10 * number,
        completion_time=START + 10 * number + 12 if ended else None,
        reason=f"Trial{condition}",
        message=message.get(condition, ""),
    )


def _observation(log: Sequence[MetricLog]) -> dict[str, Metric]:
    values: dict[str, list[float]] = {}
    for each in log:
        values.setdefault(each.name, []).append(float(each.value))
    return {
        name: Metric(name, repr(min(seen)), repr(max(seen)), repr(seen[-1]))
        for name, seen in values.items()
    }


def _status(experiment: Experiment, trials: Sequence[Trial], running: int) -> ExperimentStatus:
    condition, end = ExperimentCondition.RUNNING, None
    reason, message = "ExperimentRunning", "Experiment is running"
    if not running:
        condition, end = ExperimentCondition.SUCCEEDED, START + 10 * len(trials) + 20
        reason = "ExperimentMaxTrialsReached"
        message = "Experiment has succeeded because max trial count has reached"
    last = Condition(condition, reason, message, end or START)
    return ExperimentStatus(
        conditions=(last,),
        start_time=START,
        completion_time=end,
        optimal=optimal_trial(experiment.objective, list(trials)),
    )


def a_grid_outcome() -> Outcome:
    """A whole grid of 4 learning rates, 5 batch sizes and 2 optimizers."""
    experiment = an_experiment(
        (
            discrete("learning_rate", "0.0001", "0.001", "0.01", "0.1"),
            discrete("batch_size", "16", "32", "64", "128", "256"),
            categorical("optimizer", "sgd", "adam"),
        ),
        "grid",
        additional=ADDITIONAL,
        max_trial_count=40,
    )
    points = [
        {"learning_rate": rate, "batch_size": batch, "optimizer": optimizer}
        for rate in experiment.parameters[0].feasible_space.list
        for batch in experiment.parameters[1].feasible_space.list
        for optimizer in experiment.parameters[2].feasible_space.list
    ]
    assert experiment.parameters[0].type is ParameterType.DISCRETE
    trials, logs = [], {}
    for number, point in enumerate(points, 1):
        name = f"grid-{number:04x}"
        logs[name] = _log(
            accuracy({**point, "num_layers": "2"}), number, TrialCondition.SUCCEEDED, 8
        )
        trials.append(_trial(name, point, TrialCondition.SUCCEEDED, logs[name], number))
    return Outcome(experiment, _status(experiment, trials, 0), tuple(trials), logs)


HOSTILE = "</script><script>document.title='owned'</script><img src=x onerror=alert(1)>\"'&%{x}"


def a_hostile_outcome() -> Outcome:
    """Every text that a user or a Trial can choose is an attack."""
    space = (
        double(HOSTILE, 1e-3, 1.0, "logUniform"),
        categorical(f"c{HOSTILE}", HOSTILE, f"x{HOSTILE}", "plain"),
    )
    experiment = an_experiment(
        space,
        HOSTILE,
        {HOSTILE: HOSTILE},
        metric=HOSTILE,
        name=HOSTILE,
        max_trial_count=12,
        document={HOSTILE: [HOSTILE]},
    )
    draws, trials, logs = random.Random(3), [], {}
    for number in range(12):
        name = f"{number}{HOSTILE}"
        assignments = Space.of(experiment).from_unit([draws.random(), draws.random()])
        log = [MetricLog(0.0, HOSTILE, str(draws.random())) for _ in range(3)]
        condition = TrialCondition.FAILED if number == 4 else TrialCondition.SUCCEEDED
        observed = {HOSTILE: Metric(HOSTILE, log[0].value, log[1].value, log[2].value)}
        trials.append(Trial(name, assignments, condition, observed, message=HOSTILE))
        logs[name] = log
    reason = Condition(ExperimentCondition.FAILED, HOSTILE, HOSTILE, START)
    return Outcome(experiment, ExperimentStatus(conditions=(reason,)), tuple(trials), logs)


def _without_objective() -> Outcome:
    outcome = an_outcome(12, running=0)
    trials = [replace(trial, observation={}) for trial in outcome.trials]
    return replace(outcome, trials=tuple(trials))


def _diverging() -> Outcome:
    """A minimized loss of which some are astronomic or not finite."""
    experiment = an_experiment(
        SPACE, objective=ObjectiveType.MINIMIZE, metric="loss", additional=("val_loss",), goal=0.1
    )
    outcome = an_outcome(20, experiment=experiment, running=0)
    values = ["1e300", "nan", "inf", "1e9", "0.0", "-3"]
    trials = list(outcome.trials)
    for i, value in enumerate(values):
        trials[i] = replace(trials[i], observation={"loss": Metric("loss", value, value, value)})
    logs = {name: [*log, MetricLog(0.0, "loss", "inf")] for name, log in outcome.logs.items()}
    return replace(outcome, trials=tuple(trials), logs=logs)


def _of_space(*parameters: Parameter) -> Outcome:
    experiment = an_experiment(parameters, additional=ADDITIONAL)
    draws, trials = random.Random(5), []
    for number in range(12):
        assignments = Space.of(experiment).from_unit([draws.random() for _ in parameters])
        value = repr(draws.random())
        observed = {"val_accuracy": Metric("val_accuracy", value, value, value)}
        trials.append(Trial(f"t{number}", assignments, TrialCondition.SUCCEEDED, observed))
    return Outcome(experiment, ExperimentStatus(), tuple(trials))


OUTCOMES: dict[str, Callable[[], Outcome]] = {
    "running": an_outcome,
    "ended": lambda: an_outcome(40, running=0),
    "grid": a_grid_outcome,
    "no Trials": lambda: an_outcome(0),
    "one Trial": lambda: an_outcome(1, running=0),
    "one running Trial": lambda: an_outcome(1, running=1),
    "two Trials": lambda: an_outcome(2, running=0),
    "no objective": _without_objective,
    "diverging": _diverging,
    "one parameter": lambda: _of_space(double("x", 0.0, 1.0)),
    "one value": lambda: _of_space(categorical("c", "only")),
    "no parameter": _of_space,
    "all categorical": lambda: _of_space(categorical("c", "p", "q"), categorical("d", "r", "s")),
    "fifteen parameters": lambda: _of_space(
        *(double(f"a_rather_long_parameter_name_{i}", 1e-5, 1.0, "logNormal") for i in range(15))
    ),
    "hostile": a_hostile_outcome,
    "a thousand Trials": lambda: an_outcome(1000, running=0),
}
"""Name -> a function that makes one; every kind of report there is."""
