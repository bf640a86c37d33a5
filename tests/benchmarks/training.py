"""What a search costs beside its training.

Runs random search through the command line, then trains the very same configurations in other
ways, side by side in one run, and compares the CPU time (user + system, of all processes, imports
and report included). Run on a quiet machine; a few minutes::

    python -m tests.benchmarks.training [TRIALS]
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from katib_experiments.engine import LocalBackend
from katib_experiments.experiment.template import primary_container, render

ROOT = Path(__file__).parents[2]
EXPERIMENT = ROOT / "manifests/experiments/random.yaml"


def search(runs: Path, trials: int) -> list[str]:
    """The search itself, with its progress, journal and report."""
    flags = ["--runs", str(runs), "--max-trials", str(trials)]
    return [sys.executable, "-m", "katib_experiments", "run", str(EXPERIMENT), *flags]


def flags_of_trials(runs: Path) -> list[list[str]]:
    """The flags of every Trial of the search."""
    outcome = LocalBackend(runs).outcome("random")
    manifests = (render(outcome.experiment, t.name, t.assignments) for t in outcome.trials)
    return [list(primary_container(m, outcome.experiment)["args"]) for m in manifests]


def cost(*commands: list[str]) -> tuple[float, float]:
    """CPU and wall seconds of the commands, one after the other."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    for command in commands:
        subprocess.run(
            command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return cpu, time.monotonic() - start


def main(trials: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        runs = Path(folder) / "runs"
        costs = {"`automl run random`, two Trials at a time": cost(search(runs, trials))}
        found = flags_of_trials(runs)
    assert len(found) == trials, f"{len(found)} Trials of {trials}"
    loop = [sys.executable, "-m", "tests.benchmarks.loops", json.dumps(found)]
    floor = costs["one warm process, Keras's `fit`"] = cost([*loop, "fit"])
    costs["one warm process, the trial program's epochs"] = cost([*loop, "epochs"])
    cold = [[sys.executable, "-m", "trial_image.train", *flags] for flags in found]
    costs["one cold `python -m trial_image.train` per Trial"] = cost(*cold)

    print(f"| {trials} Trials on digits | CPU s | wall s | CPU, `fit` = 1 |\n|---|---|---|---|")
    for how, (cpu, wall) in costs.items():
        print(f"| {how} | {cpu:.1f} | {wall:.1f} | {cpu / floor[0]:.2f} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 30)
