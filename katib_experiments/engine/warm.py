"""Runs ``python -m module …`` without paying for the module's imports in every Trial.

One server per run imports what the module imports (TensorFlow: seconds), and each Trial is a fork
of it, a process of its own in every other way. Whatever cannot run so is run cold, as by
:class:`.ProcessRunner`: other commands, another module, another environment (a module may read any
variable while it is imported; so give parameters as arguments), and modules whose imports fail
(the error then stands in the Trial's own log).

What the module imports inside its functions is imported by every Trial anew: heavy imports belong
to its top.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace

from katib_experiments.engine.forkserver import Request
from katib_experiments.engine.gpu import Devices
from katib_experiments.engine.process import Connection, ProcessRunner, is_python
from katib_experiments.engine.runner import Launch


class WarmRunner(ProcessRunner):
    """A :class:`~katib_experiments.engine.runner.Runner` for many Trials of one module."""

    def __init__(self, devices: Devices | None = None) -> None:
        super().__init__(devices)
        self._imported: tuple[str, Mapping[str, str]] | None = None
        """The module that is kept warm, and the environment it was imported in."""

    def _request(self, launch: Launch, gpus: tuple[str, ...]) -> Request:
        request = super()._request(launch, gpus)
        found = module_of(launch.command)
        if found is None:
            return request
        module, arguments = found
        key = module, dict(launch.environment)
        self._imported = self._imported or key
        if key != self._imported:
            return request
        return replace(request, module=module, arguments=arguments)

    def _connect(self, request: Request) -> Connection:
        if self._imported is None or not request.module or self._failed_servers:
            return super()._connect(request)
        environment = {**os.environ, **self._environment(self._imported[1])}
        del environment["PYTHONUNBUFFERED"]  # forks flush after each line
        return Connection(("-P",), (request.module,), environment)


def module_of(command: Sequence[str]) -> tuple[str, list[str]] | None:
    """Module and arguments of ``python -m module …`` (``-u`` before ``-m`` changes nothing here);
    None for any other command."""
    words = [word for word in command[:2] if word != "-u"] + list(command[2:])
    if len(words) < 3 or not is_python(words[0]) or words[1] != "-m":
        return None
    module, *arguments = words[2:]
    if not all(part.isidentifier() for part in module.split(".")):
        return None
    return module, arguments
