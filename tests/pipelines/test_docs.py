"""The pipeline of one's own that the page shows, run as it stands."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.slow
def test_ten_lines_tune_a_model_of_ones_own(tmp_path: Path):
    own = tmp_path / "own"
    shutil.copytree(DOCS / "own-model", own)
    (source,) = re.findall(r"```python\n(.*?)```", (DOCS / "pipelines.md").read_text(), re.DOTALL)
    (own / "mine.py").write_text(source)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # for KFP's python3
    done = subprocess.run(
        [sys.executable, "mine.py"],
        cwd=own,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert set(re.findall(r"'(\w+)':", done.stdout.splitlines()[-1])) == {
        "learning_rate",
        "width",
        "skip",
    }
    assert "2 of 2 Trials ended (2 Succeeded)" in done.stdout
