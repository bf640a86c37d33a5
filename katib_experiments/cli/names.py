"""What a word on the command line means: a file, an Experiment that ships with automl, or a run."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from katib_experiments.errors import ExperimentNotFound, TrialNotFound

if TYPE_CHECKING:
    from katib_experiments.backend import Outcome
    from katib_experiments.experiment.model import Trial

_PACKAGE = Path(__file__).parents[1]
# A wheel carries the Experiments inside the package; a checkout has them beside it.
_HOMES = (_PACKAGE / "manifests", _PACKAGE.parent / "manifests" / "experiments")

RunsOption = Annotated[
    Path, typer.Option("--runs", metavar="DIR", help="The folder that holds the runs.")
]
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="A run, as in automl list.")]
RUNS = Path("runs")


def shipped() -> dict[str, Path]:
    """The Experiments that ship with automl, by name."""
    home = next((home for home in _HOMES if home.is_dir()), _HOMES[-1])
    return {path.stem: path for path in sorted(home.glob("*.yaml"))}


def experiment_file(word: str, runs: Iterable[str] = ()) -> Path:
    """The file that ``word`` means: a path, or the name of a shipped Experiment.

    Raises ``ExperimentNotFound`` with the nearest of those names and of ``runs``.
    """
    path = Path(word)
    if path.is_file():
        return path
    if path.is_dir():
        raise ExperimentNotFound(f"{word} is a folder: give an Experiment's file")
    if path.suffix in {".yaml", ".yml", ".json"} or len(path.parts) > 1:
        raise ExperimentNotFound(f"no such file: {word}{_nearest(word, _neighbours(path))}")
    if word in shipped():
        return shipped()[word]
    known = sorted({*shipped(), *runs})
    raise ExperimentNotFound(
        f'no file, shipped Experiment or run is named "{word}"{_nearest(word, known)}\n'
        f"Shipped: {', '.join(shipped())}"
    )


def trial_named(outcome: Outcome, word: str) -> Trial:
    """The Trial of that name, which may leave out the Experiment's; ``best`` is the optimal one."""
    name = outcome.experiment.name
    trials = {trial.name: trial for trial in outcome.trials}
    if word == "best":
        if outcome.status.optimal is None:
            raise TrialNotFound(f"no Trial of {name} has a result")
        return outcome.status.optimal
    for candidate in (word, f"{name}-{word}"):
        if candidate in trials:
            return trials[candidate]
    raise TrialNotFound(f'{name} has no Trial "{word}"{_nearest(word, trials)}')


def _neighbours(path: Path) -> list[str]:
    folder = path.parent
    return [str(other) for other in folder.glob("*" + path.suffix)] if folder.is_dir() else []


def _nearest(word: str, known: Iterable[str]) -> str:
    near = get_close_matches(word, list(known), n=3, cutoff=0.6)
    return f" (did you mean {' or '.join(near)}?)" if near else ""
