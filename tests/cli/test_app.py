from __future__ import annotations

import inspect
import resource
import subprocess
import sys
from importlib import import_module

import pytest

import katib_experiments.cli.app as app
from katib_experiments.errors import ExperimentBusy, RunnerError

HEAVY = {"tensorflow", "keras", "autokeras", "optuna", "scipy", "sklearn", "plotly", "numpy"}
HEAVY |= {"kubernetes", "grpc", "kfp", "rich", "yaml", "sqlite3"}


@pytest.mark.parametrize(
    "code",
    ["import katib_experiments", "from katib_experiments.cli import main; main(['--help'])"],
    ids=["import", "help"],
)
def test_nothing_heavy_is_loaded_by(code: str):
    script = f"import sys\ntry:\n  {code}\nexcept SystemExit: pass\nprint(*sys.modules)"
    shown = subprocess.check_output([sys.executable, "-c", script], text=True)
    loaded = {name.split(".")[0] for name in shown.splitlines()[-1].split()}
    assert "katib_experiments" in loaded
    assert not loaded.intersection(HEAVY)


def test_help_costs_little_more_than_starting_python_with_typer():
    def cost(*arguments: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    def least(*arguments: str) -> float:
        return min(cost(*arguments) for _ in range(5))

    assert least("-m", "katib_experiments", "--help") < 2 * least("-c", "import typer")


@pytest.mark.parametrize("verb", app.VERBS)
def test_a_verbs_help_repeats_its_summary_and_has_examples(automl, verb: str):
    function = getattr(import_module(f"katib_experiments.cli.{verb}"), f"{verb}_command")
    assert inspect.getdoc(function).splitlines()[0] == app.VERBS[verb]
    shown = automl(verb, "--help")
    assert shown.code == 0
    assert f"automl {verb}" in shown.out.split("Examples:")[1]


def test_help_lists_every_verb(automl):
    shown = automl("--help")
    assert shown.code == 0
    assert all(verb in shown.out for verb in app.VERBS)


def test_the_version_is_the_distributions(automl):
    assert automl("--version").out.startswith("automl 0.")


@pytest.mark.parametrize(
    "words", [["rum"], ["run"], ["run", "x.yaml", "--max-trials", "0"], ["list", "--nonsense"]]
)
def test_a_wrong_command_line_exits_with_two_and_says_why(automl, words: list[str]):
    shown = automl(*words)
    assert shown.code == 2
    assert "Error" in shown.err
    assert not shown.out


@pytest.mark.parametrize("error", [ExperimentBusy("busy"), RunnerError("no docker")])
def test_an_error_of_ours_is_its_text_and_its_exit_code(automl, monkeypatch, error):
    monkeypatch.setattr("katib_experiments.cli.places.LocalBackend", raiser(error))
    shown = automl("list")
    assert (shown.code, shown.err, shown.out) == (error.exit_code, f"{error}\n", "")


@pytest.mark.parametrize("error", [ZeroDivisionError("x"), PermissionError(13, "denied", "runs")])
def test_no_error_at_all_shows_a_traceback(automl, monkeypatch, error):
    monkeypatch.delenv("AUTOML_DEBUG", raising=False)
    monkeypatch.setattr("katib_experiments.cli.places.LocalBackend", raiser(error))
    shown = automl("list")
    assert shown.code == 1
    assert "Traceback" not in shown.err
    assert shown.err


def test_a_fault_of_automl_is_shown_in_full_when_asked(monkeypatch):
    monkeypatch.setenv("AUTOML_DEBUG", "1")
    monkeypatch.setattr("katib_experiments.cli.places.LocalBackend", raiser(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        app.main(["list"])


def raiser(error: Exception):
    def raise_it(*_: object, **__: object):
        raise error

    return raise_it
