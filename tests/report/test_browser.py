"""The report in a real browser: every figure is drawn, in light and dark, without an error."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from katib_experiments.report import write_report
from katib_experiments.report.plots import figures
from tests.report.outcomes import OUTCOMES

NAMES = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next(filter(None, map(shutil.which, NAMES)), None)
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-unsafe-swiftshader",
    "--enable-logging=stderr",
    "--virtual-time-budget=20000",
    "--dump-dom",
]
CLICKS = """<script>setTimeout(() => {
  for (const button of document.querySelectorAll('[data-view="1"]')) button.click();
  [...document.querySelectorAll("th button")].find(b => b.textContent === "val_accuracy").click();
}, 8000)</script>"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed"),
]


def opened(path: Path, profile: Path, *flags: str) -> tuple[str, list[str]]:
    """The page's elements once its script has run, and what went to the console as an error."""
    command = [str(BROWSER), *FLAGS, f"--user-data-dir={profile}", *flags, path.as_uri()]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    console = [line for line in ended.stderr.splitlines() if "CONSOLE" in line]
    errors = [line for line in console if re.search("error|refused", line, re.IGNORECASE)]
    return re.sub("<script.*?</script>", "", ended.stdout, flags=re.DOTALL), errors


@pytest.mark.parametrize("kind", ["running", "grid", "no Trials", "diverging", "hostile"])
def test_every_figure_is_drawn_without_an_error(kind, tmp_path):
    outcome = OUTCOMES[kind]()
    page, errors = opened(write_report(outcome, tmp_path / "r.html"), tmp_path / "profile")
    assert errors == []
    expected = {figure.name for figure in figures(outcome) if figure.data}
    plots = [tag for tag in re.findall("<div [^>]*>", page) if "js-plotly-plot" in tag]
    assert {re.search('id="([^"]*)"', tag)[1] for tag in plots} == expected
    assert page.count('class="main-svg"') >= len(expected)
    assert "<title>owned" not in page


def test_dark_figures_take_dark_colours(tmp_path):
    path = write_report(OUTCOMES["running"](), tmp_path / "r.html")
    light, dark = "rgb(42, 111, 176)", "rgb(90, 169, 230)"  # the accent of each
    page, _ = opened(path, tmp_path / "light", "--blink-settings=preferredColorScheme=1")
    assert light in page
    assert dark not in page
    page, errors = opened(path, tmp_path / "dark", "--blink-settings=preferredColorScheme=0")
    assert errors == []
    assert dark in page
    assert light not in page


def test_buttons_change_the_view_and_heads_sort_the_table(tmp_path):
    outcome = OUTCOMES["running"]()
    path = write_report(outcome, tmp_path / "r.html")
    path.write_text(path.read_text(encoding="utf-8") + CLICKS, encoding="utf-8")
    page, errors = opened(path, tmp_path / "profile")
    assert errors == []
    assert page.count('data-view="1" aria-pressed="true"') == 2
    assert "order of Trials" in page
    numbers = [int(number) for number in re.findall(r'<tr[^>]*><td[^>]*data-sort="(\d+)"', page)]
    values = [outcome.trials[number - 1].value(outcome.experiment.objective) for number in numbers]
    there = [value for value in values if value is not None]
    assert len(values) == len(outcome.trials)
    assert values == sorted(there) + [None] * (len(values) - len(there))  # empty cells come last


def test_an_error_in_the_page_would_be_seen(tmp_path):
    path = tmp_path / "r.html"
    path.write_text("<script>missing()</script>")
    assert "missing is not defined" in opened(path, tmp_path / "profile")[1][0]
