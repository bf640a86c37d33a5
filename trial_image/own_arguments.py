"""What a function of the user's own is called with."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from trial_image.own import own_function
from trial_image.rules import FUNCTION, rows
from trial_image.settings import Settings, SettingsError


def call_own(
    flag: str,
    function: Callable[..., Any],
    settings: Settings,
    **known: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Call ``function`` with those of its parameters that have a name of ours or of a flag:
    ``settings``, what is in ``known``, any setting, any of the flags that no row knows.

    Raises :class:`.SettingsError` where a parameter without a default stays empty.
    """
    values = {name: getattr(settings, name) for name in rows(Settings)}
    values |= dict(settings.hyperparameters) | {"settings": settings} | known
    parameters = inspect.signature(function).parameters.values()
    if missing := [
        row.name
        for row in parameters
        if row.kind in _NAMED and row.default is row.empty and row.name not in values
    ]:
        problems = (f"{flag}: its function needs --{name}, which is not given" for name in missing)
        raise SettingsError("\n".join(problems))
    if any(row.kind is row.VAR_KEYWORD for row in parameters):
        own = {name: values[name] for name in settings.hyperparameters}
    else:
        own = {}
    return function(
        **own | {row.name: values[row.name] for row in parameters if row.name in values}
    )


def check_hyperparameters(settings: Settings) -> None:
    """Raises :class:`.SettingsError` for flags that neither a row nor a function knows."""
    references = {"--model": settings.model, "--dataset": settings.dataset}
    functions = [
        own_function(flag, reference)
        for flag, reference in references.items()
        if FUNCTION.holds(reference)
    ]
    parameters = [row for each in functions for row in inspect.signature(each).parameters.values()]
    if any(row.kind is row.VAR_KEYWORD for row in parameters):
        return
    names = [row.name for row in parameters]
    if foreign := [name for name in settings.hyperparameters if name not in names]:
        taken = ", ".join(names) or "none"
        raise SettingsError(
            "\n".join(
                f"--{name}: no such flag, nor a parameter of your function, which has {taken}"
                for name in foreign
            )
        )


_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
