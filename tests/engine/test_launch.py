"""What a kubelet would make of a container."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from katib_experiments.engine.launch import backoff_limit, launch_of, quantity
from katib_experiments.engine.runner import Launch
from katib_experiments.errors import RunnerError
from katib_experiments.experiment.model import CollectorKind, MetricsCollector

CONTAINER = {
    "name": "training-container",
    "image": "example/trial:1",
    "command": ["python", "-m", "train"],
    "args": ["--lr=0.1"],
}


def job(container: dict[str, Any], **spec: Any) -> dict[str, Any]:
    pod = {"containers": [container], "restartPolicy": "Never"}
    return {"apiVersion": "batch/v1", "kind": "Job", "spec": {"template": {"spec": pod}, **spec}}


def launch(
    tmp_path: Path,
    manifest: dict[str, Any] | None = None,
    kind: CollectorKind = CollectorKind.STDOUT,
    path: str = "",
    **container: Any,
) -> Launch:
    """The Launch of ``manifest``, or of a Job of CONTAINER with these fields."""
    manifest = manifest or job(CONTAINER | container)
    pod = pod_of(manifest)
    collector = MetricsCollector(kind, path)
    return launch_of(
        manifest,
        pod["containers"][0],
        pod,
        trial="trial",
        directory=tmp_path,
        collector=collector,
    )


def pod_of(node: Any) -> Any:
    if isinstance(node, dict):
        if "containers" in node:
            return node
        return next(filter(None, map(pod_of, node.values())), None)
    return None


def test_command_and_args_make_the_argv(tmp_path: Path):
    found = launch(tmp_path)
    assert found.command == ("python", "-m", "train", "--lr=0.1")
    assert (found.trial, found.directory, found.image) == ("trial", tmp_path, "example/trial:1")
    assert (found.memory, found.deadline, found.gpus) == (None, None, 0)


def test_a_shells_words_stay_as_they_are(tmp_path: Path):
    words = ["sh", "-c", "echo 'a b' > x && python -m train"]
    assert launch(tmp_path, command=words, args=[]).command == tuple(words)


def test_quotes_for_the_shell_that_katib_adds_are_taken_off(tmp_path: Path):
    words = ["python", "-c", "'import time; print(\"a\")'"]
    assert launch(tmp_path, command=words, args=['"x y"', "it's"]).command == (
        "python",
        "-c",
        'import time; print("a")',
        "x y",
        "it's",
    )


def test_variables_are_expanded_as_kubernetes_does(tmp_path: Path):
    found = launch(
        tmp_path,
        env=[{"name": "A", "value": "1"}, {"name": "B", "value": "$(A)2"}, {"name": "EMPTY"}],
        args=["$(B)", "$(UNKNOWN)", "$$(A)", "$A", "x$$y"],
    )
    assert found.environment == {"A": "1", "B": "12", "EMPTY": ""}
    assert found.command[3:] == ("12", "$(UNKNOWN)", "$(A)", "$A", "x$y")


def test_limits_are_read(tmp_path: Path):
    limits = {"memory": "1Gi", "nvidia.com/gpu": 2, "cpu": "500m"}
    found = launch(tmp_path, resources={"limits": limits, "requests": {"memory": "512Mi"}})
    assert (found.memory, found.gpus) == (2**30, 2)


def test_fields_that_are_null_are_fields_that_are_missing(tmp_path: Path):
    found = launch(tmp_path, args=None, env=None, resources={"limits": None})
    assert found.command == ("python", "-m", "train")
    assert launch(tmp_path, resources=None) == launch(tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("512Mi", 512 * 2**20),
        ("1G", 10**9),
        ("1.5k", 1500),
        ("2Ki", 2048),
        ("1e3", 1000),
        ("1E", 10**18),
        ("1E2", 100),
        ("100m", 1),
        (128974848, 128974848),
        ("0", 0),
    ],
)
def test_quantities_are_kubernetes_own(text: object, expected: int):
    assert quantity(text, "memory") == expected


@pytest.mark.parametrize("text", ["", "1GB", "many", "1 Gi", "Gi", None])
def test_what_is_no_quantity_is_refused_with_its_path(text: object):
    with pytest.raises(RunnerError, match=r"^limits\.memory: .*must be a quantity"):
        quantity(text, "limits.memory")


@pytest.mark.parametrize(
    ("of_job", "of_pod", "expected"), [(None, None, None), (60, None, 60), (60, 30, 30)]
)
def test_the_shortest_deadline_counts(
    tmp_path: Path, of_job: int | None, of_pod: int | None, expected: float | None
):
    manifest = job(CONTAINER, activeDeadlineSeconds=of_job)
    pod_of(manifest)["activeDeadlineSeconds"] = of_pod
    assert launch(tmp_path, manifest).deadline == expected


def test_a_file_collectors_folder_moves_into_the_trials_directory(tmp_path: Path):
    found = launch(
        tmp_path,
        kind=CollectorKind.FILE,
        path="/katib/mnist.log",
        args=["--log-path=/katib/mnist.log", "--dir", "/katib", "/katib-data/x", "/data/katib/y"],
        env=[{"name": "LOG", "value": "/katib/mnist.log"}],
    )
    assert found.command[3:] == (
        f"--log-path={tmp_path}/katib/mnist.log",
        "--dir",
        f"{tmp_path}/katib",
        "/katib-data/x",
        "/data/katib/y",
    )
    assert found.environment == {"LOG": f"{tmp_path}/katib/mnist.log"}
    assert (tmp_path / "katib").is_dir()


def test_an_event_collector_without_a_path_has_katibs(tmp_path: Path):
    found = launch(
        tmp_path, kind=CollectorKind.TENSORFLOW_EVENT, args=["--logs", "/var/log/katib/tfevent/"]
    )
    assert found.command[-1] == f"{tmp_path}/var/log/katib/tfevent/"
    assert (tmp_path / "var/log/katib/tfevent").is_dir()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"command": []}, r"containers\[0\]\.command: must be given"),
        ({"envFrom": [{"secretRef": {"name": "s"}}]}, r"containers\[0\]\.envFrom: Invalid value"),
        (
            {"env": [{"name": "A", "value": "1"}, {"name": "B", "valueFrom": {"fieldRef": {}}}]},
            r"containers\[0\]\.env\[1\]\.valueFrom: Invalid value",
        ),
        (
            {"resources": {"limits": {"memory": "lots"}}},
            r"spec\.template\.spec\.containers\[0\]\.resources\.limits\.memory: Invalid value: 'lo",
        ),
        ({"kind": CollectorKind.PUSH}, r"collector\.kind: Invalid value: 'Push'"),
    ],
)
def test_what_cannot_run_here_is_refused_with_its_path(
    tmp_path: Path, fields: dict[str, Any], message: str
):
    with pytest.raises(RunnerError, match=message):
        launch(tmp_path, **fields)


def training_job(workers: int) -> dict[str, Any]:
    pod = {"spec": {"containers": [deepcopy(CONTAINER)]}}
    replicas = {"Worker": {"replicas": workers, "template": pod}}
    return {"kind": "TFJob", "spec": {"tfReplicaSpecs": replicas}}


def test_a_training_job_of_one_worker_runs(tmp_path: Path):
    assert launch(tmp_path, training_job(1)).command[-1] == "--lr=0.1"


def two_templates() -> dict[str, Any]:
    manifest = training_job(1)
    replicas = manifest["spec"]["tfReplicaSpecs"]
    replicas["Chief"] = {"template": {"spec": {"containers": [{"name": "other"}]}}}
    return manifest


def with_pod(**fields: Any) -> dict[str, Any]:
    manifest = job(CONTAINER)
    pod_of(manifest).update(fields)
    return manifest


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        (training_job(2), "makes 2 pods"),
        (two_templates(), "makes 2 pods"),
        (job(CONTAINER, parallelism=3), "makes 3 pods"),
        (with_pod(initContainers=[{"name": "fetch"}]), r"initContainers: Invalid value: \['fetch'"),
        (with_pod(containers=[CONTAINER, {"name": "side"}]), r"spec\.containers: Invalid value"),
    ],
)
def test_more_than_one_container_is_refused(tmp_path: Path, manifest: Any, message: str):
    with pytest.raises(RunnerError, match=message):
        launch(tmp_path, manifest)


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        (job(CONTAINER), 6),
        (job(CONTAINER, backoffLimit=0), 0),
        ({"kind": "TFJob", "spec": {"runPolicy": {"backoffLimit": 2}}}, 2),
        ({"kind": "Pod", "spec": {}}, 0),
    ],
)
def test_the_backoff_limit_is_the_kinds_own(manifest: dict[str, Any], expected: int):
    assert backoff_limit(manifest) == expected
