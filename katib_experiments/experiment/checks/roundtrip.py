"""What of a Job does not survive Katib's webhook, although Kubernetes takes it.

The webhook turns the trial template into a Job and back, and refuses what has not come back as it
was: nulls, empty values that Kubernetes' own types leave out when they are written, and quantities
that are written in another way than Kubernetes writes them.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction

from katib_experiments.experiment.checks.findings import Findings
from katib_experiments.experiment.checks.schema import schema
from katib_experiments.experiment.syntax import Data, join

_QUANTITY = re.compile(r"(\d+\.?\d*|\.\d+)([KMGTPE]i|[numkMGTPE]|)")
_DECIMAL = ("n", "u", "m", "", "k", "M", "G", "T", "P", "E")
_BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")

# Fields whose empty text or list is written all the same.
_KEPT = {"apiGroup", "localhostProfile", "managedBy", "nodeSelectorTerms", "rules", "runAsUserName"}
_KEPT |= {"runtimeClassName", "service", "sources", "storageClassName", "type"}
_KEPT |= {"volumeAttributesClassName"}
# Fields that are left out when they are false, or 0; the others are written.
_FALSE = {"chapAuthDiscovery", "chapAuthSession", "hostIPC", "hostNetwork", "hostPID", "readOnly"}
_FALSE |= {"sslEnabled", "stdin", "stdinOnce", "tty"}
_ZERO = {"failureThreshold", "hostPort", "initialDelaySeconds", "partition", "periodSeconds"}
_ZERO |= {"successThreshold", "timeoutSeconds"}
# Types whose texts and booleans are written whatever they are.
_WRITTEN = {"AzureDiskVolumeSource", "CSIVolumeSource"}


def check_roundtrip(findings: Findings, value: Data, path: str, type_: str = "Job") -> None:
    """An error for each field of ``value``, a ``type_`` of the schema, that does not come back."""
    if type_.startswith("[]") and isinstance(value, list):
        for i, each in enumerate(value):
            check_roundtrip(findings, each, join(path, i), type_[2:])
    fields = schema().get(type_, {})
    for name, each in value.items() if fields and isinstance(value, dict) else ():
        kind, child = fields.get(name, ""), join(path, name)
        if not (rule := _rule(type_, name, each, kind)):
            check_roundtrip(findings, each, child, kind.removesuffix("!"))
        elif not findings.failed(child):
            findings.error(child, each, rule)


def _rule(type_: str, name: str, value: Data, kind: str) -> str:
    if kind and _left_out(type_, name, value, kind):
        return "Katib refuses empty values in a template: leave the field out"
    if kind == "quantity" and value != (text := canonical(str(value))):
        return f'must be written as Kubernetes writes it: "{text}"'
    return ""


def _left_out(type_: str, name: str, value: Data, kind: str) -> bool:
    if value is None:
        return name not in ("apiGroup", "service")
    if type_ in _WRITTEN and not isinstance(value, dict):
        return False
    if value is False or value == 0:
        return name in (_FALSE if value is False else _ZERO)
    empty = value in ("", []) or (value == {} and kind.startswith("{}"))
    return empty and name not in _KEPT and not kind.endswith("!")


def amount(quantity: object) -> Fraction | None:
    """A quantity as a number; None where it is none, or written with an exponent."""
    if (read := _read(str(quantity))) is None:
        return None
    number, base, units, at = read
    return number * Fraction(base) ** (at - units.index(""))


def canonical(text: str) -> str:
    """A quantity in the largest unit of which it is a whole number: ``0.5Gi`` is ``512Mi``."""
    if (read := _read(text)) is None:
        return text
    number, base, units, at = read
    while at and number.denominator != 1:
        number, at = number * base, at - 1
    while number and number % base == 0 and at + 1 < len(units):
        number, at = number / base, at + 1
    return f"{math.ceil(number)}{units[at]}"


def _read(text: str) -> tuple[Fraction, int, tuple[str, ...], int] | None:
    """The number before the unit, the factor between units, all units of that kind, and which."""
    match = _QUANTITY.fullmatch(text)
    if match is None:
        return None
    base, units = (1024, _BINARY) if match[2].endswith("i") else (1000, _DECIMAL)
    return Fraction(match[1]), base, units, units.index(match[2])
