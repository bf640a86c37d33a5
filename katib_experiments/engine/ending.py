"""How Trials and Experiments end: the tests, and the words for it (Katib's, where it has them)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from katib_experiments.engine.history import State
from katib_experiments.engine.runner import OUTPUT, Exit, Launch
from katib_experiments.experiment.model import ExperimentCondition


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why an Experiment is over."""

    condition: ExperimentCondition
    reason: str
    message: str


GOAL = Verdict(
    ExperimentCondition.SUCCEEDED,
    "ExperimentGoalReached",
    "Experiment has succeeded because Objective goal has reached",
)
TOO_MANY_FAILED = Verdict(
    ExperimentCondition.FAILED,
    "ExperimentFailed",
    "Experiment has failed because max failed count has reached",
)
MAX_TRIALS = Verdict(
    ExperimentCondition.SUCCEEDED,
    "ExperimentMaxTrialsReached",
    "Experiment has succeeded because max trial count has reached",
)
SUGGESTIONS_ENDED = Verdict(
    ExperimentCondition.SUCCEEDED,
    "ExperimentSuggestionEndReached",
    "Experiment has succeeded because suggestion service has reached the end",
)


def verdict_of(state: State) -> Verdict | None:
    """Whether the ended Trials end the Experiment: Katib's tests, in Katib's order."""
    experiment, best = state.experiment, state.status.optimal
    value = best.value(experiment.objective) if best else None
    if value is not None and experiment.objective.reached(value):
        return GOAL
    most_failed = experiment.max_failed_trial_count
    if most_failed is not None and state.failed_count >= max(most_failed, 1):
        return TOO_MANY_FAILED
    most = experiment.max_trial_count
    if most is not None and state.ended_count >= most:
        return MAX_TRIALS
    return None


def exit_text(ended: Exit, launch: Launch) -> str:
    """How the process ended, and the last thing that it said."""
    if ended.reason == "OOMKilled" and launch.memory is not None:
        how = f"OOMKilled: its memory passed the limit of {launch.memory / 2**20:.0f} MiB"
    elif ended.reason == "DeadlineExceeded" and launch.deadline is not None:
        how = f"DeadlineExceeded: it ran longer than {launch.deadline:g} s"
    elif ended.code < 0:
        how = f"Killed by signal {-ended.code}"
    else:
        how = f"Exit code {ended.code}"
    last = _last_line(launch.directory / OUTPUT)
    return sentences(how, f"Last output: {last}" if last else "")


def _last_line(path: Path, limit: int = 200) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 4096))
            lines = file.read().decode(errors="replace").split("\n")
    except OSError:
        return ""
    return next((line.strip()[-limit:] for line in reversed(lines) if line.strip()), "")


def sentences(*parts: str) -> str:
    return ". ".join(part for part in parts if part)
