from __future__ import annotations

import resource
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from katib_experiments.report import write_report
from katib_experiments.report.page import page
from katib_experiments.report.table import columns
from tests.report.outcomes import HOSTILE, OUTCOMES, a_hostile_outcome, an_outcome

ROOT = Path(__file__).parents[2]


class Tags(HTMLParser):
    """What a browser would see: every tag with its attributes, and the text outside of scripts."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text, self._inside = "", ""
        self.feed(document)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self._inside = tag

    def handle_endtag(self, tag):
        self._inside = ""

    def handle_data(self, data):
        if self._inside not in ("script", "style"):
            self.text += data


@pytest.fixture(scope="module")
def document() -> str:
    return page(an_outcome(40), written=0)


@pytest.mark.parametrize("kind", OUTCOMES)
def test_every_outcome_has_a_report(kind, tmp_path):
    outcome = OUTCOMES[kind]()
    path = write_report(outcome, tmp_path / "runs" / "report.html")
    seen = Tags(path.read_text(encoding="utf-8"))
    assert outcome.experiment.name in seen.text
    assert all(trial.name in seen.text for trial in outcome.trials)
    assert "Written by katib-automl" in seen.text


def test_the_page_tells_the_best_trial_and_the_counts(document):
    outcome = an_outcome(40)
    best = outcome.status.optimal
    assert best is not None
    text = Tags(document).text
    assert f"Best Trial: {best.name}" in text
    assert f"--learning_rate={best.assignments['learning_rate']} --batch_size=" in text
    assert "2 Running, 33 Succeeded, 1 Failed, 1 MetricsUnavailable, 3 EarlyStopped" in text
    assert "exit code 1: ValueError: batch_size 256 > 100 rows <of training>" in text
    assert "1970-01-01 00:00 UTC" in text


def test_the_page_asks_for_nothing_from_anywhere(document):
    seen = Tags(document)
    assert not [tag for tag, _ in seen.tags if tag in ("link", "iframe", "img", "object", "base")]
    assert not [each for _, each in seen.tags if {"src", "href", "action"} & each.keys()]
    policy = next(each for _, each in seen.tags if "http-equiv" in each)
    assert str(policy["content"]).startswith("default-src 'none';")


def test_nothing_that_a_user_wrote_becomes_a_tag():
    seen = Tags(page(a_hostile_outcome()))
    allowed = {
        "html", "head", "meta", "title", "style", "body", "main", "header", "footer", "div", "span",
        "h1", "h2", "p", "b", "code", "pre", "dl", "dt", "dd", "section", "figure", "figcaption",
        "table", "thead", "tbody", "tr", "th", "td", "button", "details", "summary", "script",
    }  # fmt: skip
    assert {tag for tag, _ in seen.tags} <= allowed
    assert [tag for tag, _ in seen.tags].count("script") == 3
    assert not [name for _, each in seen.tags for name in each if name.startswith("on")]
    assert HOSTILE in seen.text


def test_figures_have_a_frame_a_title_and_a_description_each(document):
    seen = Tags(document)
    plots = [each for _, each in seen.tags if each.get("role") == "img"]
    assert len(plots) == 7
    assert all(each["aria-label"] and each["id"] for each in plots)


def test_the_document_can_be_read_in_the_page():
    assert "Copy" in Tags(page(a_hostile_outcome())).text
    assert "kubectl apply" not in Tags(page(an_outcome(3))).text  # made without a document


def test_columns_know_whether_they_are_numbers():
    found = {column.title: column for column in columns(an_outcome(40))}
    assert list(found) == [
        "#", "Trial", "Condition", "val_accuracy", "accuracy", "loss", "val_loss",
        "learning_rate", "batch_size", "num_layers", "optimizer", "Duration",
    ]  # fmt: skip
    numeric = {title for title, column in found.items() if column.numeric}
    assert numeric == set(found) - {"Trial", "Condition", "optimizer"}
    assert found["val_accuracy"].keys[16] == ""  # reported nothing


def test_a_parameter_named_like_a_column_keeps_its_own_cells():
    outcome = OUTCOMES["one parameter"]()
    (parameter,) = outcome.experiment.parameters
    experiment = replace(outcome.experiment, parameters=(replace(parameter, name="Trial"),))
    trials = tuple(replace(t, assignments={"Trial": t.assignments["x"]}) for t in outcome.trials)
    found = columns(replace(outcome, experiment=experiment, trials=trials))
    names, values = (list(column.keys) for column in found if column.title == "Trial")
    assert names == [trial.name for trial in trials]
    assert values == [trial.assignments["Trial"] for trial in trials]


def test_a_report_replaces_the_old_one_whole_and_leaves_nothing_beside_it(tmp_path):
    path = tmp_path / "report.html"
    path.write_text("old")
    assert write_report(an_outcome(3), path) == path
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert [each.name for each in tmp_path.iterdir()] == ["report.html"]


def test_a_report_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    path.write_text("old")

    def full(self, text, encoding):
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", full)
        with pytest.raises(OSError, match="No space"):
            write_report(an_outcome(3), path)
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["report.html"]


def test_a_report_costs_less_than_a_second_and_imports_no_plotly(tmp_path):
    program = (
        "import sys; from pathlib import Path; from katib_experiments.report import write_report\n"
        "from tests.report.outcomes import an_outcome\n"
        f"write_report(an_outcome(30), Path({str(tmp_path / 'r.html')!r}))\n"
        "assert not {'plotly', 'optuna', 'sklearn', 'scipy', 'pandas'} & set(sys.modules)"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert spent < 2  # 0.3 on a quiet machine
