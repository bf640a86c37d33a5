"""The user's own: functions named by a text, and files named by a relative path."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any


class OwnCodeError(Exception):
    """There is no such function; the text is meant for the user."""


def own_function(flag: str, reference: str) -> Callable[..., Any]:
    """The function that ``package.module:function`` or ``path/to/file.py:function`` names.

    ``flag`` is what the reference came with, for the message of :class:`OwnCodeError`. What the
    module itself raises while it is imported comes through.
    """
    place, _, name = reference.rpartition(":")
    module = _file(flag, place) if place.endswith(".py") else _module(flag, place)
    function = getattr(module, name, None)
    if not callable(function):
        raise OwnCodeError(f'{flag}: received "{reference}": {place} has no function "{name}"')
    return function  # type: ignore[no-any-return]


def found(path: str) -> Path:
    """``path`` as it is or, where it is relative and not there, in a folder of ``sys.path``: a
    Trial may run in a folder of its own, with its user's folder in PYTHONPATH."""
    places = (Path(folder, path) for folder in ("", *sys.path))
    return next((place for place in places if place.exists()), Path(path))


def _module(flag: str, name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise  # it is there, and imports what is not
        raise OwnCodeError(
            f'{flag}: there is no module "{name}": its folder must be in PYTHONPATH'
        ) from None


def _file(flag: str, path: str) -> ModuleType:
    file = found(path)
    if not file.is_file():
        raise OwnCodeError(f'{flag}: there is no file "{path}"')
    name = f"own_{file.stem}"  # a file may well be called json.py
    if name in sys.modules and sys.modules[name].__file__ == str(file):
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # so that what it defines can be found again by name
    spec.loader.exec_module(module)
    return module
