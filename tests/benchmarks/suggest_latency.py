"""CPU time of ``suggest`` for one point, by the number of Trials in the history.

Each measurement is a request as it arrives from outside: a new instance of the algorithm and a
history that it has to turn into numbers first. Five parameters, one of each kind. "First use" is
the import and the first request, with 25 Trials, in a process that has numpy. Prints a table in
Markdown, milliseconds; about a minute::

    python -m tests.benchmarks.suggest_latency [ALGORITHM ...]
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median

import numpy as np

from katib_experiments.algorithms import NAMES, algorithm
from katib_experiments.algorithms.base import History
from katib_experiments.errors import SearchSpaceExhausted
from katib_experiments.experiment.model import Parameter
from katib_experiments.experiment.space import Space
from tests.support.builders import a_trial, an_experiment, categorical, discrete, double, integer

SIZES = (10, 100, 1_000, 5_000, 10_000)
SECONDS_EACH = 1.5
"""Repetitions of one measurement stop after so long; there is at least one after the first."""
PEERS = ("Optuna TPE", "Optuna multivariate TPE")


def parameters(name: str) -> tuple[Parameter, ...]:
    step = "0.02" if name == "grid" else ""
    rate = double("rate", 0.02, 1.0, step=step) if step else double("rate", 1e-5, 1, "logUniform")
    five = (
        rate,
        double("momentum", 0.0, 1.0, step=step),
        integer("layers", 1, 8),
        discrete("batch_size", "16", "32", "64", "128"),
        categorical("optimizer", "sgd", "adam", "rmsprop"),
    )
    if name in ("hyperband", "asha"):
        return (*five[:-2], integer("epochs", 1, 81), five[-1])
    return five


def history(name: str, size: int) -> History:
    """``size`` Trials at random points; better near the middle."""
    resource = name in ("hyperband", "asha")
    settings = {"resource_name": "epochs", "r_l": "81"} if resource else {}
    experiment = an_experiment(parameters(name), name, settings)
    space = Space.of(experiment)
    units = np.random.default_rng(0).random((size, len(space)))
    trials = [
        a_trial(f"trial-{i}", space.from_unit(unit.tolist()), float(-((unit - 0.4) ** 2).sum()))
        for i, unit in enumerate(units)
    ]
    return History(experiment, tuple(trials), size)


def milliseconds(prepare: Callable[[], Callable[[], object]]) -> float | None:
    """Median CPU time of what ``prepare`` returns, after a first run that is not counted; None
    where the search is over."""
    times: list[float] = []
    begin = time.process_time()
    while len(times) < 2 or (len(times) < 20 and time.process_time() - begin < SECONDS_EACH):
        ask = prepare()
        start = time.process_time()
        try:
            ask()
        except SearchSpaceExhausted:
            return None
        times.append((time.process_time() - start) * 1000)
    return median(times[1:])


def of_algorithm(name: str, size: int) -> float | None:
    given = history(name, size)

    def prepare() -> Callable[[], object]:
        search = algorithm(name)
        return lambda: search.suggest(given, 1)

    return milliseconds(prepare)


def of_peer(sampler: str, size: int, *, rebuilt: bool) -> float | None:
    """One ``ask`` of a study in memory, with or without making it from the history."""
    from tests.benchmarks import peers  # noqa: PLC0415  # first_use must not count Optuna in

    given = history("tpe", size)
    over = peers.distributions(Space.of(given.experiment))
    if rebuilt:
        return milliseconds(lambda: lambda: peers.study_of(sampler, given).ask(over))
    study = peers.study_of(sampler, given)
    return milliseconds(lambda: lambda: study.ask(over))


def first_use(name: str) -> float:
    """CPU time of importing an algorithm and answering a first request with 25 Trials, in a
    process of its own that has numpy."""
    code = f"""
import time
from tests.benchmarks.suggest_latency import algorithm, history
given = history({name!r}, 25)
start = time.process_time()
algorithm({name!r}).suggest(given, 1)
print((time.process_time() - start) * 1000)
"""
    command = [sys.executable, "-c", code]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def row(label: str, cells: list[float | None]) -> str:
    shown = [
        "–" if cell is None else f"{cell:.2f}" if cell < 10 else f"{cell:.0f}" for cell in cells
    ]
    return f"| {label} | {' | '.join(shown)} |"


def main(names: list[str]) -> None:
    print(f"| CPU ms at | {' | '.join(f'{size:,}' for size in SIZES)} | first use |")
    print("|---|" + "---:|" * (len(SIZES) + 1))
    for name in names or NAMES:
        cells = [of_algorithm(name, size) for size in SIZES]
        print(row(f"`{name}`", [*cells, first_use(name)]), flush=True)
    for sampler in () if names else PEERS:
        print(
            row(
                f"{sampler}, in memory",
                [of_peer(sampler, n, rebuilt=False) for n in SIZES] + [None],
            )
        )
        print(
            row(f"{sampler}, rebuilt", [of_peer(sampler, n, rebuilt=True) for n in SIZES] + [None])
        )


if __name__ == "__main__":
    main(sys.argv[1:])
