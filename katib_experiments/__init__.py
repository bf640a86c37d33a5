"""Run Kubeflow Katib Experiments: on this machine, on a cluster, in a pipeline.

    >>> import katib_experiments
    >>> outcome = katib_experiments.run("experiment.yaml")
    >>> outcome.status.optimal.assignments
    {'learning_rate': '0.0042', 'batch_size': '32', ...}
    >>> katib_experiments.write_report(outcome, "report.html")

Names are imported when they are first used, so that ``import katib_experiments`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from katib_experiments.algorithms import algorithm as algorithm
    from katib_experiments.backend import Backend as Backend
    from katib_experiments.backend import Outcome as Outcome
    from katib_experiments.cluster import KatibBackend as KatibBackend
    from katib_experiments.engine import LocalBackend as LocalBackend
    from katib_experiments.errors import AutomlError as AutomlError
    from katib_experiments.errors import DocumentError as DocumentError
    from katib_experiments.errors import Problem as Problem
    from katib_experiments.experiment import read as read
    from katib_experiments.experiment import read_text as read_text
    from katib_experiments.experiment.document import load as load
    from katib_experiments.experiment.model import Experiment as Experiment
    from katib_experiments.experiment.model import Trial as Trial
    from katib_experiments.experiment.validation import validate as validate
    from katib_experiments.report import write_report as write_report

_HOMES = {
    "AutomlError": "errors",
    "Backend": "backend",
    "DocumentError": "errors",
    "Experiment": "experiment.model",
    "KatibBackend": "cluster",
    "LocalBackend": "engine",
    "Outcome": "backend",
    "Problem": "errors",
    "Trial": "experiment.model",
    "algorithm": "algorithms",
    "load": "experiment.document",
    "read": "experiment",
    "read_text": "experiment",
    "validate": "experiment.validation",
    "write_report": "report",
}

__all__ = [
    "AutomlError",
    "Backend",
    "DocumentError",
    "Experiment",
    "KatibBackend",
    "LocalBackend",
    "Outcome",
    "Problem",
    "Trial",
    "algorithm",
    "load",
    "read",
    "read_text",
    "run",
    "validate",
    "write_report",
]


def run(experiment: Experiment | Path | str, root: Path | str = "runs") -> Outcome:
    """Run an Experiment (or the one in a file) on this machine to its end, and return what came
    of it. One that ``root`` holds already is taken up where it stopped.

    Raises ``DocumentError`` for a wrong document, ``ExperimentChanged`` and ``ExperimentBusy`` as
    :meth:`Backend.submit` does, and ``RunnerError`` where no Trial can be started here.
    """
    from pathlib import Path  # noqa: PLC0415 - as all else here, when it is needed

    from katib_experiments.engine import LocalBackend  # noqa: PLC0415
    from katib_experiments.experiment import read  # noqa: PLC0415

    known = read(Path(experiment)) if isinstance(experiment, str | Path) else experiment
    backend = LocalBackend(Path(root))
    backend.submit(known)
    for _ in backend.watch(known.name):
        pass
    return backend.outcome(known.name)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
