"""The compiled pipelines: as the code would compile them now, and fit for a cluster."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.protobuf.json_format import ParseDict
from kfp.kubernetes.kubernetes_executor_config_pb2 import KubernetesExecutorConfig
from kfp.pipeline_spec.pipeline_spec_pb2 import PipelineSpec, PlatformSpec

from pipelines.compiling import FOLDER, compile_all
from pipelines.registry import NAMES
from pipelines.steps.techniques import TECHNIQUES

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


def steps(shipped: Documents) -> dict[str, dict[str, Any]]:
    """The tasks that are pods, inside of conditions too."""
    groups = [shipped[0]["root"], *shipped[0]["components"].values()]
    return {
        name: task
        for group in groups
        for name, task in group.get("dag", {}).get("tasks", {}).items()
        if "executorLabel" in shipped[0]["components"][task["componentRef"]["name"]]
    }


def of_kubernetes(shipped: Documents) -> dict[str, dict[str, Any]]:
    return shipped[1]["platforms"]["kubernetes"]["deploymentSpec"]["executors"]


def test_the_shipped_files_are_what_the_code_compiles_to(tmp_path: Path):
    for path in compile_all(tmp_path):
        assert documents(path) == documents(FOLDER / path.name), "run: python -m pipelines compile"


def test_no_step_installs_anything_or_runs_in_a_default_image(shipped: Documents):
    for executor in executors(shipped).values():
        assert executor["container"]["image"] == "katib-automl/pipelines:0.1.0"
        assert "pip" not in " ".join(executor["container"]["command"][:-1])


def test_a_file_is_a_pipeline_spec_and_what_kubernetes_is_told_of_every_step(shipped: Documents):
    pipeline, platform = shipped
    ParseDict(pipeline, PipelineSpec())  # refuses what the format has not
    ParseDict(platform, PlatformSpec())
    for told in of_kubernetes(shipped).values():
        ParseDict(told, KubernetesExecutorConfig())
    assert of_kubernetes(shipped).keys() == executors(shipped).keys()


def test_every_step_has_requests_limits_a_time_limit_and_further_attempts(shipped: Documents):
    for name, executor in executors(shipped).items():
        resources = executor["container"]["resources"]
        assert {"cpuRequest", "cpuLimit", "memoryRequest", "memoryLimit"} <= resources.keys()
        assert int(of_kubernetes(shipped)[name]["activeDeadlineSeconds"]) >= 3600
    assert all(task["retryPolicy"]["maxRetryCount"] == 2 for task in steps(shipped).values())


def test_every_step_stays_outside_of_istios_mesh(shipped: Documents):
    for told in of_kubernetes(shipped).values():
        assert told["podMetadata"]["labels"] == {"sidecar.istio.io/inject": "false"}


def test_only_what_trains_in_its_own_pod_asks_for_an_accelerator():
    found = documents(FOLDER / "automl.yaml")
    asking = {
        name: executor["container"]["resources"]["accelerator"]
        for name, executor in executors(found).items()
        if "accelerator" in executor["container"]["resources"]
    }
    assert asking.keys() == {"exec-autokeras-search", "exec-train-best"}
    for name, accelerator in asking.items():
        assert (
            accelerator["resourceType"] == "{{$.inputs.parameters['pipelinechannel--accelerator']}}"
        )
        assert "accelerator_limit" in accelerator["resourceCount"]
        told = of_kubernetes(found)[name]
        assert told["emptyDirMounts"][0]["mountPath"] == "/dev/shm"
        assert told["nodeSelector"]["nodeSelectorJson"] == {
            "componentInputParameter": "node_selector"
        }
        assert {"componentInputParameter": "tolerations"} in [
            each.get("tolerationJson") for each in told["tolerations"]
        ]
    defaults = found[0]["root"]["inputDefinitions"]["parameters"]
    assert defaults["accelerator_limit"]["defaultValue"] == "0"


def test_parameters_reach_kubernetes_only_where_kfp_can_find_them(shipped: Documents):
    """Inside of a condition KFP would look for a parameter that nobody handed in."""
    inside = steps(shipped).keys() - tasks(shipped).keys()
    for name in inside:
        told = of_kubernetes(shipped)[f"exec-{name}"]
        assert "componentInputParameter" not in json.dumps(told), name


def test_no_claim_is_mounted_unless_one_was_said(shipped: Documents):
    assert "pvcMount" not in json.dumps(of_kubernetes(shipped))


def test_a_claim_is_mounted_where_data_are_read_and_searches_go_on(tmp_path: Path):
    subprocess.run(
        [sys.executable, "-m", "pipelines", "compile", "--output", str(tmp_path)],
        env={**os.environ, "KATIB_AUTOML_CLAIM": "team-data"},
        check=True,
    )
    found = documents(tmp_path / "automl.yaml")
    mounted = [name for name, told in of_kubernetes(found).items() if "pvcMount" in told]
    assert mounted == ["exec-autokeras-search", "exec-prepare-data", "exec-run-experiment"]
    given = steps(found)["run-experiment"]["inputs"]["parameters"]
    assert given["claim"]["runtimeValue"]["constant"] == "team-data"
    assert given["runs_dir"]["runtimeValue"]["constant"] == "/data/katib-automl/runs"


def test_a_secret_is_named_and_may_be_absent(shipped: Documents):
    for told in of_kubernetes(shipped).values():
        for secret in told.get("secretAsVolume", []):
            assert (secret["secretName"], secret["optional"]) == ("katib-automl", True)


@pytest.mark.parametrize("name", ["automl", "tune"])
def test_leftovers_are_removed_however_the_search_ends(name: str):
    found = tasks(documents(FOLDER / f"{name}.yaml"))
    task = found["remove-leftovers"]
    assert task["dependentTasks"] == ["run-experiment"]
    assert task["triggerPolicy"]["strategy"] == "ALL_UPSTREAM_TASKS_COMPLETED"
    search = found["run-experiment"]["inputs"]["parameters"]
    for name, value in task["inputs"]["parameters"].items():
        assert name not in search or search[name] == value


def test_the_techniques_of_the_lecture_come_one_after_the_other():
    found = tasks(documents(FOLDER / "lecture.yaml"))
    searches = [task for name, task in found.items() if name.startswith("run-experiment")]
    assert len(searches) == len(TECHNIQUES)
    by_name = {task["taskInfo"]["name"]: task for task in searches}
    before = ["prepare-data"]
    for technique in TECHNIQUES:
        task = by_name[technique.title]
        assert set(task["dependentTasks"]) == {"prepare-data", *before}
        before = [name for name, each in found.items() if each is task]
    assert found["compare"]["dependentTasks"]


def test_a_model_is_handed_on_only_where_it_is_good_and_that_was_asked_for():
    found = documents(FOLDER / "automl.yaml")
    (outer,) = [
        task for task in tasks(found).values() if "condition" in task.get("triggerPolicy", {})
    ]
    assert "evaluate-Output'] >= " in outer["triggerPolicy"]["condition"]
    inner = found[0]["components"][outer["componentRef"]["name"]]["dag"]["tasks"].values()
    assert sorted(task["triggerPolicy"]["condition"] for task in inner) == [
        "inputs.parameter_values['pipelinechannel--deploy_model'] == true",
        "inputs.parameter_values['pipelinechannel--registry'] != ''",
    ]


def test_nothing_waits_for_what_a_condition_may_leave_out(shipped: Documents):
    conditional = {
        name
        for name, task in tasks(shipped).items()
        if "condition" in task.get("triggerPolicy", {})
    }
    for task in tasks(shipped).values():
        assert not conditional & set(task.get("dependentTasks", []))


def test_a_search_is_never_cached(shipped: Documents):
    for name, task in tasks(shipped).items():
        if name.startswith("run-experiment"):
            assert "enableCache" not in task["cachingOptions"]
    assert tasks(shipped)["prepare-data"]["cachingOptions"]["enableCache"]


def test_every_parameter_has_a_default_and_a_description(shipped: Documents):
    for name, parameter in shipped[0]["root"]["inputDefinitions"]["parameters"].items():
        assert parameter["isOptional"], name
        assert parameter["description"], name


def test_the_two_searches_do_not_wait_for_each_other():
    found = tasks(documents(FOLDER / "automl.yaml"))
    assert found["run-experiment"]["dependentTasks"] == ["prepare-data"]
    assert found["autokeras-search"]["dependentTasks"] == ["prepare-data"]
