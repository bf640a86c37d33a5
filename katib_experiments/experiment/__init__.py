"""The one document: read it, check it, fill in Katib's defaults, and give it types."""

from __future__ import annotations

from pathlib import Path

from katib_experiments.errors import DocumentError, Problem
from katib_experiments.experiment.defaults import with_defaults
from katib_experiments.experiment.document import Document, load, loads, parse
from katib_experiments.experiment.model import Experiment
from katib_experiments.experiment.validation import validate


def read(path: Path) -> Experiment:
    """The Experiment of a file; DocumentError with every error that keeps it from being one."""
    return _experiment(load(path), str(path))


def read_text(text: str, file: str = "") -> Experiment:
    """The Experiment of a text; ``file`` is what its errors name."""
    return _experiment(loads(text, file), file)


def _experiment(documents: list[Document], file: str) -> Experiment:
    experiments = [document for document in documents if document.is_experiment]
    if len(experiments) != 1:
        rule = f"must hold one Experiment, not {len(experiments)}"
        raise DocumentError([Problem("file", None, rule, file=file, line=1 if file else 0)])
    errors = [p for p in validate(experiments[0]) if p.severity == "error"]
    if errors:
        raise DocumentError(errors)
    return parse(with_defaults(experiments[0].data))
