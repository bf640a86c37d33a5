"""Steps as Kubeflow Pipelines would run them: pods with the compiled command, under a
ServiceAccount with the shipped Role and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from katib_experiments.cluster.client import Cluster, Refused, core_path
from katib_experiments.cluster.objects import Source
from katib_experiments.cluster.watching import Feeds
from pipelines.compiling import FOLDER
from pipelines.image import IMAGE

ACCOUNT = "pipeline-runner"
RBAC = "/apis/rbac.authorization.k8s.io/v1/namespaces"
ROLES = Path(__file__).parents[2] / "manifests" / "pipelines"
SCRATCH = ("/tmp", "/gcs", "/s3", "/minio", "/.local", "/.cache", "/.config")
"""Folders that KFP's backend mounts to write to (argocompiler/container.go), and /tmp."""
LAST_WORDS = "/dev/termination-log"
"""What is written there Kubernetes hands on, so the outputs of a step go there too."""

Object = dict[str, Any]


@dataclass(frozen=True)
class Ended:
    exit_code: int
    last_words: str
    log: str

    def outputs(self) -> Object:
        """The parameters that the step hands on, by name."""
        return dict(json.loads(self.last_words)["parameterValues"])


@dataclass(frozen=True)
class Steps:
    """Pods of steps in one namespace."""

    cluster: Cluster
    namespace: str
    made: list[str] = field(default_factory=list)

    def start(
        self, step: str = "run-experiment", *, env: Object | None = None, **inputs: Any
    ) -> str:
        """The name of a new pod, whose step has these inputs."""
        return self.start_command(*_command(step, inputs), env=env)

    def start_command(self, *command: str, env: Object | None = None) -> str:
        """The name of a new pod of the image, with any command."""
        name = f"step-{len(self.made)}"
        self.cluster.create(core_path(self.namespace, "pods"), _pod(name, command, env or {}))
        self.made.append(name)
        return name

    def ended(self, pod: str) -> Ended:
        """Wait for the end of it."""
        path = core_path(self.namespace, "pods")
        only = {"fieldSelector": f"metadata.name={pod}"}
        with Feeds(self.cluster, {"pods": Source(path, only)}) as feeds:
            for _ in feeds.changes(timeout=240):
                (found,) = feeds.objects()["pods"]
                if found["status"].get("phase") in ("Succeeded", "Failed"):
                    break
        (status,) = found["status"]["containerStatuses"]
        state = status["state"].get("terminated") or {"exitCode": -1}
        log = "\n".join(self.cluster.lines(f"{path}/{pod}/log"))
        return Ended(state["exitCode"], state.get("message", ""), log)

    def run(self, step: str = "run-experiment", **inputs: Any) -> Ended:
        return self.ended(self.start(step, **inputs))

    def kill(self, pod: str) -> None:
        """As a node that is lost: no time to say anything."""
        path = core_path(self.namespace, "pods", pod)
        self.cluster.delete(path, {"gracePeriodSeconds": 0})

    @contextmanager
    def without(self, verb: str, resource: str) -> Iterator[None]:
        """The Role lacks a right; all of them where ``verb`` is empty."""
        role = _role()
        for rule in role["rules"]:
            if not verb or rule["resources"] == [resource]:
                rule["verbs"] = [each for each in rule["verbs"] if verb and each != verb]
        role["rules"] = [rule for rule in role["rules"] if rule["verbs"]]
        path = f"{RBAC}/{self.namespace}/roles/{role['metadata']['name']}"
        self.cluster.patch(path, {"rules": role["rules"]})
        try:
            yield
        finally:
            self.cluster.patch(path, {"rules": _role()["rules"]})


def steps_in(cluster: Cluster, namespace: str) -> Steps:
    """With the ServiceAccount, the Role and the binding of the standalone installation."""
    account = {"metadata": {"name": ACCOUNT}}
    cluster.create(core_path(namespace, "serviceaccounts"), account)
    cluster.create(f"{RBAC}/{namespace}/roles", _role())
    binding = yaml.safe_load((ROLES / "standalone/role-binding.yaml").read_text())
    binding["subjects"][0]["namespace"] = namespace
    cluster.create(f"{RBAC}/{namespace}/rolebindings", binding)
    return Steps(cluster, namespace)


def uid(cluster: Cluster, path: str) -> str:
    """Of the object there; empty where there is none."""
    try:
        return str(cluster.get(path)["metadata"]["uid"])
    except Refused as error:
        if error.status == 404:
            return ""
        raise


def _role() -> Object:
    role: Object = yaml.safe_load((ROLES / "role/role.yaml").read_text())
    return role


def _command(step: str, inputs: Object) -> list[str]:
    """The compiled one of a step of ``tune``, told of ``inputs`` as KFP's launcher would."""
    compiled = next(yaml.safe_load_all((FOLDER / "tune.yaml").read_text()))
    executor = compiled["deploymentSpec"]["executors"][f"exec-{step}"]["container"]
    given = json.dumps(_executor_input(compiled["components"][f"comp-{step}"], inputs))
    words = [*executor["command"], *executor["args"]]
    return [given if word == "{{$}}" else word for word in words]


def _pod(name: str, command: Sequence[str], env: Object) -> Object:
    return {
        "metadata": {"name": name},
        "spec": {
            "serviceAccountName": ACCOUNT,
            "restartPolicy": "Never",
            "securityContext": {
                "runAsNonRoot": True,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [
                {
                    "name": "main",
                    "image": IMAGE,
                    "imagePullPolicy": "IfNotPresent",
                    "command": list(command),
                    "env": [{"name": key, "value": value} for key, value in env.items()],
                    "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}},
                    "securityContext": {
                        "allowPrivilegeEscalation": False,
                        "readOnlyRootFilesystem": True,
                        "capabilities": {"drop": ["ALL"]},
                    },
                    "volumeMounts": [
                        {"name": path.strip("/."), "mountPath": path} for path in SCRATCH
                    ],
                }
            ],
            "volumes": [{"name": path.strip("/."), "emptyDir": {}} for path in SCRATCH],
        },
    }


def _executor_input(component: Object, inputs: Object) -> Object:
    """What KFP's launcher tells a step: the component's defaults with ``inputs`` over them, and
    where its outputs go."""
    parameters = component["inputDefinitions"]["parameters"]
    defaults = {
        name: each["defaultValue"] for name, each in parameters.items() if "defaultValue" in each
    }
    outputs = component["outputDefinitions"]
    root = "minio://mlpipeline/v2/artifacts/run"
    return {
        "inputs": {"parameterValues": defaults | inputs},
        "outputs": {
            "artifacts": {
                name: {
                    "artifacts": [
                        {"name": name, "type": each["artifactType"], "uri": f"{root}/{name}"}
                    ]
                }
                for name, each in outputs.get("artifacts", {}).items()
            },
            "parameters": {
                name: {"outputFile": f"/tmp/kfp/outputs/{name}"} for name in outputs["parameters"]
            },
            "outputFile": LAST_WORDS,
        },
    }
