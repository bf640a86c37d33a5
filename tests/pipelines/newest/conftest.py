"""The newest KFP, in its environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
ENVIRONMENT = ROOT / ".venv-newest"


@dataclass(frozen=True)
class Run:
    """A compiled pipeline that was run; ``outputs`` is None where the run failed."""

    said: str
    outputs: dict[str, Any] | None

    def attempts(self, task: str) -> int:
        """How often the task was started."""
        return self.said.count(f"Executing task \x1b[96m'{task}'")


@pytest.fixture(scope="session")
def newest() -> Callable[..., str]:
    """Runs program.py with these words; what it said."""
    if not (ENVIRONMENT / "complete").is_file():
        pytest.skip("no .venv-newest: run make env-newest")
    own = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{own}{os.pathsep}{os.environ['PATH']}"}

    def program(*words: str | Path) -> str:
        return subprocess.run(
            [ENVIRONMENT / "bin/python", Path(__file__).with_name("program.py"), *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            text=True,
            check=False,
        ).stdout

    return program


@pytest.fixture
def run(newest: Callable[..., str], tmp_path: Path) -> Callable[..., Run]:
    """Runs a compiled file below the test's folder, its steps with this Python."""

    def ran(file: Path, **parameters: Any) -> Run:
        outputs = tmp_path / "outputs.json"
        outputs.unlink(missing_ok=True)
        said = newest("run", file, tmp_path, sys.executable, json.dumps(parameters))
        return Run(said, json.loads(outputs.read_text()) if outputs.is_file() else None)

    return ran
