"""Containers as a cluster runs them: no root, no capability, no network, a file system to read."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable

import pytest

Run = Callable[..., str]

HARDENED = ["--read-only", "--tmpfs=/tmp", "--network=none", "--cap-drop=ALL"]
HARDENED += ["--security-opt=no-new-privileges"]


@pytest.fixture(scope="session")
def image() -> str:
    if not (name := os.environ.get("TRIAL_IMAGE")):
        pytest.skip("TRIAL_IMAGE names no image: `make image-test` builds one and sets it")
    return name


@pytest.fixture(scope="session")
def engine() -> str:
    if (name := os.environ.get("ENGINE", "docker")) not in ("docker", "podman"):
        pytest.skip(f"{name or 'no engine'} is here, and only docker and podman run containers")
    return name


@pytest.fixture(scope="session")
def container(engine: str, image: str) -> list[str]:
    """The command before the container's own."""
    return [engine, "run", "--rm", *HARDENED, image]


@pytest.fixture(scope="session")
def run(container: list[str]) -> Run:
    """Runs a command to its end and returns what it printed; fails where it does."""

    def run(*command: str) -> str:
        done = subprocess.run(
            [*container, *command], check=False, capture_output=True, text=True, timeout=250
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run
