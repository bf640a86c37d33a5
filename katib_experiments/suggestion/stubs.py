"""The messages of Katib's gRPC API.

They come from the ``kubeflow-katib`` package, of which only the generated module is loaded:
importing the package brings in a Kubernetes client, for more memory than Katib gives a suggestion
service.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

Message = Any
"""An instance of a generated class, which has no types of its own."""

PACKAGE = "api.v1.beta1"
_FIELD = descriptor_pb2.FieldDescriptorProto
_ENVELOPES = {
    "SuggestionsRequest": (
        ("experiment", 1, _FIELD.TYPE_BYTES, _FIELD.LABEL_OPTIONAL),
        ("trials", 2, _FIELD.TYPE_BYTES, _FIELD.LABEL_REPEATED),
        ("current_request_number", 4, _FIELD.TYPE_INT32, _FIELD.LABEL_OPTIONAL),
        ("total_request_number", 5, _FIELD.TYPE_INT32, _FIELD.LABEL_OPTIONAL),
    ),
    "RulesRequest": (
        ("experiment", 1, _FIELD.TYPE_BYTES, _FIELD.LABEL_OPTIONAL),
        ("trials", 2, _FIELD.TYPE_BYTES, _FIELD.LABEL_REPEATED),
        ("db_manager_address", 3, _FIELD.TYPE_STRING, _FIELD.LABEL_OPTIONAL),
    ),
}
"""The two requests that carry every Trial, with Experiment and Trials left as bytes (on the wire a
message and its bytes are the same), so that only what is new need be decoded."""


def _generated() -> ModuleType:
    package = importlib.util.find_spec("kubeflow.katib")
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError("the suggestion service needs the package kubeflow-katib")
    path = Path(package.submodule_search_locations[0], "katib_api_pb2.py")
    spec = importlib.util.spec_from_file_location("katib_api_pb2", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _envelopes() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(
        name="katib_experiments/envelopes.proto", package="katib_experiments", syntax="proto3"
    )
    for name, fields in _ENVELOPES.items():
        message = file.message_type.add(name=name)
        for field, number, type_, label in fields:
            message.field.add(name=field, number=number, type=type_, label=label)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(
            pool.FindMessageTypeByName(f"katib_experiments.{name}")
        )
        for name in _ENVELOPES
    }


api: Any = _generated()
"""The generated messages and enums."""
_made = _envelopes()
SuggestionsRequest: Any = _made["SuggestionsRequest"]
RulesRequest: Any = _made["RulesRequest"]
