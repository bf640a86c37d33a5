"""YAML and JSON as ``kubectl`` reads and writes them, with the line of every field.

PyYAML parses the text into nodes; what a plain scalar means is decided here, because PyYAML follows
another reading of YAML 1.1 than the YAML library of Kubernetes: ``1e-3`` is a number, ``1:30`` and
dates are strings, and ``y`` and ``n`` are booleans, keys are always strings.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import yaml

from katib_experiments.errors import DocumentError, Problem

Data = Any
"""What a document holds: mappings, lists, strings, numbers, booleans and null."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_WORDS: Mapping[str, bool | float | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE"), True),
    **dict.fromkeys(("on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE"), False),
    **dict.fromkeys(("off", "Off", "OFF"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_INTEGER = re.compile(r"[-+]?(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|[1-9][0-9]*|0)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_MERGE = "tag:yaml.org,2002:merge"
_STRING = "tag:yaml.org,2002:str"
_PLAIN_KEY = re.compile(r"[\w-]+")
_MOST_NODES = 50_000
_DEEPEST = 100


def join(path: str, key: str | int) -> str:
    """The path of a child: ``a.b``, ``a[0]``, and ``a[b.c/d]`` where the key is no plain word."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    if not _PLAIN_KEY.fullmatch(key):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else key


def scalar(text: str) -> bool | int | float | str | None:
    """What a plain (unquoted) scalar means to Kubernetes."""
    if text in _WORDS:
        return _WORDS[text]
    digits = text.replace("_", "") if text[0] in "+-.0123456789" else text
    if _INTEGER.fullmatch(digits) and len(digits) < 300:
        if re.fullmatch(r"[-+]?0[0-7]+", digits):
            return int(digits, 8)
        return int(digits, 0)
    return float(digits) if _FLOAT.fullmatch(digits) else text


@dataclass
class Parsed:
    """One document of a text: its data, the line of every path, and what reading it found."""

    data: Data
    lines: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def parse(text: str, file: str = "") -> list[Parsed]:
    """All documents of ``text`` but the empty ones; DocumentError where it cannot be read."""
    try:
        _refuse_depth(text, file)
        nodes = list(yaml.compose_all(text, Loader=_LOADER))
        documents = [parsed for node in nodes for parsed in _documents(_Reader(file), node)]
        return [parsed for parsed in documents if parsed.data is not None]
    except yaml.YAMLError as error:
        if text.lstrip().startswith("{"):
            return [Parsed(data) for data in _json_stream(text, file, error)]
        raise _unreadable(error, file) from None


def _refuse_depth(text: str, file: str) -> None:
    """The C composer recurses without a limit of its own and would take the process with it."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEEPEST:
            line = event.start_mark.line + 1 if event.start_mark else 0
            raise DocumentError([_problem("is nested too deeply", file, line)])


def _documents(reader: _Reader, node: yaml.Node) -> Iterator[Parsed]:
    """The node's document; those of its items for a ``kind: List``, as ``kubectl get`` writes."""
    parsed = Parsed(None)
    parsed.data = reader.read(node, "", parsed, ())
    items = parsed.data.get("items") if isinstance(parsed.data, dict) else None
    if not isinstance(items, list) or parsed.data.get("kind") != "List":
        yield parsed
        return
    for i, item in enumerate(items):
        prefix = f"items[{i}]"
        lines = {
            path.removeprefix(prefix).removeprefix("."): line
            for path, line in parsed.lines.items()
            if path.startswith(prefix)
        }
        yield Parsed(item, lines, parsed.problems if i == 0 else [])


def _json_stream(text: str, file: str, error: yaml.YAMLError) -> Iterator[Any]:
    """JSON that is no YAML: objects one after another, or characters that YAML forbids."""
    decoder, position = json.JSONDecoder(object_pairs_hook=partial(_unique, file)), 0
    while text[position:].strip():
        position += len(text[position:]) - len(text[position:].lstrip())
        try:
            data, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            raise _unreadable(error, file) from None
        yield data


def _unique(file: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    for key in keys:
        if keys.count(key) > 1:
            raise DocumentError([_problem(f'key "{key}" is given twice', file, 1)])
    return dict(pairs)


class _Reader:
    """Nodes to data. Refuses what grows without end: an alias inside itself, aliases of aliases."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.count = 0

    def read(self, node: yaml.Node, path: str, into: Parsed, above: tuple[int, ...]) -> Data:
        self.count += 1
        line = node.start_mark.line + 1
        if id(node) in above or self.count > _MOST_NODES:
            raise DocumentError(
                [_problem("has too many values, or aliases without end", self.file, line)]
            )
        into.lines.setdefault(path, line)
        above = (*above, id(node))
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(n, join(path, i), into, above) for i, n in enumerate(node.value)]
        return self._mapping(node, path, into, above)

    def _mapping(
        self, node: yaml.Node, path: str, into: Parsed, above: tuple[int, ...]
    ) -> dict[str, Any]:
        data: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if key_node.tag == _MERGE:
                merged |= self._merged(value_node, path, into, above)
                continue
            key = self._key(key_node)
            child = join(path, key)
            if key in data:
                rule = f'key "{key}" is given twice; the first is in line {into.lines[child]}'
                into.problems.append(Problem(child, None, rule, file=self.file, line=line))
            else:
                into.lines[child] = line
            data[key] = self.read(value_node, child, into, above)
        return merged | data

    def _merged(
        self, node: yaml.Node, path: str, into: Parsed, above: tuple[int, ...]
    ) -> dict[str, Any]:
        sources = node.value[::-1] if isinstance(node, yaml.SequenceNode) else [node]
        merged: dict[str, Any] = {}
        for source in sources:
            value = self.read(source, path, into, above)
            if not isinstance(value, dict):
                line = source.start_mark.line + 1
                raise DocumentError([_problem("<< must name a mapping", self.file, line)])
            merged |= value
        return merged

    def _key(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            line = node.start_mark.line + 1
            raise DocumentError([_problem("a key must be a string", self.file, line)])
        key = self._scalar(node)
        return key if isinstance(key, str) else json.dumps(key)

    def _scalar(self, node: yaml.ScalarNode) -> bool | int | float | str | None:
        """PyYAML's tag is asked for one thing only: whether a plain scalar bears ``!!str``."""
        quoted = node.style in ("'", '"', "|", ">")
        if quoted or (node.tag == _STRING and _pyyaml_resolves(node.value) != _STRING):
            return str(node.value)
        return scalar(node.value)


def _pyyaml_resolves(text: str) -> str:
    """The tag that PyYAML gives a plain scalar; another one was written out (``!!str 1``)."""
    for tag, pattern in yaml.SafeLoader.yaml_implicit_resolvers.get(text[:1], ()):
        if pattern.match(text):
            return str(tag)
    return _STRING


def _problem(rule: str, file: str, line: int) -> Problem:
    return Problem("YAML", None, rule, file=file, line=line)


def _unreadable(error: yaml.YAMLError, file: str) -> DocumentError:
    mark = getattr(error, "problem_mark", None)
    rule = getattr(error, "problem", None) or str(error).splitlines()[0]
    context = getattr(error, "context", None)
    text = f"{context}, {rule}" if context else rule
    return DocumentError([_problem(f"cannot be read: {text}", file, mark.line + 1 if mark else 1)])


class _Dumper(_DUMPER):  # type: ignore[misc, valid-type]
    """Writes strings so that both PyYAML and Kubernetes read them back as strings."""

    def ignore_aliases(self, _: object) -> bool:
        return True


def _represent_string(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = "'" if scalar(text) is not text else "|" if "\n" in text else None
    return dumper.represent_scalar(_STRING, str(text), style=style)


_Dumper.add_multi_representer(str, _represent_string)
_Dumper.add_representer(str, _represent_string)


def dump(data: Data, fmt: Literal["yaml", "json"] = "yaml") -> str:
    """``data`` as text that reads back as the same data."""
    if fmt == "json":
        return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
    return str(yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=2**20))
