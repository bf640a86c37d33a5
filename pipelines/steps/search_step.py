"""What the step ``run_experiment`` does with its inputs."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from katib_experiments import Backend, Experiment, Outcome, write_report
from katib_experiments.errors import AutomlError, StandsStill
from katib_experiments.experiment.document import dumps
from katib_experiments.status import experiment_document
from pipelines.steps.data import data_file, said_task, shared
from pipelines.steps.document import Changes, experiment_with, text_of
from pipelines.steps.history import written
from pipelines.steps.programs import StepError
from pipelines.steps.search import backend_of, best_command, kept, metrics_of, run
from pipelines.steps.tables import trials_table

AFTERWARDS = ("keep", "delete")
MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Request:
    """The inputs, by the names that the component has for them; ``data`` is a path or empty."""

    experiment: str
    data: str = ""
    backend: str = "local"
    name: str = ""
    run_id: str = ""
    namespace: str = ""
    max_trials: int = 0
    parallel_trials: int = 0
    max_failed_trials: int = -1
    algorithm: str = ""
    algorithm_settings: Mapping[str, str] = field(default_factory=dict)
    image: str = ""
    gpus_per_trial: int = 0
    dataset: str = ""
    claim: str = ""
    mount: str = ""
    runs_dir: str = ""
    afterwards: str = "keep"
    patience_minutes: int = 0


class Outputs(NamedTuple):
    experiment_name: str
    best_parameters: dict[str, str]
    best_command: list[str]
    objective: str
    objective_value: float
    maximize: bool


@dataclass(frozen=True, slots=True)
class Found:
    outputs: Outputs
    metrics: Mapping[str, float]


def search(request: Request, *, trials: str, report: str, outcome: str, history: str) -> Found:
    """Run the Experiment, write the four artifacts, and return the rest.

    What is wrong with a request or a document is said before anything is created. Afterwards an
    Experiment that failed is kept for its reasons, and one whose API server was lost for the next
    attempt; one that stands still is removed where ``afterwards`` says so.
    """
    _check(request)
    experiment = experiment_with(text_of(request.experiment), changes(request))
    with tempfile.TemporaryDirectory(prefix="runs-") as scratch:
        runs = Path(request.runs_dir or scratch)
        backend = backend_of(
            request.backend,
            namespace=namespace_of(experiment),
            runs=runs,
            patience=MINUTE * request.patience_minutes or None,
        )
        ended = _run(request, backend, experiment)
        write(ended, trials=Path(trials), report=Path(report), outcome=Path(outcome))
        Path(history).write_text(written(ended), encoding="utf-8")
        if request.afterwards == "delete":
            _delete(backend, experiment)
    return Found(outputs_of(ended), metrics_of(ended))


def _run(request: Request, backend: Backend, experiment: Experiment) -> Outcome:
    """With the policy for a bad end. A step that fails leaves no artifacts, so its log has the
    Trials."""
    try:
        return run(backend, experiment)
    except StandsStill as error:
        _log_trials(backend, experiment)
        if request.afterwards == "delete":
            _delete(backend, experiment)
            raise
        lines = [str(error), *kept(backend, experiment.name)]
        raise StepError("\n".join(lines)) from None
    except StepError:
        _log_trials(backend, experiment)
        raise


def _log_trials(backend: Backend, experiment: Experiment) -> None:
    with suppress(AutomlError):  # the reason at hand must not hide behind another
        outcome = backend.outcome(experiment.name)
        if any(trial.condition.ended for trial in outcome.trials):
            print(trials_table(outcome))  # noqa: T201 - the step's log


def _check(request: Request) -> None:
    if request.afterwards not in AFTERWARDS:
        raise StepError(
            f'afterwards: received "{request.afterwards}": must be one of {", ".join(AFTERWARDS)}'
        )
    if request.patience_minutes < 0:
        raise StepError(f"patience_minutes: received {request.patience_minutes}: must be 0 or more")


def namespace_of(experiment: Experiment) -> str:
    """As written; where nothing is, the place decides (on a cluster that of the step's pod)."""
    return experiment.document["metadata"].get("namespace") or ""


def changes(request: Request) -> Changes:
    """What the inputs change in the document. More Trials at a time than there are would be an
    error, which is of no use to who only asked for fewer."""
    most = request.max_trials or None
    counts = {
        "maxTrialCount": most,
        "parallelTrialCount": min(request.parallel_trials, most or request.parallel_trials) or None,
        "maxFailedTrialCount": None if request.max_failed_trials < 0 else request.max_failed_trials,
    }
    return Changes(
        name=request.name,
        run_id=request.run_id,
        namespace=request.namespace,
        algorithm=request.algorithm,
        algorithm_settings=request.algorithm_settings,
        image=request.image,
        gpus=request.gpus_per_trial,
        dataset=_dataset(request),
        claim=request.claim if request.backend == "katib" else "",
        mount=request.mount,
        task=said_task(request.data) if request.data else "",
        counts={name: count for name, count in counts.items() if count is not None},
    )


def _dataset(request: Request) -> str:
    if request.dataset or not request.data:
        return request.dataset
    if request.backend == "local":
        return str(data_file(request.data))
    if request.claim:
        return str(shared(request.data, Path(request.mount)))
    raise StepError(
        "dataset: received nothing: the Trials of a cluster cannot see this step's files; give the "
        "claim of a volume for both, or put data.npz where they can see it, and say its path there"
    )


def write(ended: Outcome, *, trials: Path, report: Path, outcome: Path) -> None:
    """The table, the report and the Experiment with its status."""
    trials.write_text(trials_table(ended), encoding="utf-8")
    write_report(ended, report)
    outcome.write_text(dumps(experiment_document(ended)), encoding="utf-8")


def outputs_of(ended: Outcome) -> Outputs:
    best, objective = ended.status.optimal, ended.experiment.objective
    assert best is not None
    value = best.value(objective)
    assert value is not None
    return Outputs(
        experiment_name=ended.experiment.name,
        best_parameters=dict(best.assignments),
        best_command=best_command(ended),
        objective=objective.metric,
        objective_value=value,
        maximize=objective.maximize,
    )


def _delete(backend: Backend, experiment: Experiment) -> None:
    """The result, or the reason, is here: that it could not be cleaned up must not lose it."""
    try:
        backend.delete(experiment.name)
    except Exception as error:
        print(f"{experiment.name} could not be deleted: {error}")  # noqa: T201 - the step's log
    else:
        print(f"{experiment.name}: deleted")  # noqa: T201
