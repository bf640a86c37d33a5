"""How far the best Trial is from the optimum, on functions whose optimum is known.

Medians over seeds, after 30 and after 60 Trials run one after the other; Optuna's samplers meet
the same functions. Prints a table in Markdown; about five minutes::

    python -m tests.benchmarks.regret [SEEDS]
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Mapping
from statistics import median

import numpy as np
import optuna

from katib_experiments.experiment.model import ObjectiveType
from katib_experiments.experiment.space import Space
from tests.benchmarks import peers
from tests.benchmarks.functions import FUNCTIONS, Function
from tests.support.builders import an_experiment
from tests.support.simulation import simulate

EARLY, TRIALS = 30, 60
Run = Callable[[Function, int], list[float]]
"""From a function and a seed to the values of all Trials."""


def ours(name: str, **settings: str) -> Run:
    def values(function: Function, seed: int) -> list[float]:
        seeded = {} if name == "sobol" else {"random_state": str(seed)}
        experiment = an_experiment(
            function.parameters,
            name,
            seeded | settings,
            objective=ObjectiveType.MINIMIZE,
            max_trial_count=TRIALS,
        )
        trials = simulate(experiment, function.value, TRIALS)
        return [function.value(trial.assignments) for trial in trials]

    return values


def peer(sampler: str) -> Run:
    def values(function: Function, seed: int) -> list[float]:
        space = Space.of(an_experiment(function.parameters))
        over = peers.distributions(space)
        study = peers.study(sampler, seed)

        def objective(trial: optuna.Trial) -> float:
            params = {name: trial._suggest(name, kind) for name, kind in over.items()}
            return function.value(peers.assignments(space, params))

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a sampler that leaves categories to chance says so
            study.optimize(objective, n_trials=TRIALS)
        return [trial.value for trial in study.trials]

    return values


SEARCHES: Mapping[str, Run] = {
    **{f"`{name}`": ours(name) for name in ("random", "sobol", "zooming", "cmaes")},
    **{f"`{name}`": ours(name) for name in ("tpe", "multivariate-tpe", "bayesianoptimization")},
    **{
        f"… with {base}": ours("bayesianoptimization", base_estimator=base)
        for base in ("RF", "ET")  # GBRT takes minutes more
    },
    **{name: peer(name) for name in peers.SAMPLERS},
}


def cell(run: Run, function: Function, seeds: int) -> str:
    best = [np.minimum.accumulate(run(function, seed)) for seed in range(seeds)]
    return " / ".join(f"{median(b[count - 1] for b in best):.3g}" for count in (EARLY, TRIALS))


def main(seeds: int) -> None:
    print(f"| regret at {EARLY} / {TRIALS} | {' | '.join(f.name for f in FUNCTIONS)} |")
    print("|---|" + "---:|" * len(FUNCTIONS))
    for label, run in SEARCHES.items():
        print(f"| {label} | {' | '.join(cell(run, f, seeds) for f in FUNCTIONS)} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 7)
