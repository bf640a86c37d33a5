"""What the step ``package_model`` does with its inputs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pipelines.steps.data import described
from pipelines.steps.programs import StepError
from pipelines.steps.tables import table


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a model comes from."""

    name: str
    version: str
    experiment: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    run: str = ""


def pack(data: str, model: str, package: str, metrics: Mapping[str, float], origin: Origin) -> str:
    """Fill the folder ``package``; the text of the card, which is in it too."""
    if not origin.version.isdigit():
        raise StepError(f'version: received "{origin.version}": must be a whole number')
    source, target = Path(model), Path(package)
    if not (source / "model.keras").is_file():
        raise StepError(f"model: {source} has no model.keras: must be what train_best left")
    target.mkdir(parents=True, exist_ok=True)
    for name in ("model.keras", "classes.json"):
        shutil.copyfile(source / name, target / name)
    shutil.copytree(source / "saved_model", target / origin.version, dirs_exist_ok=True)
    classes = json.loads((source / "classes.json").read_text())["classes"]
    facts = {
        **asdict(origin),
        "data": described(data),
        "classes": classes,
        "training": json.loads((source / "result.json").read_text()),
        "test": dict(metrics),
    }
    (target / "card.json").write_text(json.dumps(facts, indent=1, default=str), encoding="utf-8")
    text = card(facts)
    (target / "MODEL_CARD.md").write_text(text, encoding="utf-8")
    return text


def card(facts: Mapping[str, Any]) -> str:
    """The model card in Markdown."""
    data, training = facts["data"], facts["training"]
    classes = ", ".join(map(str, facts["classes"]))
    outputs = f"the probability of each class, in this order: {classes}" if classes else "the value"
    metrics = [(name, f"{value:.4g}") for name, value in sorted(facts["test"].items())]
    parameters = list((training["hyperparameters"] or facts["parameters"]).items())
    searched = f"\n\n{table(['parameter', 'value'], parameters)}" if parameters else "\n"
    origin = [
        f"Experiment: `{facts['experiment']}`" if facts["experiment"] else "",
        f"Pipeline run: `{facts['run']}`" if facts["run"] else "",
        f"Chosen because {facts['reason']}." if facts["reason"] else "",
    ]
    return (
        f"# {facts['name']}, version {facts['version']}\n\n"
        f"Takes examples of shape {data['shape']} as they are in the data, float32; gives "
        f"{outputs}. It scales its inputs itself.\n\n"
        f"## Test part\n\n{data['test_examples']:,} examples that neither search nor training has "
        f"seen.\n\n{table(['metric', 'value'], metrics)}"
        f"\n## Training\n\n{training['examples']:,} examples, {training['epochs']} epochs, "
        f"{training['parameters']:,} parameters; the first of {training['seeds']} seeds.\n\n"
        f"## Data\n\nFor {data['task']}; SHA-256 of the arrays: "
        f"`{data['sha256']}`\n\n"
        f"## Origin\n\n{'  '.join(filter(None, origin))}{searched}"
    )
