"""What a Trial wrote, as far as its pod is still there.

With the collector StdOut the container's output is in a file that Katib's sidecar prints, each line
behind a header of klog: ``I0102 15:04:05.000000      12 main.go:139] accuracy=0.9``. With File and
TensorFlowEvent the container's own log has it, and the sidecar has the lines of the file.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from katib_experiments.cluster.client import Cluster, Object, core_path
from katib_experiments.cluster.objects import COLLECTOR, pods_of
from katib_experiments.errors import ClusterError
from katib_experiments.experiment.model import (
    CollectorKind,
    Experiment,
    MetricLog,
    Trial,
    finite,
)
from katib_experiments.metrics import format_of

_HEADER = re.compile(r"[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ ([\w.-]+):\d+\] (.*)", re.DOTALL)
# What the sidecar says for itself from the same source file (file-metricscollector, v0.19.0).
_ITS_OWN = (
    "Trial Name: ",
    "Metrics reported. :",
    "Training container is early stopped",
    "Trial status is successfully updated",
)


def collected(lines: Iterable[str]) -> Iterator[str]:
    """The Trial's own lines out of the sidecar's log."""
    for line in lines:
        match = _HEADER.fullmatch(line)
        if match and match[1] == "main.go" and not match[2].startswith(_ITS_OWN):
            yield match[2]


def newest(pods: Iterable[Object], experiment: Experiment) -> Object | None:
    """The pod of the last attempt that holds the primary container."""
    own = [pod for pod in pods if container_of(pod, experiment)]
    return max(own, key=lambda pod: str(pod["metadata"].get("creationTimestamp")), default=None)


def container_of(pod: Object, experiment: Experiment) -> str:
    """The container whose log has the training's output; empty where the pod has none."""
    names = [container["name"] for container in pod["spec"]["containers"]]
    primary = experiment.trial_template.primary_container
    if primary not in names:
        return ""
    to_file = experiment.metrics_collector.kind is CollectorKind.STDOUT and COLLECTOR in names
    return COLLECTOR if to_file else primary


def started(pod: Object, container: str) -> bool:
    """Whether the container has a log."""
    for status in (pod.get("status") or {}).get("containerStatuses") or ():
        if status["name"] == container:
            return "waiting" not in (status.get("state") or {"waiting": {}})
    return False


def lines_of(
    cluster: Cluster, namespace: str, pod: Object, container: str, *, follow: bool = False
) -> Iterator[str]:
    """The lines of a container's log, without what Katib's sidecar adds."""
    path = core_path(namespace, "pods", pod["metadata"]["name"]) + "/log"
    stream = cluster.lines(path, {"container": container, "follow": follow})
    yield from collected(stream) if container == COLLECTOR else stream


class Curves(Mapping[str, Sequence[MetricLog]]):
    """Trial name -> its metric values, read from its pod when they are asked for: a table of fifty
    Experiments costs no log. Ended Trials are read once, into ``known``; a Trial that runs, one
    whose pod is gone and one whose metrics go elsewhere (Push, event files) have none."""

    def __init__(
        self,
        cluster: Cluster,
        namespace: str,
        experiment: Experiment,
        trials: Iterable[Trial],
        known: dict[str, list[MetricLog]],
    ) -> None:
        self._cluster, self._namespace, self._experiment = cluster, namespace, experiment
        self._ended = {trial.name: trial.condition.ended for trial in trials}
        self._known = known

    def __iter__(self) -> Iterator[str]:
        return iter(self._ended)

    def __len__(self) -> int:
        return len(self._ended)

    def __getitem__(self, trial: str) -> Sequence[MetricLog]:
        if not self._ended[trial]:
            return ()
        if trial not in self._known:
            self._known[trial] = list(self._read(trial))
        return self._known[trial]

    def _read(self, trial: str) -> Iterator[MetricLog]:
        kind = self._experiment.metrics_collector.kind
        if kind not in (CollectorKind.STDOUT, CollectorKind.FILE):
            return
        parse = format_of(self._experiment, Counter()).parse
        try:
            pods = pods_of(self._namespace, trial).read(self._cluster)["items"]
            pod = newest(pods, self._experiment)
            if pod is None:
                return
            for line in lines_of(self._cluster, self._namespace, pod, COLLECTOR):
                yield from (log for log in parse(line) if finite(log.value) is not None)
        except ClusterError:  # a pod that is going, or logs that one may not read: no curve
            return
