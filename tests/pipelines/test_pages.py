"""The HTML artifacts: numbers in them, nothing from the network, and no user's text as markup."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from pipelines.steps import drawing
from pipelines.steps.judging import judgement

Y = np.arange(40) % 2
PROBABILITIES = np.where(Y[:, None] == [0, 1], 0.75, 0.25)[None]


def test_a_page_shows_every_metric_and_asks_for_nothing():
    judged = judgement(Y, PROBABILITIES, ["cat", "dog"])
    assert not re.findall(r"(?:src|href)=|https?://(?!www\.w3\.org/2000/svg)", judged.page)
    assert "default-src 'none'" in judged.page
    for name in judged.metrics:
        assert name.replace("_", " ") in judged.page
    assert judged.page.count("<svg") == 2


def test_names_of_classes_are_text_and_no_markup():
    page = judgement(Y, PROBABILITIES, ["<b>cat", "dog & co"]).page
    assert "&lt;b&gt;cat" in page
    assert "dog &amp; co" in page
    assert "<b>cat" not in page


def test_very_many_classes_have_no_table():
    y = np.arange(40)
    page = judgement(y, np.eye(40)[None], [f"class {i}" for i in y]).page
    assert "40 classes are too many for a table" in page


def test_a_regression_draws_predictions_over_true_values():
    y = np.linspace(-5, 20, 30)
    judged = judgement(y, (y + 1)[None, :, None], [])
    assert judged.page.count("<circle") == 30
    assert judged.metrics["mae"] == pytest.approx(1)
    assert judged.roc is None


@pytest.mark.parametrize(
    "picture",
    [
        drawing.curve([(0, 0), (0.5, 1), (1, 1)], "x < 1", "y"),
        drawing.dots([(0.2, 0.3), (1, 1)], [3, 1], "x", "y"),
        drawing.scatter([(3.0, 3.0)], "x", "y"),
    ],
)
def test_a_figure_is_well_formed_and_stays_in_its_frame(picture: str):
    root = ElementTree.fromstring(picture)
    width, height = float(root.get("width")), float(root.get("height"))
    for circle in root.iter("{http://www.w3.org/2000/svg}circle"):
        assert 0 < float(circle.get("cx")) < width
        assert 0 < float(circle.get("cy")) < height


def test_a_dots_area_is_its_weight():
    radii = re.findall(r'r="([\d.]+)"', drawing.dots([(0, 0), (1, 1)], [1, 3], "x", "y"))
    assert float(radii[0]) < float(radii[1])
