"""The standard health service, ``grpc.health.v1.Health``, which Katib's probes ask.

Its two messages have the fields of two of protobuf's own (a string, and a number, with number 1),
so that those are read and written in their place.
"""

from __future__ import annotations

import grpc
from google.protobuf.wrappers_pb2 import Int32Value, StringValue

NAMES = frozenset(
    {
        "",
        "manager.v1beta1.Suggestion",  # under which Katib asks, whatever the service's real name
        "api.v1.beta1.Suggestion",
        "api.v1.beta1.EarlyStopping",
    }
)
SERVING, NOT_SERVING = 1, 2


class HealthService:
    def __init__(self) -> None:
        self.draining = False

    def handler(self) -> grpc.GenericRpcHandler:
        check = grpc.unary_unary_rpc_method_handler(
            self._check,
            request_deserializer=StringValue.FromString,
            response_serializer=Int32Value.SerializeToString,
        )
        return grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": check})

    def _check(self, request: StringValue, context: grpc.ServicerContext) -> Int32Value:
        if request.value not in NAMES:
            context.abort(grpc.StatusCode.NOT_FOUND, f"unknown service {request.value}")
        return Int32Value(value=NOT_SERVING if self.draining else SERVING)
