"""Searches of more and more epochs, through the real engine and the real training program."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from katib_experiments.backend import Outcome
from katib_experiments.engine.local import LocalBackend
from katib_experiments.experiment.defaults import with_defaults
from katib_experiments.experiment.document import parse

MANIFESTS = Path(__file__).parents[2] / "manifests/experiments"
SETTINGS = {
    "asha": {"r_l": "4", "eta": "2", "min_resource": "1"},
    "hyperband": {"r_l": "4", "eta": "2"},
}


def run(name: str, folder: Path, trials: int, parallel: int) -> tuple[Outcome, LocalBackend]:
    """A shipped Experiment on few epochs of the digits, with one folder of checkpoints."""
    document = yaml.safe_load((MANIFESTS / f"{name}.yaml").read_text())
    spec = document["spec"]
    for setting in spec["algorithm"]["algorithmSettings"]:
        setting["value"] = SETTINGS[name].get(setting["name"], setting["value"])
    spec |= {"maxTrialCount": trials, "parallelTrialCount": parallel}
    epochs = next(row for row in spec["parameters"] if row["name"] == "epochs")
    epochs["feasibleSpace"]["max"] = "4"
    (container,) = spec["trialTemplate"]["trialSpec"]["spec"]["template"]["spec"]["containers"]
    container["args"].append(f"--checkpoint_dir={folder / 'checkpoints'}")
    backend = LocalBackend(folder / "runs")
    backend.submit(parse(with_defaults(document)))
    *_, outcome = backend.watch(name)
    return outcome, backend


@pytest.mark.slow
@pytest.mark.parametrize(("name", "trials", "parallel"), [("asha", 7, 1), ("hyperband", 7, 4)])
def test_a_rung_trains_only_the_epochs_that_it_adds(name, trials, parallel, tmp_path: Path):
    outcome, backend = run(name, tmp_path, trials, parallel)
    asked = trained = 0
    configurations: dict[tuple[str, ...], int] = {}
    for trial in outcome.trials:
        epochs = int(trial.assignments["epochs"])
        text = "\n".join(backend.logs(name, trial.name))
        assert re.findall(r"epoch=(\d+)", text) == [str(e + 1) for e in range(epochs)]
        resumed = re.search(r"resumed after epoch (\d+)", text)
        asked += epochs
        trained += epochs - int(resumed[1] if resumed else 0)
        key = tuple(value for key, value in trial.assignments.items() if key != "epochs")
        configurations[key] = max(epochs, configurations.get(key, 0))
    assert trained == sum(configurations.values()), "each epoch of a configuration but once"
    assert trained < asked
