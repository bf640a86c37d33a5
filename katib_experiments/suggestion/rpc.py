"""Functions from message to message as gRPC services, and their errors as status codes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from katib_experiments.errors import DocumentError
from katib_experiments.suggestion.stubs import Message

_LOG = logging.getLogger(__name__)


class NotYet(Exception):
    """There is no answer now, but there will be one to the same question later."""


class Refused(Exception):
    """The cluster does not let it be done."""


_CODES: Mapping[type[Exception], grpc.StatusCode] = {
    DecodeError: grpc.StatusCode.INVALID_ARGUMENT,
    DocumentError: grpc.StatusCode.INVALID_ARGUMENT,
    NotYet: grpc.StatusCode.UNAVAILABLE,
    Refused: grpc.StatusCode.FAILED_PRECONDITION,
}
_LONGEST_DETAILS = 4000
"""Bytes. They travel as a header, of which a client takes 8 KiB in all."""

Method = Callable[[Message], Message]


def handler(service: str, methods: Mapping[str, tuple[Any, Method]]) -> grpc.GenericRpcHandler:
    """``service`` with its ``methods``: each one's name, class of request, and function."""
    return grpc.method_handlers_generic_handler(
        service,
        {name: grpc.unary_unary_rpc_method_handler(_wire(*each)) for name, each in methods.items()},
    )


def _wire(request_class: Any, method: Method) -> Callable[[bytes, grpc.ServicerContext], bytes]:  # noqa: ANN401 - a generated class
    """``method`` from bytes to bytes, its errors turned into the codes that Katib looks at."""

    def answer(raw: bytes, context: grpc.ServicerContext) -> bytes:
        try:
            reply: bytes = method(request_class.FromString(raw)).SerializeToString()
        except tuple(_CODES) as error:
            code = next(code for kind, code in _CODES.items() if isinstance(error, kind))
            _LOG.warning("%s: %s", code.name, error)
            context.abort(code, _details(error))
        return reply

    return answer


def _details(error: Exception) -> str:
    text = str(error).encode()
    if len(text) <= _LONGEST_DETAILS:
        return text.decode()
    return text[:_LONGEST_DETAILS].decode(errors="ignore") + "…"
