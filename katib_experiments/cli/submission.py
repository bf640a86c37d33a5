"""From a word on the command line to an Experiment that can be submitted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rich.console import Console

from katib_experiments.cli.names import experiment_file
from katib_experiments.cli.validate import errors, print_problems
from katib_experiments.engine import LocalBackend
from katib_experiments.errors import DocumentError, ExperimentNotFound, UsageError
from katib_experiments.experiment.defaults import PARALLEL_TRIAL_COUNT, with_defaults
from katib_experiments.experiment.document import Document, load, parse
from katib_experiments.experiment.model import Experiment
from katib_experiments.experiment.validation import validate


def document_named(word: str, backend: LocalBackend) -> Document:
    """The one Experiment of a file, of a shipped Experiment, or of a run to go on with."""
    runs = backend.names()
    try:
        path = experiment_file(word, runs)
    except ExperimentNotFound:
        if word not in runs:
            raise
        path = backend.directory(word) / "experiment.yaml"
    experiments = [document for document in load(path) if document.is_experiment]
    if len(experiments) != 1:
        raise UsageError(f"{path} holds {len(experiments)} Experiments: run takes a file of one")
    return experiments[0]


def overridden(
    document: Document, counts: Mapping[str, int | None], name: str | None, namespace: str = ""
) -> Document:
    """``document`` with what the command line gives of the counts, the name and the namespace.

    A lower maxTrialCount brings the document's other two counts down with it.
    """
    given = {field: count for field, count in counts.items() if count is not None}
    data: dict[str, Any] = {**document.data}
    spec = data.get("spec")
    if given and isinstance(spec, dict):
        data["spec"] = {**spec, **_lowered(spec, given.get("maxTrialCount")), **given}
    words = {"name": name, "namespace": namespace}
    if isinstance(data.get("metadata"), dict):
        data["metadata"] = {**data["metadata"], **{k: word for k, word in words.items() if word}}
    return replace(document, data=data)


def _lowered(spec: Mapping[str, Any], most: int | None) -> dict[str, int]:
    others = {"parallelTrialCount": PARALLEL_TRIAL_COUNT, "maxFailedTrialCount": None}
    counts = {field: spec.get(field) or default for field, default in others.items()}
    return {
        field: most
        for field, count in counts.items()
        if most is not None and isinstance(count, int) and count > most
    }


def checked(document: Document, terminal: Console) -> Experiment:
    """The Experiment of a document without errors; warnings are printed.

    Raises ``DocumentError`` with every error.
    """
    problems = validate(document)
    if wrong := errors(problems):
        raise DocumentError(wrong)
    print_problems(terminal, problems)
    return parse(with_defaults(document.data))
