"""Looking at processes from outside."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

LINUX = sys.platform == "linux"


def alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    if LINUX:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        except OSError:
            return False
    listed = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, check=False)
    return listed.stdout.strip()[:1] not in (b"", b"Z")


def until(condition: Callable[[], object], what: str, seconds: float = 30) -> None:
    """Wait for ``condition``; an AssertionError names ``what`` never came."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"never came: {what}"
        time.sleep(0.01)
