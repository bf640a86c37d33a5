"""How a step fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from katib_experiments.errors import StandsStill
from pipelines.steps import failing
from pipelines.steps.programs import StepError

STEP = "from pipelines.steps.search_step import Request, search; search({}, **dict.fromkeys({}))"
OUTPUTS = ("trials", "report", "outcome", "history")


def failed(request: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A process that runs the step as KFP would."""
    return subprocess.run(
        [sys.executable, "-c", STEP.format(request, OUTPUTS)],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_is_wrong_with_a_document_is_all_that_is_said():
    done = failed("Request('random', max_trials=-1)", _KFP_RUNTIME="true")
    assert done.returncode == 1
    first, *others = done.stderr.splitlines()
    assert first.startswith("the step failed: spec.parallelTrialCount: Invalid value: -1: must be")
    assert [line.split(":")[0] for line in others] == [
        "spec.maxTrialCount",
        "spec.maxFailedTrialCount",
    ]


def test_an_error_of_our_own_making_keeps_its_traceback():
    done = failed("None", _KFP_RUNTIME="true")
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_outside_of_a_step_python_is_as_it_is():
    assert "Traceback" in failed("Request('random', afterwards='burn')").stderr


@pytest.mark.parametrize("error", [StepError("no data"), StandsStill("no data")])
def test_the_reason_is_the_pods_last_word(error, tmp_path: Path, monkeypatch, capsys):
    monkeypatch.setattr(failing, "TERMINATION", tmp_path / "termination-log")
    failing.told(type(error), error, None)
    assert list(tmp_path.iterdir()) == []
    failing.TERMINATION.touch()
    failing.told(type(error), error, None)
    assert failing.TERMINATION.read_text() == "no data"
    assert capsys.readouterr().err == "the step failed: no data\n" * 2
