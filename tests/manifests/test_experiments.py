"""The shipped Experiments: right by every rule, and they run."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from katib_experiments import LocalBackend, load, read_text, validate
from katib_experiments.experiment.model import ExperimentCondition

FOLDER = Path(__file__).parents[2] / "manifests" / "experiments"
FILES = sorted(FOLDER.glob("*.yaml"))
NAMES = "asha autokeras bayesian cmaes early-stopping grid hyperband random sobol tpe zooming"

each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def test_there_is_a_file_for_every_idea():
    assert [path.stem for path in FILES] == NAMES.split()


@each_file
def test_a_shipped_experiment_has_no_error_and_warns_only_of_what_katib_lacks(path: Path):
    (document,) = load(path)
    assert document.data["metadata"]["name"] == path.stem
    for problem in validate(document):
        assert problem.severity == "warning", problem
        assert "Katib" in problem.rule, problem
        assert problem.path.endswith(("algorithmName", "feasibleSpace.distribution")), problem


@pytest.mark.parametrize("name", ["grid", "random", "tpe", "early-stopping"])
def test_what_katib_has_in_full_gets_no_warning(name: str):
    (document,) = load(FOLDER / f"{name}.yaml")
    assert not validate(document)


@each_file
def test_a_shipped_experiment_says_what_one_learns_from_it(path: Path):
    lines = path.read_text().splitlines()
    header = [line for line in lines[: lines.index("kind: Experiment") - 1] if line[:2] == "# "]
    assert 2 <= len(header) <= 5


@each_file
def test_a_shipped_experiment_is_what_a_careful_engineer_would_apply(path: Path):
    spec = yaml.safe_load(path.read_text())["spec"]
    job = spec["trialTemplate"]["trialSpec"]["spec"]
    pod = job["template"]["spec"]
    (container,) = pod["containers"]
    module = "autokeras_search" if path.stem == "autokeras" else "train"
    assert container["command"] == ["python", "-m", f"trial_image.{module}"]
    assert container["resources"].keys() == {"requests", "limits"}
    assert not container["image"].endswith(":latest")
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert (job["backoffLimit"], job["activeDeadlineSeconds"]) == (0, 600)
    assert spec["trialTemplate"].get("retain", False) == ("earlyStopping" in spec)


@each_file
@pytest.mark.slow
def test_a_shipped_experiment_runs(path: Path, tmp_path: Path):
    data = yaml.safe_load(path.read_text())
    backend = LocalBackend(tmp_path)
    backend.submit(read_text(yaml.safe_dump(shortened(data))))
    for _ in backend.watch(path.stem):
        pass
    outcome = backend.outcome(path.stem)
    messages = [trial.message for trial in outcome.trials]
    assert outcome.status.condition is ExperimentCondition.SUCCEEDED, messages
    assert len(outcome.trials) == outcome.experiment.max_trial_count
    assert outcome.status.optimal is not None


def shortened(data: dict) -> dict:
    """The same Experiment with few Trials, of one epoch each, and searches of one model."""
    spec = data["spec"]
    first_rung = spec["algorithm"]["algorithmName"] == "hyperband"
    spec["maxTrialCount"] = spec["parallelTrialCount"] if first_rung else 3
    spec["maxFailedTrialCount"] = 1
    (container,) = spec["trialTemplate"]["trialSpec"]["spec"]["template"]["spec"]["containers"]
    fewer = dict.fromkeys(("--epochs=5", "--epochs=10", "--epochs=20"), "--epochs=1")
    fewer["--max_trials=4"] = "--max_trials=1"
    container["args"] = [fewer.get(argument, argument) for argument in container["args"]]
    return data
