"""The errors that a user can meet, and the exit code that each one ends a command with.

::

    AutomlError                   1
    ├── DocumentError             2   the Experiment is wrong; carries every problem found
    ├── UsageError                2   the command line is wrong
    │   ├── ExperimentNotFound    2   no run, file or shipped Experiment of that name
    │   └── TrialNotFound         2   the Experiment has no Trial of that name
    ├── ExperimentChanged         2   the document differs from the one that the run began with
    ├── ExperimentBusy            3   another process is running the same Experiment
    ├── RunnerError               4   a Trial cannot be started on this machine at all
    ├── ClusterError              4   the cluster cannot be reached, or refuses; says what mends it
    └── SearchSpaceExhausted      -   the algorithm has no further point; ends an Experiment well

An Experiment that ends as Failed is no error of ours: ``automl run`` then exits with 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


class AutomlError(Exception):
    """Root of the tree; its text is meant for the user."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding about a document: where, what was received, and the rule it breaks."""

    path: str
    """Field path as Kubernetes writes it, ``spec.parameters[1].feasibleSpace.max``."""
    received: object
    """The value found there, or ``None`` where the field is missing."""
    rule: str
    severity: Literal["error", "warning"] = "error"
    file: str = ""
    line: int = 0
    """Line in ``file``, counted from 1; 0 where the document came from no file."""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: " if self.file else ""
        value = "" if self.received is None else f"Invalid value: {_shown(self.received)}: "
        return f"{place}{self.path}: {value}{self.rule}"


def _shown(value: object, limit: int = 120) -> str:
    text = f'"{value}"'.replace("\n", "\\n") if isinstance(value, str) else repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


class DocumentError(AutomlError):
    """The Experiment is not one that could run; ``problems`` holds every reason at once."""

    exit_code = 2

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class UsageError(AutomlError):
    exit_code = 2


class ExperimentNotFound(UsageError):
    pass


class TrialNotFound(UsageError):
    pass


class ExperimentChanged(AutomlError):
    exit_code = 2


class ExperimentBusy(AutomlError):
    exit_code = 3


class RunnerError(AutomlError):
    exit_code = 4


class ClusterError(AutomlError):
    exit_code = 4


class StandsStill(ClusterError):
    pass


class SearchSpaceExhausted(AutomlError):
    """Raised by ``suggest`` when not one further point can be given."""
