"""Optuna's own samplers behind the same questions, for comparison."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping

import optuna

from katib_experiments.algorithms.base import History
from katib_experiments.experiment.space import Dimension, Space

optuna.logging.set_verbosity(optuna.logging.ERROR)

SAMPLERS: Mapping[str, Callable[[int], optuna.samplers.BaseSampler]] = {
    "Optuna TPE": lambda seed: optuna.samplers.TPESampler(seed=seed, multivariate=False),
    "Optuna multivariate TPE": lambda seed: optuna.samplers.TPESampler(seed=seed),
    "Optuna CMA-ES": lambda seed: optuna.samplers.CmaEsSampler(seed=seed),
}


def study(sampler: str, seed: int = 0) -> optuna.Study:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # experimental and deprecated arguments
        return optuna.create_study(sampler=SAMPLERS[sampler](seed))


def distributions(space: Space) -> dict[str, optuna.distributions.BaseDistribution]:
    return {dimension.name: _distribution(dimension) for dimension in space.dimensions}


def _distribution(dimension: Dimension) -> optuna.distributions.BaseDistribution:
    if not dimension.numeric:
        return optuna.distributions.CategoricalDistribution(dimension.choices or ())
    if dimension.size is not None:  # the number of the value
        return optuna.distributions.IntDistribution(0, dimension.size - 1)
    return optuna.distributions.FloatDistribution(*dimension.bounds, log=dimension.log)


def assignments(space: Space, params: Mapping[str, object]) -> dict[str, str]:
    return {d.name: _text(d, params[d.name]) for d in space.dimensions}


def _text(dimension: Dimension, value: object) -> str:
    if dimension.numeric and dimension.size is not None:
        return dimension.value(int(str(value)))
    return str(value)


def parameters(space: Space, texts: Mapping[str, str]) -> dict[str, object]:
    """The inverse of :func:`assignments`."""
    values: dict[str, object] = {}
    for dimension in space.dimensions:
        text = texts[dimension.name]
        if not dimension.numeric:
            values[dimension.name] = text
        else:
            known = dimension.size is not None
            values[dimension.name] = dimension.index(text) if known else float(text)
    return values


def study_of(sampler: str, history: History) -> optuna.Study:
    """A study rebuilt from a history, as a function of the history would have to."""
    space = Space.of(history.experiment)
    over = distributions(space)
    made = study(sampler)
    made.add_trials(
        [
            optuna.trial.create_trial(
                params=parameters(space, trial.assignments), distributions=over, value=value
            )
            for trial, value in history.observed()
        ]
    )
    return made
