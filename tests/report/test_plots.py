"""What is drawn is valid to Plotly, and every text of a user's is escaped for it."""

from __future__ import annotations

import json

import plotly.graph_objects as go
import pytest

from katib_experiments.report.plots import figures
from katib_experiments.report.traces import label, rounded
from tests.report.outcomes import OUTCOMES, a_grid_outcome, a_hostile_outcome, an_outcome


def drawn(outcome):
    return {figure.name: figure for figure in figures(outcome)}


@pytest.mark.parametrize("kind", OUTCOMES)
def test_plotly_accepts_every_figure_and_every_view(kind):
    for figure in figures(OUTCOMES[kind]()):
        checked = go.Figure(data=figure.data, layout=figure.layout)
        for view in figure.views:
            for path, value in view.trace.items():
                checked.data[0][path] = value[0] if isinstance(value, list) else value
            checked.update_layout({path.replace(".", "_"): v for path, v in view.layout.items()})
        assert figure.title
        assert figure.sentence.endswith(".")


@pytest.mark.parametrize("kind", OUTCOMES)
def test_figures_are_json_without_nan(kind):
    for figure in figures(OUTCOMES[kind]()):
        json.dumps([figure.data, figure.layout], allow_nan=False)


def test_the_story_is_told_in_order():
    assert list(drawn(an_outcome(40))) == [
        "progress",
        "importance",
        "map",
        "gap",
        "parallel",
        "curves-0",
        "curves-1",
    ]


@pytest.mark.parametrize("kind", ["no Trials", "no objective", "one running Trial"])
def test_figures_without_anything_to_draw_say_why(kind):
    empty = [figure for figure in figures(OUTCOMES[kind]()) if not figure.data]
    assert {"progress", "importance"} <= {figure.name for figure in empty}
    assert all("objective" in figure.sentence for figure in empty)


def test_the_grid_is_a_heat_map_with_two_views():
    figure = drawn(a_grid_outcome())["map"]
    (trace,) = figure.data
    assert trace["type"] == "heatmap"
    assert [len(row) for row in trace["z"]] == [4] * 5
    assert [view.label for view in figure.views] == ["Best of each cell", "Mean"]


def test_the_cloud_can_be_coloured_by_the_order_of_trials():
    figure = drawn(an_outcome(40))["map"]
    assert figure.data[0]["type"] == "scatter"
    order = figure.views[1].trace["marker.color"][0]
    assert order == sorted(order)
    assert len(order) == len(figure.data[0]["x"])


def test_goal_best_and_missing_trials_are_in_the_progress():
    names = {trace["name"] for trace in drawn(an_outcome(40))["progress"].data}
    assert names == {"best so far", "Trial", "stopped early", "best", "no objective", "goal"}


def test_curves_of_many_trials_are_few_traces_with_gaps_between():
    data = drawn(an_outcome(1000, running=0))["curves-0"].data
    assert len(data) == 5
    training = data[0]
    assert len(training["x"]) == len(training["y"]) == len(training["text"])
    assert training["x"].count(None) == 998  # all but the best and the one without metrics


def test_no_tag_of_a_users_reaches_a_label():
    for figure in figures(a_hostile_outcome()):
        for each in [each for trace in figure.data for each in trace.get("dimensions", ())]:
            each.pop("ticktext", None)  # the one kind of text that Plotly takes as plain
        for part in (figure.data, figure.layout, [view.trace for view in figure.views]):
            text = json.dumps(part)
            assert "<script" not in text
            assert "<img" not in text


def test_long_labels_are_shortened_in_the_middle_before_they_are_escaped():
    assert label("abcdefghijklmnop", 8) == "abcd…nop"
    assert label("<&>") == "&lt;&amp;&gt;"
    assert label("short", 8) == "short"


def test_numbers_keep_six_digits():
    assert rounded(0.123456789) == 0.123457
    assert rounded(123456789.0) == 123457000.0
    assert rounded(None) is None
