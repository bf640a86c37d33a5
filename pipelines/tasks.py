"""What the tasks of every pipeline share: size, time limit, attempts."""

from __future__ import annotations

from kfp import kubernetes
from kfp.dsl import PipelineTask

HOUR = 3600


def sized(
    task: PipelineTask,
    *,
    cpu: tuple[str, str] = ("1", "2"),
    memory: tuple[str, str] = ("1Gi", "4Gi"),
    hours: int = 1,
    attempts: int = 3,
) -> PipelineTask:
    """``task`` with requests and limits, a time limit, and further attempts where its pod is lost
    or the network fails, after longer and longer pauses."""
    task.set_cpu_request(cpu[0]).set_cpu_limit(cpu[1])
    task.set_memory_request(memory[0]).set_memory_limit(memory[1])
    task.set_retry(
        num_retries=attempts - 1,
        backoff_duration="30s",
        backoff_factor=2.0,
        backoff_max_duration="600s",
    )
    kubernetes.set_timeout(task, seconds=hours * HOUR)
    return task
