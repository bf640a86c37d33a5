"""Run an Experiment to its end, in one of the places that can, and tell what came of it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from katib_experiments import Backend, Experiment, LocalBackend, Outcome, Trial
from katib_experiments.errors import RunnerError
from katib_experiments.experiment.template import primary_container, render
from pipelines.steps.programs import LAST_LINES, StepError

BACKENDS = ("local", "katib")


def backend_of(kind: str, *, namespace: str, runs: Path, patience: float | None = None) -> Backend:
    """``local``: the engine, inside the step. ``katib``: the cluster's Katib, where nobody waits
    longer than ``patience`` seconds for a Trial to run."""
    if kind == "local":
        return LocalBackend(runs)
    if kind != "katib":
        raise StepError(f'backend: received "{kind}": must be one of {", ".join(BACKENDS)}')
    try:
        from katib_experiments.cluster import KatibBackend  # noqa: PLC0415 - only where asked for
    except ImportError as error:
        raise StepError(
            f'backend: "katib" needs the packages of katib-automl[cluster] in this image: {error}'
        ) from None
    return KatibBackend(namespace, patience=patience)


def run(backend: Backend, experiment: Experiment) -> Outcome:
    """Create the Experiment, or take up the one of that name, and follow it to a good end.

    Raises :class:`StepError` with the reason where it fails or leaves no best Trial.
    """
    there = experiment.name in backend.names()
    backend.submit(experiment)
    print(f"{experiment.name}: {'taken up' if there else 'created'}", flush=True)  # noqa: T201
    said = ""
    for outcome in backend.watch(experiment.name):
        line = progress(outcome)
        if line != said:
            print(line, flush=True)  # noqa: T201 - the step's log
        said = line
    outcome = backend.outcome(experiment.name)
    if outcome.status.condition != "Succeeded" or outcome.status.optimal is None:
        raise StepError(failure(backend, outcome))
    return outcome


def progress(outcome: Outcome) -> str:
    """One line: how many Trials are where, and the best value so far."""
    counts = Counter(str(trial.condition) for trial in outcome.trials)
    ended = sum(trial.condition.ended for trial in outcome.trials)
    planned = outcome.experiment.max_trial_count
    text = f"{outcome.experiment.name}: {ended}{f' of {planned}' if planned else ''} Trials ended"
    if counts:
        text += f" ({', '.join(f'{count} {kind}' for kind, count in sorted(counts.items()))})"
    best = outcome.status.optimal
    if best is not None:
        objective = outcome.experiment.objective
        text += f"; best {objective.metric} {best.value(objective):.6g} by {best.name}"
    return text


def failure(backend: Backend, outcome: Outcome) -> str:
    """Why there is no result: the Experiment's reason, the Trials', and the last output."""
    name, last = outcome.experiment.name, outcome.status.conditions[-1:]
    state = f"{last[0].type}: {last[0].reason}: {last[0].message}" if last else "never started"
    lines = [f"Experiment {name} has no best Trial; it is {state}"]
    bad = [
        trial
        for trial in outcome.trials
        if trial.condition.ended and trial.value(outcome.experiment.objective) is None
    ]
    reasons = Counter(f"{trial.condition}: {trial.message or trial.reason}" for trial in bad)
    lines += [f"{count} Trials {reason}" for reason, count in reasons.most_common()]
    if bad:
        lines += [f"the last lines of {bad[-1].name}:", *_output(backend, name, bad[-1])]
    return "\n".join([*lines, *kept(backend, name)])


def kept(backend: Backend, name: str) -> list[str]:
    """What becomes of an Experiment that has no result, where it is more than a folder."""
    if not (namespace := getattr(backend, "namespace", "")):
        return []
    remove = f"kubectl delete experiment {name} --namespace {namespace}"
    return [f"It is kept, and a further attempt takes it up as it is. To begin anew: {remove}"]


def _output(backend: Backend, name: str, trial: Trial) -> list[str]:
    try:
        return list(backend.logs(name, trial.name))[-LAST_LINES:]
    except Exception as error:  # the reason at hand must not hide behind another
        return [f"(cannot be read: {error})"]


def best_command(outcome: Outcome) -> list[str]:
    """The words that the best Trial ran; none where they are the image's own, or the template is
    in a ConfigMap, which only the cluster can read."""
    best = outcome.status.optimal
    assert best is not None
    try:
        manifest = render(outcome.experiment, best.name, best.assignments)
        container = primary_container(manifest, outcome.experiment)
    except RunnerError:
        return []
    return [str(word) for word in (*container.get("command", ()), *container.get("args", ()))]


def trained_flags(command: list[str]) -> list[str]:
    """The flags of a ``python -m trial_image.train`` command.

    Raises :class:`StepError` for another program, which the final training cannot know.
    """
    for position, word in enumerate(command[:-1]):
        if word == "-m" and command[position + 1] == "trial_image.train":
            return command[position + 2 :]
    raise StepError(
        f"best_command: received {json.dumps(command)}: must run python -m trial_image.train; "
        "a training program of your own needs a final step of your own"
    )


def metrics_of(outcome: Outcome) -> dict[str, float]:
    """Finite numbers only: KFP has no others."""
    best, experiment = outcome.status.optimal, outcome.experiment
    assert best is not None
    found: dict[str, Any] = {
        f"best_{name}": metric.value(experiment.objective.strategies[name])
        for name, metric in best.observation.items()
        if name in experiment.objective.strategies
    }
    found["trials"] = len(outcome.trials)
    found["trials_failed"] = sum(
        trial.condition in ("Failed", "MetricsUnavailable") for trial in outcome.trials
    )
    return {name: float(value) for name, value in found.items() if value is not None}
