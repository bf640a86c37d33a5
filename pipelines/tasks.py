"""What the tasks of every pipeline share: size, time limit, attempts, and what the place has.

KFP can give a task a GPU, tolerations and a node selector from parameters of the pipeline, but no
volume: a claim without a name fails the task. So the claim is known when a pipeline is compiled.
"""

from __future__ import annotations

import os

from kfp import kubernetes
from kfp.dsl import PipelineTask
from kfp.dsl.pipeline_channel import PipelineParameterChannel as Parameter

HOUR = 3600
GPU = "nvidia.com/gpu"
CLAIM = os.environ.get("KATIB_AUTOML_CLAIM", "")
"""A PersistentVolumeClaim for data and for searches that go on; none where empty."""
MOUNT = "/data"
SECRET = "katib-automl"  # noqa: S105 - a name
"""A Secret whose keys are files in :data:`SECRETS`, where the namespace has it."""
SECRETS = "/etc/katib-automl"


def sized(
    task: PipelineTask,
    *,
    cpu: tuple[str, str] = ("1", "2"),
    memory: tuple[str, str] = ("1Gi", "4Gi"),
    hours: int = 1,
    attempts: int = 3,
) -> PipelineTask:
    """``task`` with requests and limits, a time limit, and further attempts where its pod is lost
    or the network fails, after longer and longer pauses; and outside of Istio's mesh, whose proxy
    outlives the program beside it."""
    task.set_cpu_request(cpu[0]).set_cpu_limit(cpu[1])
    task.set_memory_request(memory[0]).set_memory_limit(memory[1])
    task.set_retry(
        num_retries=attempts - 1,
        backoff_duration="30s",
        backoff_factor=2.0,
        backoff_max_duration="600s",
    )
    kubernetes.set_timeout(task, seconds=hours * HOUR)
    kubernetes.add_pod_label(task, "sidecar.istio.io/inject", "false")
    return task


def accelerated(
    task: PipelineTask,
    accelerator: Parameter,
    limit: Parameter,
    tolerations: Parameter,
    node_selector: Parameter,
) -> PipelineTask:
    """``task`` with so many accelerators of that type, on nodes that have them, and with shared
    memory for what they exchange. None where the limit is 0."""
    task.set_accelerator_type(accelerator).set_accelerator_limit(limit)
    kubernetes.add_toleration(task, GPU, operator="Exists", effect="NoSchedule")
    kubernetes.add_toleration_json(task, tolerations)
    kubernetes.add_node_selector_json(task, node_selector)
    kubernetes.empty_dir_mount(task, "shm", "/dev/shm", medium="Memory", size_limit="1Gi")  # noqa: S108
    return task


def with_volume(task: PipelineTask) -> PipelineTask:
    """``task`` with the claim, where there is one."""
    return kubernetes.mount_pvc(task, CLAIM, MOUNT) if CLAIM else task


def with_secret(task: PipelineTask) -> PipelineTask:
    """``task`` with the Secret, where the namespace has it: by reference, so that no value of it is
    in a parameter, a log or a file of ours."""
    return kubernetes.use_secret_as_volume(task, SECRET, SECRETS, optional=True)


def on_volume(folder: str) -> str:
    """The path of that folder on the claim; empty where there is none."""
    return f"{MOUNT}/katib-automl/{folder}" if CLAIM else ""
