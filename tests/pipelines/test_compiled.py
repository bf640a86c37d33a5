"""The compiled pipelines: as the code would compile them now, and fit for a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.compiling import FOLDER, compile_all
from pipelines.registry import NAMES

Documents = list[dict[str, Any]]


def documents(path: Path) -> Documents:
    """The pipeline, and what is Kubernetes' own; the version of the SDK says nothing about us."""
    found = list(yaml.safe_load_all(path.read_text()))
    for document in found:
        document.pop("sdkVersion", None)
    return found


@pytest.fixture(scope="module", params=NAMES)
def shipped(request: pytest.FixtureRequest) -> Documents:
    return documents(FOLDER / f"{request.param}.yaml")


def executors(shipped: Documents) -> dict[str, dict[str, Any]]:
    return shipped[0]["deploymentSpec"]["executors"]


def tasks(shipped: Documents) -> dict[str, dict[str, Any]]:
    return shipped[0]["root"]["dag"]["tasks"]


def test_the_shipped_files_are_what_the_code_compiles_to(tmp_path: Path):
    for path in compile_all(tmp_path):
        assert documents(path) == documents(FOLDER / path.name), "run: python -m pipelines compile"


def test_no_step_installs_anything_or_runs_in_a_default_image(shipped: Documents):
    for executor in executors(shipped).values():
        assert executor["container"]["image"] == "katib-automl/pipelines:0.1.0"
        assert "pip" not in " ".join(executor["container"]["command"][:-1])


def test_every_step_has_requests_limits_a_time_limit_and_further_attempts(shipped: Documents):
    limited = shipped[1]["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    for name, executor in executors(shipped).items():
        resources = executor["container"]["resources"]
        assert {"cpuRequest", "cpuLimit", "memoryRequest", "memoryLimit"} <= resources.keys()
        assert int(limited[name]["activeDeadlineSeconds"]) >= 3600
    assert all(task["retryPolicy"]["maxRetryCount"] == 2 for task in tasks(shipped).values())


def test_no_step_asks_for_a_gpu(shipped: Documents):
    for executor in executors(shipped).values():
        assert "accelerator" not in executor["container"]["resources"]


def test_the_search_is_never_cached(shipped: Documents):
    assert "enableCache" not in tasks(shipped)["run-experiment"]["cachingOptions"]
    assert tasks(shipped)["prepare-data"]["cachingOptions"]["enableCache"]


def test_every_parameter_has_a_default_and_a_description(shipped: Documents):
    for name, parameter in shipped[0]["root"]["inputDefinitions"]["parameters"].items():
        assert parameter["isOptional"], name
        assert parameter["description"], name


def test_the_two_searches_do_not_wait_for_each_other():
    found = tasks(documents(FOLDER / "automl.yaml"))
    assert found["run-experiment"]["dependentTasks"] == ["prepare-data"]
    assert found["autokeras-search"]["dependentTasks"] == ["prepare-data"]


def test_no_condition_is_needed_so_that_every_runner_can_run_it(shipped: Documents):
    assert not [task for task in tasks(shipped).values() if "triggerPolicy" in task]
