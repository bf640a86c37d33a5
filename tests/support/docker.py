"""A stand-in for the ``docker`` command, where there is no engine: it reads the same arguments and
runs a container as a process that outlives its client, as the real one does."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

SOURCE = """\
import os, pathlib, signal, subprocess, sys

state = pathlib.Path(os.environ["FAKE_DOCKER_STATE"])
verb, *words = sys.argv[1:]
with (state / "calls").open("a") as calls:
    calls.write(repr(sys.argv[1:]) + "\\n")


def remove(name):
    try:
        os.killpg(int((state / name).read_text()), signal.SIGKILL)
    except (FileNotFoundError, ProcessLookupError):
        pass
    (state / name).unlink(missing_ok=True)


if verb == "version":
    print("99.0")
elif verb == "ps":
    print(*(file.name for file in state.iterdir() if file.name != "calls"), sep="\\n")
elif verb == "rm":
    assert words.pop(0) == "--force"
    for name in words:
        remove(name)
elif verb == "run":
    options = {}
    while words[0].startswith("--"):
        option = words.pop(0)
        value = "" if option in ("--rm", "--init") else words.pop(0)
        options.setdefault(option, []).append(value)
    image, *arguments = words
    environment = dict(word.split("=", 1) for word in options.get("--env", []))
    container = subprocess.Popen(
        [*options["--entrypoint"], *arguments],
        env={"PATH": os.environ["PATH"]} | environment,
        cwd=os.environ["FAKE_DOCKER_STATE"],
        start_new_session=True,
    )
    (state / options["--name"][0]).write_text(str(container.pid))
    signal.signal(signal.SIGTERM, lambda *_: container.terminate())
    code = container.wait()
    remove(options["--name"][0])
    sys.exit(128 - code if code < 0 else code)
"""


def install(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Path:
    """Put the stand-in on PATH; the folder of its state, whose ``calls`` has every call's argv."""
    state = folder / "docker-state"
    state.mkdir()
    program = folder / "bin" / "docker"
    program.parent.mkdir()
    program.write_text(f"#!{sys.executable} -IS\n{SOURCE}")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    monkeypatch.setenv("FAKE_DOCKER_STATE", str(state))
    return state
