"""Write ``experiment/schema.json`` anew: every field of an Experiment and of a Job.

    python -m tests.experiment.generate_schema

Katib's types and those of a pod come from ``kubeflow_katib_api`` (the newer of the two sources),
the Job's own from the ``kubernetes`` client. Both take seconds to import, hence the small file. It
maps ``type -> field -> type``, where a type is a name of this file, ``string``, ``integer``,
``number``, ``boolean``, ``int-or-string``, ``quantity`` or ``any``, with ``[]`` before it for a
list, ``{}`` for a map with any keys, and ``!`` after it where the API refuses a missing field.
"""

from __future__ import annotations

import datetime
import json
import types
import typing
from pathlib import Path
from typing import Any

from kubeflow_katib_api import models as katib
from kubernetes.client import models as kubernetes

PATH = Path(__file__).parents[2] / "katib_experiments" / "experiment" / "schema.json"

_SCALARS = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    Any: "any",
    object: "any",
    datetime.datetime: "string",
}
_SPECIAL = {
    "IoK8sApimachineryPkgApiResourceQuantity": "quantity",
    "IoK8sApimachineryPkgUtilIntstrIntOrString": "int-or-string",
}
_PREFIXES = ("IoK8sApiCoreV1", "IoK8sApimachineryPkgApisMetaV1", "V1beta1")


def schema() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    _pydantic(katib.V1beta1Experiment, found)
    _pydantic(katib.IoK8sApiCoreV1PodSpec, found)
    _kubernetes("V1Job", found)
    return {name: dict(sorted(fields.items())) for name, fields in sorted(found.items())}


def text() -> str:
    return json.dumps(schema(), indent=0, separators=(",", ":")) + "\n"


def _name(of: type) -> str:
    for prefix in _PREFIXES:
        if of.__name__.startswith(prefix):
            return of.__name__.removeprefix(prefix)
    raise ValueError(f"no prefix known of {of}")


def _pydantic(model: Any, found: dict[str, dict[str, str]]) -> str:
    if model.__name__ in _SPECIAL:
        return _SPECIAL[model.__name__]
    name = _name(model)
    if name not in found:
        fields = found[name] = {}
        for field, info in model.model_fields.items():
            required = "!" if info.is_required() else ""
            fields[info.alias or field] = _annotation(info.annotation, found) + required
    return name


def _annotation(annotation: Any, found: dict[str, dict[str, str]]) -> str:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _annotation(arguments[0], found)
    if origin in (typing.Union, types.UnionType):
        kinds = {_annotation(a, found) for a in arguments if a is not type(None)}
        return "number" if kinds == {"number", "integer"} else kinds.pop()
    if origin is list:
        return "[]" + _annotation(arguments[0], found)
    if origin is dict:
        return "{}" + _annotation(arguments[1], found)
    return _SCALARS.get(annotation) or _pydantic(annotation, found)


def _kubernetes(model: str, found: dict[str, dict[str, str]]) -> str:
    """A type of the ``kubernetes`` client, whose attribute maps say no more than names."""
    name = model.removeprefix("V1")
    if name not in found:
        found[name] = {}
        of = getattr(kubernetes, model)
        for attribute, field in of.attribute_map.items():
            found[name][field] = _openapi(of.openapi_types[attribute], found)
    return name


def _openapi(kind: str, found: dict[str, dict[str, str]]) -> str:
    if kind.startswith("list["):
        return "[]" + _openapi(kind[5:-1], found)
    if kind.startswith("dict("):
        return "{}" + _openapi(kind[5:-1].split(", ")[1], found)
    scalars = {"str": "string", "int": "integer", "bool": "boolean", "datetime": "string"}
    return scalars.get(kind) or _kubernetes(kind, found)


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
