"""A runner that plays scripts instead of starting processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from katib_experiments.engine.runner import OUTPUT, Exit, Launch


@dataclass(frozen=True)
class Script:
    """What a Trial writes, one line at each poll, and how it then ends."""

    lines: Sequence[str] = ()
    code: int = 0
    reason: str = ""
    endless: bool = False
    """It does not end by itself after its last line."""


class FakeRunner:
    """Runs ``script(launch)`` for each Trial. Time passes only in :meth:`poll`: each call lets
    every running Trial write its next line, or end after the last.

        runner = FakeRunner(lambda launch: Script(["accuracy=0.9"]))
    """

    def __init__(self, script: Callable[[Launch], Script]) -> None:
        self._script = script
        self._rest: dict[str, tuple[Launch, Script, list[str]]] = {}
        self._killed: set[str] = set()
        self.started: list[Launch] = []
        self.most_at_once = 0
        self.closed = False

    def start(self, group: Sequence[Launch]) -> None:
        for launch in group:
            script = self._script(launch)
            assert launch.trial not in self._rest, "started while it runs"
            (launch.directory / OUTPUT).touch(exist_ok=False)
            self._rest[launch.trial] = launch, script, list(script.lines)
            self.started.append(launch)
        self.most_at_once = max(self.most_at_once, len(self._rest))

    def poll(self, timeout: float) -> list[Exit]:
        exits = []
        for name, (launch, script, lines) in list(self._rest.items()):
            if name in self._killed:
                exits.append(Exit(name, -15))
            elif lines:
                with (launch.directory / OUTPUT).open("a") as output:
                    output.write(lines.pop(0) + "\n")
            elif not script.endless:
                exits.append(Exit(name, script.code, script.reason))
        for end in exits:
            del self._rest[end.trial]
            self._killed.discard(end.trial)
        return exits

    def kill(self, trial: str, *, grace: float = 5.0) -> None:
        if trial in self._rest:
            self._killed.add(trial)

    def close(self) -> None:
        self._rest.clear()
        self.closed = True
