"""An Experiment's document, with what a pipeline's parameters say instead."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as replaced
from pathlib import Path
from typing import Any

from katib_experiments import Experiment, read_text
from katib_experiments.cli.names import experiment_file, shipped
from katib_experiments.cli.submission import overridden
from katib_experiments.experiment.document import dumps, loads
from pipelines.steps.pods import give_gpus, mount, pods_of
from pipelines.steps.programs import StepError
from pipelines.steps.techniques import TECHNIQUES
from pipelines.steps.techniques import document as lecture_document

READING = ("data_dir", "target", "task", "image_size", "color_mode")
"""Flags of our trainer that say how to read a dataset: it refuses them for one that is prepared."""
NAME_LENGTH = 40
"""Of an Experiment: Trials, Jobs and pods lengthen it, and Kubernetes ends names at 63."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What takes the place of the document's own; an empty value changes nothing."""

    name: str = ""
    run_id: str = ""
    """Makes the name one of this pipeline run alone; the same again when its step is retried."""
    namespace: str = ""
    algorithm: str = ""
    algorithm_settings: Mapping[str, str] = field(default_factory=dict)
    image: str = ""
    dataset: str = ""
    """What Trials get as ``--dataset``."""
    task: str = ""
    """What they get as ``--task`` beside it, where they run our trainer."""
    gpus: int = 0
    """Of each Trial."""
    claim: str = ""
    """PersistentVolumeClaim that Trials read, mounted at :attr:`mount`."""
    mount: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    """``maxTrialCount`` and its like."""


def text_of(experiment: str) -> str:
    """``experiment`` itself where it is a document, else the lecture's or the shipped one of that
    name, without its namespace: that is for kubectl, and says nothing about where a pipeline
    runs."""
    word = experiment.strip()
    if "\n" in word:
        return experiment
    for technique in TECHNIQUES:
        if word == technique.experiment:
            return lecture_document(technique, text_of("random"))
    text = Path(experiment_file(word)).read_text(encoding="utf-8")
    if word in shipped():
        text = re.sub(r"^  namespace: .*\n", "", text, flags=re.MULTILINE)
    return text


def experiment_with(text: str, changes: Changes) -> Experiment:
    """The checked Experiment. Raises DocumentError with every problem at once."""
    wanted = [document for document in loads(text) if document.is_experiment]
    if len(wanted) != 1:
        read_text(text)  # says what is wrong with it
    document = replaced(wanted[0], data=copy.deepcopy(wanted[0].data))
    name = changes.name or str((document.data.get("metadata") or {}).get("name") or "")
    document = overridden(document, changes.counts, _unique(name, changes.run_id))
    data = document.data
    if changes.namespace:
        data["metadata"] = {**(data.get("metadata") or {}), "namespace": changes.namespace}
    if changes.algorithm:
        data["spec"] = {**(data.get("spec") or {}), "algorithm": _algorithm(changes)}
    for pod, container in pods_of(data.get("spec") or {}):
        if changes.image:
            container["image"] = changes.image
        if changes.dataset:
            _set_data(container, changes)
        if changes.gpus:
            give_gpus(pod, container, changes.gpus)
        if changes.claim:
            mount(pod, container, changes.claim, changes.mount)
    return read_text(dumps(data))


def _unique(name: str, run_id: str) -> str:
    suffix = re.sub(r"[^a-z0-9]", "", run_id.lower())[:8]
    return f"{name[: NAME_LENGTH - len(suffix) - 1]}-{suffix}" if suffix and name else name


def _algorithm(changes: Changes) -> dict[str, Any]:
    """The settings of the algorithm that it replaces would mean nothing to it."""
    settings = [
        {"name": name, "value": str(value)} for name, value in changes.algorithm_settings.items()
    ]
    return {"algorithmName": changes.algorithm, "algorithmSettings": settings}


def _set_data(container: dict[str, Any], changes: Changes) -> None:
    """The prepared file in place of the data that the document names."""
    words = [*(container.get("command") or ()), *(container.get("args") or ())]
    if any(str(word).startswith("trial_image.") for word in words):
        for name in ("command", "args"):
            container[name] = without_flags(container.get(name) or (), READING)
        if changes.task:
            container["args"].append(f"--task={changes.task}")
    _set_flag(container, "--dataset", changes.dataset)


def without_flags(words: Sequence[str], names: Sequence[str]) -> list[str]:
    """``words`` without ``--name=value`` and ``--name value`` of those names."""
    kept: list[str] = []
    skip = False
    for word in words:
        flag, equals, _ = str(word).partition("=")
        if skip and not flag.startswith("--"):
            skip = False
            continue
        skip = flag.startswith("--") and flag[2:].replace("-", "_") in names
        if not skip:
            kept.append(word)
        skip = skip and not equals
    return kept


def _set_flag(container: dict[str, Any], flag: str, value: str) -> None:
    """In place of the flag where ``command`` or ``args`` has it, else at the end."""
    for field_name in ("command", "args"):
        words = container.get(field_name) or []
        for position, word in enumerate(words):
            if str(word).startswith(f"{flag}="):
                words[position] = f"{flag}={value}"
                return
            if word == flag and position + 1 < len(words):
                words[position + 1] = value
                return
    words = [*(container.get("command") or ()), *(container.get("args") or ())]
    if words[:1] and Path(str(words[0])).name in ("sh", "bash"):
        raise StepError(
            f"spec.trialTemplate: its command is a shell script, which {flag} cannot be added to: "
            f"write {flag}=… into it, or start the program without a shell"
        )
    container["args"] = [*(container.get("args") or ()), f"{flag}={value}"]
