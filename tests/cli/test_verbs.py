"""The verbs that look at runs, over one that the real engine made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml


def test_list_has_a_line_for_each_run(ran):
    header, line = ran("list").out.splitlines()
    assert header.split() == ["name", "algorithm", "condition", "trials", "best", "started"]
    assert line.split()[:6] == ["quick", "random", "Succeeded", "3/3", "score", line.split()[5]]


def test_list_is_json_for_machines(ran):
    (run,) = json.loads(ran("list", "-o", "json").out)
    assert (run["name"], run["done"], run["metric"]) == ("quick", 3, "score")


def test_list_of_nothing_says_how_to_begin(automl):
    shown = automl("list")
    assert shown.code == 0
    assert "automl run" in shown.out


def test_show_has_the_conditions_and_the_trials(ran):
    shown = ran("show", "quick").out
    assert "maximize score" in shown
    assert "ExperimentMaxTrialsReached" in shown
    assert (shown.count("✓"), shown.count("★")) == (2, 1)


@pytest.mark.parametrize(("form", "read"), [("yaml", yaml.safe_load), ("json", json.loads)])
def test_show_gives_the_experiment_as_katib_shapes_it(ran, form, read):
    document = read(ran("show", "quick", "-o", form).out)
    assert document["metadata"]["name"] == "quick"
    assert document["status"]["trialsSucceeded"] == 3


def test_show_of_a_file_is_what_stands_there(automl, quick_file):
    path = quick_file()
    shown = automl("show", str(path))
    assert yaml.safe_load(shown.out) == yaml.safe_load(path.read_text())


def test_show_with_defaults_is_what_katib_makes_of_it(automl, quick_file):
    path = quick_file(resumePolicy=None)
    spec = yaml.safe_load(automl("show", str(path), "--defaults").out)["spec"]
    assert spec["resumePolicy"] == "Never"
    assert spec["objective"]["metricStrategies"] == [{"name": "score", "value": "max"}]
    assert json.loads(automl("show", str(path), "--defaults", "-o", "json").out)["spec"] == spec


def test_logs_prints_what_a_trial_wrote(ran):
    shown = ran("logs", "quick", "best")
    assert shown.out.startswith("2026-01-01T00:00:00Z score=0.")


def test_report_writes_a_file_and_says_where(ran, tmp_path: Path):
    assert ran("report", "quick").out == "runs/quick/report.html\n"
    assert ran("report", "quick", "-o", "mine.html").out == "mine.html\n"
    assert (tmp_path / "mine.html").read_text().startswith("<!")


def test_delete_asks_first(ran, tmp_path: Path):
    assert ran("delete", "quick").code == 1
    assert (tmp_path / "runs" / "quick").exists()
    assert ran("delete", "quick", "--yes").code == 0
    assert not (tmp_path / "runs" / "quick").exists()


@pytest.mark.parametrize(
    "words",
    [["show", "quikc"], ["logs", "quikc", "best"], ["report", "quikc"], ["delete", "quikc", "-y"]],
    ids=lambda words: words[0],
)
def test_an_unknown_run_is_refused(ran, words: list[str]):
    shown = ran(*words)
    assert shown.code == 2
    assert "quikc" in shown.err


def test_an_unknown_trial_is_refused(ran):
    shown = ran("logs", "quick", "none")
    assert shown.code == 2
    assert 'no Trial "none"' in shown.err
