"""What the step ``autokeras_search`` does with its inputs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pipelines.steps.data import data_file, described
from pipelines.steps.pages import facts, page
from pipelines.steps.programs import StepError, run_program

RESULTS = ("best_model.keras", "result.json", "classes.json", "summary.txt", "trials.json")


class Outputs(NamedTuple):
    objective: str
    objective_value: float
    maximize: bool


@dataclass(frozen=True, slots=True)
class Found:
    outputs: Outputs
    metrics: Mapping[str, float]


def search(
    data: str,
    model: str,
    *,
    task: str,
    flags: Sequence[str],
    work_dir: str,
    trials: str,
    architecture: str,
) -> Found:
    """Run the program, write the three artifacts, and return the rest."""
    work = Path(work_dir or f"{model}.work")
    about = described(data)
    if task == "auto":
        task = f"{about['kind']}_{about['task']}"
    run_program(
        "autokeras_search",
        [f"--dataset={data_file(data)}", f"--task={task}", *flags, f"--output_dir={work}"],
    )
    keep(work, Path(model))
    result = json.loads((work / "result.json").read_text())
    shutil.copyfile(work / "trials.md", trials)
    text = architecture_page(result, (work / "architecture.svg").read_text(encoding="utf-8"))
    Path(architecture).write_text(text, encoding="utf-8")
    if not work_dir:
        shutil.rmtree(work)
    metrics = {**result["metrics"], "parameters": result["parameters"], "trial": result["trial"]}
    name = result["objective"]
    return Found(
        Outputs(name, float(result["score"]), maximize=name == "val_accuracy"),
        {name: float(value) for name, value in metrics.items()},
    )


def keep(work: Path, model: Path) -> None:
    """The results, without AutoKeras's own state, which holds the weights of every trial."""
    model.mkdir(parents=True, exist_ok=True)
    for name in RESULTS:
        if not (work / name).is_file():
            raise StepError(f"trial_image.autokeras_search left no {name}")
        shutil.copyfile(work / name, model / name)


def architecture_page(result: Mapping[str, object], picture: str) -> str:
    metrics, parameters = result["metrics"], result["parameters"]
    assert isinstance(metrics, dict)
    lead = f"trial {result['trial']}, {parameters:,} parameters"
    return page("AutoKeras's best network", lead, f"{facts(metrics)}\n{picture}")
