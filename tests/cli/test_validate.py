from __future__ import annotations

import json
from pathlib import Path

import pytest


def wrong(path: Path) -> Path:
    text = path.read_text().replace("'0.1'", "'2'").replace("maximize", "maximise")
    path.write_text(text)
    return path


def test_a_good_file_is_ok(automl, quick_file):
    shown = automl("validate", str(quick_file()))
    assert shown.code == 0
    assert shown.out.splitlines()[-1].endswith("quick.yaml: ok")


def test_every_error_is_shown_with_its_place(automl, quick_file):
    path = wrong(quick_file())
    shown = automl("validate", str(path))
    assert shown.code == 2
    for field in ("spec.objective.type", "spec.parameters[0].feasibleSpace"):
        assert f"{path}:" in shown.out
        assert field in shown.out
    assert shown.out.splitlines()[-1] == f"{path}: 2 errors"


def test_machines_get_json(automl, quick_file):
    shown = automl("validate", "-o", "json", "random", str(wrong(quick_file())))
    assert shown.code == 2
    good, bad = json.loads(shown.out)
    assert (good["valid"], bad["valid"]) == (True, False)
    assert {"severity": "error", "path": "spec.objective.type", "received": "maximise"}.items() <= (
        bad["problems"][0].items()
    )


@pytest.mark.parametrize("text", ["a: [", "- 1", "\x00", "a: !!python/object:os.system x"])
def test_a_file_that_cannot_be_read_is_an_error_and_no_traceback(automl, tmp_path, text):
    path = tmp_path / "broken.yaml"
    path.write_text(text)
    shown = automl("validate", str(path))
    assert shown.code == 2
    assert f"error: {path}:" in shown.out


def test_a_warning_is_no_failure(automl, quick_file):
    path = quick_file()
    path.write_text(path.read_text().replace("backoffLimit: 0", "backoffLimit: 3"))
    shown = automl("validate", str(path))
    assert shown.code == 0
    assert shown.out.startswith("warning: ")
    assert shown.out.splitlines()[-1].endswith("1 warning")
