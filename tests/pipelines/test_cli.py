"""``python -m pipelines``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pipelines import locally
from pipelines.__main__ import main
from pipelines.registry import ArgumentsError, arguments, pipeline
from pipelines.submitting import token_from

PROBE = """
import runpy, sys
sys.argv = ["pipelines", "--help"]
try:
    runpy.run_module("pipelines", run_name="__main__")
except SystemExit as end:
    assert end.code == 0
print(sorted({"kfp", "tensorflow", "keras", "autokeras"} & sys.modules.keys()))
"""


def test_help_is_there_at_once_and_has_examples():
    done = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True)
    assert "python -m pipelines run --local" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_pipelines_themselves_load_no_tensorflow():
    probe = "import pipelines.automl, sys; print('tensorflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_flags_become_values_of_the_parameters_types():
    flags = ["--max-trials=5", "--least_score=0.9", "--dataset=a=b", '--autokeras_flags=["--x"]']
    assert arguments("automl", flags) == {
        "max_trials": 5,
        "least_score": 0.9,
        "dataset": "a=b",
        "autokeras_flags": ["--x"],
    }


def test_a_text_may_be_that_of_a_file(tmp_path: Path):
    (tmp_path / "mine.yaml").write_text("a: 1\nb: 2\n")
    assert arguments("tune", [f"--experiment=@{tmp_path / 'mine.yaml'}"]) == {
        "experiment": "a: 1\nb: 2\n"
    }
    with pytest.raises(ArgumentsError, match="must be a text, or @ and the path of a file"):
        arguments("tune", ["--experiment=@nowhere.yaml"])


def test_a_value_with_spaces_and_lines_is_a_parameters(monkeypatch):
    received = {}
    monkeypatch.setattr(locally, "run", lambda *args: received.update(args[1]) or {})
    monkeypatch.setattr(locally, "artifacts", lambda root: [])
    assert main(["run", "tune", "--experiment=kind: X\n a: b", "--local"]) == 0
    assert received == {"experiment": "kind: X\n a: b"}


def test_the_namespace_of_a_run_is_its_experiments_too(monkeypatch):
    received = {}

    def submit(name: str, values: dict, **where: str) -> tuple[str, str]:
        received.update(values, **where)
        return "1", "page"

    monkeypatch.setattr("pipelines.submitting.submit", submit)
    main(["submit", "tune", "--host=http://kfp", "--namespace=team", "--max_trials=3"])
    assert received == {
        "namespace": "team",
        "max_trials": 3,
        "host": "http://kfp",
        "token": "",
        "group": "",
    }


def test_every_wrong_flag_is_named_with_what_it_must_be():
    with pytest.raises(ArgumentsError) as refused:
        arguments("tune", ["--max_trials=many", "--algorithm_settings=[1]", "--nonsense=1"])
    first, second, third = str(refused.value).splitlines()
    assert first == '--max_trials: received "many": must be an integer, as --max_trials=…'
    assert second.startswith('--algorithm_settings: received "[1]": must be a JSON object')
    assert third.startswith("--nonsense=1: tune has the parameters dataset, target")


def test_parameters_are_listed_with_their_defaults(capsys):
    assert main(["run", "tune", "--parameters"]) == 0
    assert "--max_trials=12\n      Instead of maxTrialCount" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["run"], "run: say --local"),
        (["submit"], "--host: received nothing"),
        (["run", "--local", "--max_trials"], "--max_trials: received no value"),
        (["submit", "--host", "http://localhost:1", "--token-from", "env:NONE"], "is empty"),
    ],
)
def test_a_wrong_command_line_ends_with_2(argv: list[str], message: str, capsys):
    assert main(argv) == 2
    assert message in capsys.readouterr().err


def test_a_run_here_has_no_claim(monkeypatch, capsys):
    monkeypatch.setenv("KATIB_AUTOML_CLAIM", "team-data")
    assert main(["run", "--local"]) == 2
    assert 'KATIB_AUTOML_CLAIM: received "team-data"' in capsys.readouterr().err


def test_a_token_comes_from_a_file_or_a_variable(tmp_path: Path, monkeypatch):
    (tmp_path / "token").write_text("secret\n")
    monkeypatch.setenv("KFP_TOKEN", "other")
    assert token_from(str(tmp_path / "token")) == "secret"
    assert token_from("env:KFP_TOKEN") == "other"
    assert token_from("") == ""
    with pytest.raises(ArgumentsError, match="cannot be read"):
        token_from(str(tmp_path / "none"))


def test_compile_writes_every_pipeline(tmp_path: Path, capsys):
    assert main(["compile", "--output", str(tmp_path)]) == 0
    assert [path.name for path in sorted(tmp_path.iterdir())] == [
        "automl.yaml",
        "lecture.yaml",
        "tune.yaml",
    ]


def test_the_terminal_is_told_how_far_a_run_is_and_the_log_has_every_line(tmp_path: Path):
    with (tmp_path / "log").open("w") as log, (tmp_path / "terminal").open("w") as terminal:
        teller = locally.Teller(log, terminal)
        teller.write("10:00 - INFO - Executing task \x1b[96m'choose'\x1b[0m\n    x: 1 of 2 Tri")
        teller.write("als ended\nnoise\n")
    assert "noise" in (tmp_path / "log").read_text()
    told = (tmp_path / "terminal").read_text().splitlines()
    assert told == ["Executing task 'choose'", "    x: 1 of 2 Trials ended"]


@pytest.mark.parametrize(
    ("version", "left_out"), [("2.13.0", ["deploy", "register-model"]), ("2.17.0", [])]
)
def test_what_the_installed_kfp_cannot_run_here_is_left_out(monkeypatch, version, left_out):
    monkeypatch.setattr("kfp.__version__", version)
    whole = pipeline("automl")
    runnable, found = locally.runnable(whole)
    assert found == left_out
    before, after = (each.pipeline_spec.root.dag.tasks for each in (whole, runnable))
    assert before.keys() - after.keys() == ({"condition-1"} if left_out else set())
    assert (
        runnable.pipeline_spec.root.input_definitions == whole.pipeline_spec.root.input_definitions
    )


def test_html_artifacts_become_pages_that_a_browser_opens(tmp_path: Path):
    (tmp_path / "report").write_text("<!DOCTYPE html><p>")
    (tmp_path / "table").write_text("| a |")
    found = [locally.Artifact("step", name, tmp_path / name) for name in ("report", "table")]
    assert locally.pages(found) == [tmp_path / "report.html"]
