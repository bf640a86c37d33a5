"""Every Experiment that ships, applied as a user would, with fewer Trials and fewer epochs."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from katib_experiments.backend import Outcome
from katib_experiments.cli.names import shipped
from katib_experiments.engine import LocalBackend
from katib_experiments.errors import ClusterError
from katib_experiments.experiment.defaults import with_defaults
from katib_experiments.experiment.document import load, parse
from tests.support.backends import has_image
from tests.support.outcomes import end, ended, patiently, reason

TRIAL_IMAGE = "katib-automl/trial:0.1.0"

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(shutil.which("kubectl") is None, reason="needs kubectl"),
    pytest.mark.timeout(600),
]

FEWER = {"parallelTrialCount": 2, "maxTrialCount": 3, "maxFailedTrialCount": 1}
LESS = {"--epochs": "1", "--max_trials": "1"}
SETTINGS = {"r_l": "2", "eta": "2"}


def small(path: Path, namespace: str) -> dict[str, Any]:
    """The document with three Trials of one epoch, or at most two."""
    document: dict[str, Any] = load(path)[0].data
    # By name and labels Katib finds an Experiment's Trials, in whatever namespace.
    document["metadata"] |= {"namespace": namespace, "labels": {"namespace": namespace}}
    spec = document["spec"]
    spec |= FEWER
    for setting in spec["algorithm"].get("algorithmSettings", ()):
        setting["value"] = SETTINGS.get(setting["name"], setting["value"])
    for parameter in spec["parameters"]:
        if parameter["name"] == "epochs":
            parameter["feasibleSpace"]["max"] = SETTINGS["r_l"]
    (container,) = spec["trialTemplate"]["trialSpec"]["spec"]["template"]["spec"]["containers"]
    container["resources"]["requests"]["cpu"] = "100m"  # so that a node of two has place for two
    container["args"] = [
        re.sub(r"=\d+$", f"={LESS[flag]}", each)
        if (flag := each.partition("=")[0]) in LESS
        else each
        for each in container["args"]
    ]
    return document


def apply(document: dict[str, Any]) -> None:
    command, text = ["kubectl", "apply", "-f", "-"], json.dumps(document)
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ClusterError(done.stderr)


def told(outcome: Outcome) -> object:
    """What must be the same wherever it ran: the end, the Trials' ends, the points drawn first."""
    reasons = Counter((trial.condition.value, reason(trial)) for trial in outcome.trials)
    points = [trial.assignments for trial in outcome.trials[: FEWER["parallelTrialCount"]]]
    return end(outcome), reasons, points


@pytest.mark.parametrize("name", sorted(shipped()))
def test_it_ends_as_it_does_here(name: str, real, namespace, katib, tmp_path):
    if not has_image(real, TRIAL_IMAGE):
        pytest.skip(f"no node has {TRIAL_IMAGE}")
    document = small(shipped()[name], namespace)
    patiently(lambda: apply(document))
    here = ended(LocalBackend(tmp_path / "runs"), parse(with_defaults(document)))
    *_, there = katib.watch(name)
    assert end(there) == ("Succeeded", "ExperimentMaxTrialsReached")
    assert told(there) == told(here)
