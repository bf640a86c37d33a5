"""The primary container's command, which Katib rewrites to read what it prints.

``StdOut``, ``File`` and ``TensorFlowEvent`` join command and args with spaces, unquoted, into one
``sh -c`` script and add ``1>metrics.log 2>&1 && echo completed > …`` to its end. So a shell reads
every value once more, and where the script has an end of its own the addition goes astray.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Any

from katib_experiments.experiment.checks.findings import Findings
from katib_experiments.experiment.syntax import join
from katib_experiments.experiment.template import PLACEHOLDER

WRAPPED = ("StdOut", "File", "TensorFlowEvent")
_SHELLS = ("sh", "bash")
_OTHER_SHELLS = re.compile(r"(.*/)?(sh|bash|dash|ash|zsh|ksh)")
_VARIABLE = re.compile(r"\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)")
_EXPANDS = re.compile(r"\$[A-Za-z0-9_{(@*#?$!-]")
_QUOTED = re.compile(r"\\.|'[^']*'|\"(?:\\.|[^\"\\])*\"", re.DOTALL)
_COMPOUND = re.compile(r"\s*([{(]|(if|for|while|until|case)\b)")
_JOINED = "Katib joins command and args into a script for sh: "


def check_command(
    findings: Findings,
    container: dict[str, Any],
    path: str,
    choices: Mapping[str, Mapping[str, str]],
) -> None:
    """``choices``: placeholder -> path -> value, of the list that a placeholder draws from."""
    command, args = container.get("command") or [], container.get("args") or []
    if not command:
        rule = (
            "must be specified: without it Katib asks the image's registry for its entrypoint, and "
            "refuses images that it cannot find there"
        )
        findings.error(join(path, "command"), None, rule)
        return
    words = [(join(join(path, "command"), i), word) for i, word in enumerate(command)]
    words += [(join(join(path, "args"), i), word) for i, word in enumerate(args)]
    texts = [word for _, word in words]
    if texts[0] in _SHELLS and texts[1:2] == ["-c"]:
        _script(findings, words[2:], join(path, "command"))
    elif _OTHER_SHELLS.fullmatch(texts[0]) and any(re.fullmatch("-[a-z]*c", t) for t in texts[1:3]):
        rule = f"{_JOINED}only the words sh -c or bash -c themselves are taken as a shell's"
        findings.error(words[0][0], texts[0], f"{rule}; write sh -c")
    else:
        known = {env.get("name") for env in container.get("env") or [] if isinstance(env, dict)}
        for word_path, word in words:
            _word(findings, word_path, word, known, choices)


def _script(findings: Findings, words: list[tuple[str, str]], command_path: str) -> None:
    if len(words) != 1:
        path, text = words[1] if words else (command_path, "sh -c")
        rule = f"{_JOINED}sh -c must be followed by one script and nothing else"
        findings.error(path, text, rule)
        return
    path, text = words[0]
    if text.endswith("\n"):
        rule = (
            "must not end with a new line: what Katib adds to the script's end then stands in a "
            "line of its own, and the metrics are lost; in YAML write |- instead of |"
        )
        findings.error(path, text, rule)
        return
    bare = _unquoted(text)
    if re.search(r"(^|\s)#.*$|[;&\\]\s*$", bare.rsplit("\n", 1)[-1]):
        findings.error(path, text, "what Katib adds to the script's end would not be run")
    elif re.search(r"[;&\n]|\|\|", bare) and not _COMPOUND.match(bare):
        rule = (
            "has several commands: Katib collects the output of the last one only; put them in "
            "{ …; } or in a program of their own"
        )
        findings.warning(path, text, rule)


def _word(
    findings: Findings,
    path: str,
    word: str,
    known: set[Any],
    choices: Mapping[str, Mapping[str, str]],
) -> None:
    """One element of command or args, and each value that a placeholder in it can take."""
    rule = shell_rule(PLACEHOLDER.sub("x", word), known)
    if rule:
        findings.error(path, word, f"{_JOINED}{rule}")
        return
    for match in PLACEHOLDER.finditer(word):
        before, after = word[: match.start()], word[match.end() :]
        for value_path, value in choices.get(match[1], {}).items():
            filled = PLACEHOLDER.sub("x", before) + value + PLACEHOLDER.sub("x", after)
            rule = shell_rule(filled, known)
            if rule and not findings.failed(value_path):
                findings.error(value_path, value, f"{_JOINED}{rule}")


def shell_rule(word: str, known: set[Any]) -> str:
    """What the shell would do to ``word`` that leaves it not one word; empty where nothing.

    ``$(NAME)`` of a ``known`` environment variable is Kubernetes' own, expanded before the shell.
    """
    word = _VARIABLE.sub(lambda match: "x" if match[1] in known else match[0], word)
    if "\n" in word:
        return "a new line ends the command"
    return _expansion_rule(word) or _splitting_rule(word)


def _expansion_rule(word: str) -> str:
    bare, quoted = _unquoted(word), _QUOTED.findall(word)
    double = "".join(re.sub(r"\\.", "", text) for text in quoted if text.startswith('"'))
    if _EXPANDS.search(bare) or _EXPANDS.search(double) or "`" in bare + double:
        return "the shell expands $ and ` there; put it into single quotes inside the string"
    if special := re.search(r"[;&|<>()]", bare):
        return f"the shell takes {special[0]} for its own; quote it inside the string"
    if bare.startswith("#"):
        return "the shell takes # and all that follows for a comment"
    if any(re.fullmatch(r"\\\w", text) for text in quoted):
        return "the shell takes the \\ away; put it into single quotes inside the string"
    return ""


def _splitting_rule(word: str) -> str:
    try:
        parts = shlex.split(word)
    except ValueError as error:
        return f"the shell finds {str(error).lower()}"
    if len(parts) == 1:
        return ""
    return f"the shell makes {len(parts)} words of it; quote it inside the string"


def _unquoted(text: str) -> str:
    """``text`` with a NUL for every quoted part and every escaped character."""
    return _QUOTED.sub("\0", text)
