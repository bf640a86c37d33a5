"""Where the checks write down what they find."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from katib_experiments.errors import Problem
from katib_experiments.experiment.document import Document
from katib_experiments.experiment.syntax import join

REQUIRED = "must be specified"


class Findings:
    """The problems of one document, in the order in which they were found.

    What a value of the wrong type would lead to is not worth a line of its own: after
    :meth:`wrong_type` no error at that path or below it is added any more.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = list(document.problems)
        self._wrong: set[str] = set()

    def error(self, path: str, received: object, rule: str) -> None:
        self._add(Problem(path, received, rule, "error"))

    def warning(self, path: str, received: object, rule: str) -> None:
        self._add(Problem(path, received, rule, "warning"))

    def wrong_type(self, path: str, received: object, rule: str) -> None:
        self.error(path, received, rule)
        self._wrong.add(path)

    def require(self, part: dict[str, Any], path: str, *keys: str) -> bool:
        """Whether all ``keys`` are there and not empty; an error for each that is not."""
        missing = [key for key in keys if part.get(key) in (None, "")]
        for key in missing:
            self.error(join(path, key), None, REQUIRED)
        return not missing

    def choice(self, path: str, value: str, choices: Iterable[str], rule: str = "") -> bool:
        """Whether ``value`` is one of ``choices``; an error with the nearest where it is not."""
        allowed = list(choices)
        if value in allowed:
            return True
        rule = rule or f"must be one of {', '.join(allowed)}"
        self.error(path, value, rule + did_you_mean(value, allowed))
        return False

    def failed(self, path: str) -> bool:
        """Whether an error has been found at ``path`` or below it."""
        return any(p.severity == "error" and _inside(p.path, path) for p in self.problems)

    def _add(self, problem: Problem) -> None:
        if any(_inside(problem.path, wrong) for wrong in self._wrong):
            return
        document = self.document
        placed = replace(problem, file=document.file, line=document.line(problem.path))
        if placed not in self.problems:
            self.problems.append(placed)


def _inside(path: str, parent: str) -> bool:
    return path == parent or path.startswith((f"{parent}.", f"{parent}["))


def closest(word: str, words: Iterable[str]) -> str | None:
    """The one of ``words`` that ``word`` is most likely a slip of, upper and lower case aside."""
    names = {each.lower(): each for each in words}
    near = difflib.get_close_matches(word.lower(), names, n=1, cutoff=0.6)
    return names[near[0]] if near else None


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """``; did you mean …?``, or nothing."""
    near = closest(word, words)
    return f'; did you mean "{near}"?' if near else ""
