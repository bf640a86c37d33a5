"""The lecture's Experiments, and the page about them."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from kfp.dsl import HTML, Artifact, Markdown

from katib_experiments.experiment.template import primary_container, render
from pipelines.components import compare
from pipelines.steps.charts import Axis
from pipelines.steps.comparison import best_setting, compared, mean_curve, settings, summary
from pipelines.steps.document import Changes, experiment_with, text_of
from pipelines.steps.history import History, PastTrial
from pipelines.steps.techniques import TECHNIQUES, Technique
from trial_image.conflicts import conflicts
from trial_image.flags import parse

EACH = pytest.mark.parametrize("technique", TECHNIQUES, ids=lambda technique: technique.name)
NAMES = [technique.name for technique in TECHNIQUES]


def write(history: History, artifact: Artifact) -> Artifact:
    Path(artifact.path).write_text(json.dumps(dataclasses.asdict(history)))
    return artifact


def a_history(technique: Technique, values: dict[str, float] | None = None) -> History:
    """Two seeds of each of two settings, the second the better one."""
    given = values or {"first": 0.5, "second": 0.75}
    trials = [
        PastTrial(
            name=f"{setting}-{seed}",
            state="Succeeded",
            parameters={name: _text(technique, name, setting) for name in technique.parameters}
            | {"seed": str(seed)},
            metrics={technique.objective: value},
            curves={
                "val_loss": [0.5, 0.25],
                "learning_rate": [0.1, 1.0],
                "smoothed_loss": [2.0, 1.0],
            },
        )
        for setting, value in given.items()
        for seed in (0, 1)
    ]
    names = (*technique.parameters, "seed")
    return History("example", "grid", names, technique.objective, True, tuple(trials))


def _text(technique: Technique, name: str, setting: str) -> str:
    space = technique.parameters[name]["feasibleSpace"]
    place = 0 if setting == "first" else -1
    return space["list"][place] if "list" in space else (space["min"], space["max"])[place]


@EACH
def test_an_experiment_is_valid_and_its_trials_understand_every_flag(technique: Technique):
    experiment = experiment_with(text_of(technique.experiment), Changes())
    assert experiment.name == technique.experiment
    assert experiment.max_trial_count == (technique.trials or experiment.max_trial_count)
    assignments = {name: _text(technique, name, "second") for name in technique.parameters}
    container = primary_container(render(experiment, "trial", assignments), experiment)
    assert container["command"] == ["python", "-m", "trial_image.train"]
    assert conflicts(parse(container["args"])) == []


def test_a_grid_has_a_trial_for_each_of_its_cells():
    grid = experiment_with(text_of("lecture-grid"), Changes())
    assert grid.max_trial_count == 16
    assert grid.algorithm.name == "grid"


def test_the_pages_inputs_are_the_techniques():
    inputs = compare.component_spec.inputs
    assert [name for name in inputs if name != "dataset"] == NAMES


def test_every_technique_is_on_the_page_with_its_lesson_and_a_picture():
    page = compared({each.name: a_history(each) for each in TECHNIQUES}, "<digits>")
    assert "&lt;digits&gt;; 48 Trials" in page
    for technique in TECHNIQUES:
        assert f"<h2>{technique.title}</h2>" in page
    assert page.count("<svg") + page.count("<table") == len(TECHNIQUES) + 1
    for picture in re.findall(r"<svg.*?</svg>", page):
        _stays_inside(picture)


def _stays_inside(picture: str) -> None:
    root = ElementTree.fromstring(picture)
    width, height = float(root.get("width")), float(root.get("height"))
    for circle in root.iter("{http://www.w3.org/2000/svg}circle"):
        assert 0 < float(circle.get("cx")) < width
        assert 0 < float(circle.get("cy")) < height


@EACH
def test_a_search_without_values_or_curves_has_no_picture_of_them(technique: Technique):
    nothing = dataclasses.replace(a_history(technique), trials=())
    assert "No Trial has a value" in compared({technique.name: nothing}, "digits")
    bare = [dataclasses.replace(each, curves={}) for each in a_history(technique).trials]
    history = dataclasses.replace(a_history(technique), trials=tuple(bare))
    assert technique.title in compared({technique.name: history}, "digits")


def test_seeds_count_together_and_settings_come_in_numeric_order():
    history = a_history(TECHNIQUES[NAMES.index("batch_sizes")])
    assert list(settings(history)) == [("8",), ("512",)]
    assert best_setting(history) == (("512",), 0.75)
    lower = dataclasses.replace(history, maximize=False)
    assert best_setting(lower) == (("8",), 0.5)


def test_everything_right_has_a_place_on_an_axis_without_zero():
    technique = TECHNIQUES[NAMES.index("dropout")]
    assert "100.0% right" in compared(
        {"dropout": a_history(technique, {"first": 0.5, "second": 1.0})}, "digits"
    )


def test_a_mean_ends_where_the_first_of_its_curves_does():
    assert mean_curve([[1.0, 3.0, 9.0], [3.0, None], []]) == [(1.0, 2.0), (2.0, 3.0)]


def test_the_summary_names_the_best_setting_of_what_can_be_compared():
    rows = summary({each.name: a_history(each) for each in TECHNIQUES}).splitlines()
    assert "| Batch size | 4 | 0.75 | batch_size 512 |" in rows
    assert not [row for row in rows if "range test" in row]


@pytest.mark.parametrize(
    ("axis", "ticks"),
    [
        (Axis("x", 0.0, 1.0), [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (Axis("x", 0.09, 1.1, log=True), [0.1, 0.2, 0.5, 1]),
        (Axis("x", 9e-6, 1.1, log=True), [1e-5, 1e-4, 1e-3, 0.01, 0.1, 1]),
    ],
)
def test_ticks_are_round_numbers_inside_of_the_axis(axis: Axis, ticks: list[float]):
    assert axis.ticks == pytest.approx(ticks)


def test_an_axis_has_room_even_around_a_single_value():
    for axis in (Axis.around("x", [0.0]), Axis.around("x", [3.0]), Axis.around("x", [3], log=True)):
        assert axis.low < axis.high
        assert axis.share(axis.low) == pytest.approx(0)
        assert axis.share(axis.high) == pytest.approx(1)


def test_compare_writes_the_page_and_the_summary(artifact):
    made = {"page": artifact(HTML, "page"), "summary": artifact(Markdown, "summary")}
    histories = {
        each.name: write(a_history(each), artifact(Artifact, each.name)) for each in TECHNIQUES
    }
    compare.python_func(**made, **histories, dataset="digits")
    assert "<svg" in Path(made["page"].path).read_text()
    assert "| Dropout |" in Path(made["summary"].path).read_text()
