"""The Job of a Trial, shown to the API server before there is an Experiment.

Katib's webhook does not ask whether Kubernetes would take the Jobs of a template: a request above
its limit, or a volume that is not there, leave the Trials Created for ever.
"""

from __future__ import annotations

from collections.abc import Iterator

from katib_experiments.cluster.client import Cluster, Refused
from katib_experiments.errors import Problem
from katib_experiments.experiment.model import Experiment
from katib_experiments.experiment.template import render

_SPEC = "spec.trialTemplate.trialSpec"
_INVALID = 422


def refused(cluster: Cluster, experiment: Experiment, namespace: str) -> Iterator[Problem]:
    """What Kubernetes itself says is wrong with the Job of the first Trial. Nothing of a template
    of another kind, and nothing to those who may not create Jobs."""
    template = experiment.trial_template
    if (template.trial_spec or {}).get("kind") != "Job":
        return
    values = {parameter.reference: "1" for parameter in template.parameters}
    for parameter in experiment.parameters:
        space = parameter.feasible_space
        values[parameter.name] = space.list[0] if space.list else space.min
    job = render(experiment, f"{experiment.name}-rehearsal", values)
    job["metadata"]["namespace"] = namespace
    try:
        cluster.create(f"/apis/batch/v1/namespaces/{namespace}/jobs", job, {"dryRun": "All"})
    except Refused as error:
        if error.status == _INVALID:
            for field, message in error.causes or [("", str(error))]:
                yield Problem(f"{_SPEC}.{field}".rstrip("."), None, f"Kubernetes: {message}")
