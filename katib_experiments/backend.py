"""The seam between an Experiment and the place that runs it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from katib_experiments.experiment.model import Experiment, ExperimentStatus, MetricLog, Trial


@dataclass(frozen=True, slots=True)
class Outcome:
    """An Experiment with its status and its Trials: all that reports, exports and pipelines read,
    so that they cannot know where the Trials ran."""

    experiment: Experiment
    status: ExperimentStatus
    trials: tuple[Trial, ...]
    logs: Mapping[str, Sequence[MetricLog]] = field(default_factory=dict, repr=False)
    """Trial name -> every metric value that it reported, in order (the learning curves)."""


class Backend(Protocol):
    """Where an Experiment can run. Experiments are known by ``metadata.name``.

    Every method raises :class:`~katib_experiments.errors.ExperimentNotFound` for a name that it
    does not know.
    """

    def submit(self, experiment: Experiment) -> None:
        """Create the Experiment, or take up one that exists.

        Raises ``ExperimentChanged`` where it exists with another document (the three counts may
        differ), and ``ExperimentBusy`` where another process runs it.
        """
        ...

    def watch(self, name: str) -> Iterator[Outcome]:
        """Yield an Outcome after each change, the last one with an ended condition."""
        ...

    def outcome(self, name: str) -> Outcome:
        """The Experiment as it stands now."""
        ...

    def names(self) -> list[str]:
        """The Experiments that exist here, the newest first."""
        ...

    def logs(self, name: str, trial: str, *, follow: bool = False) -> Iterator[str]:
        """The lines that a Trial wrote; with ``follow`` until it ends. Raises ``TrialNotFound``."""
        ...

    def delete(self, name: str) -> None:
        """Remove the Experiment and all that belongs to it."""
        ...
