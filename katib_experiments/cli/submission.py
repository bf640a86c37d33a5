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
from katib_experiments.experiment.defaults import with_defaults
from katib_experiments.experiment.document import Document, load, parse
from katib_experiments.experiment.model import Experiment
from katib_experiments.experiment.validation import validate


def document_named(word: str, backend: LocalBackend) -> Document:
    """The one document of a file, of a shipped Experiment, or of a run to go on with."""
    runs = backend.names()
    try:
        path = experiment_file(word, runs)
    except ExperimentNotFound:
        if word not in runs:
            raise
        path = backend.directory(word) / "experiment.yaml"
    documents = load(path)
    if len(documents) != 1:
        raise UsageError(f"{path} holds {len(documents)} documents; run takes a file of one")
    return documents[0]


def overridden(document: Document, counts: Mapping[str, int | None], name: str | None) -> Document:
    """``document`` with the counts and the name of the command line, where they are given.

    A lower maxTrialCount brings the document's other two counts down with it.
    """
    given = {field: count for field, count in counts.items() if count is not None}
    data: dict[str, Any] = {**document.data}
    spec = data.get("spec")
    if given and isinstance(spec, dict):
        most = given.get("maxTrialCount")
        lowered = {
            field: min(spec[field], most)
            for field in ("parallelTrialCount", "maxFailedTrialCount")
            if most is not None and isinstance(spec.get(field), int)
        }
        data["spec"] = {**spec, **lowered, **given}
    metadata = data.get("metadata")
    if name and isinstance(metadata, dict):
        data["metadata"] = {**metadata, "name": name}
    return replace(document, data=data)


def checked(document: Document, terminal: Console) -> Experiment:
    """The Experiment of a document without errors; warnings are printed.

    Raises ``DocumentError`` with every error.
    """
    problems = validate(document)
    if wrong := errors(problems):
        raise DocumentError(wrong)
    print_problems(terminal, problems)
    return parse(with_defaults(document.data))
