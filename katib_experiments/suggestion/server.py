"""A gRPC server with both of Katib's services and the health service."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from types import TracebackType

import grpc

from katib_experiments.suggestion.early_stopping import EarlyStoppingService
from katib_experiments.suggestion.health import HealthService
from katib_experiments.suggestion.service import SuggestionService

SUGGESTION_PORT = 6789
EARLY_STOPPING_PORT = 6788
_THREADS = 4
"""One for the request at hand; the others keep probes and early stopping answered meanwhile."""
_OPTIONS = (
    ("grpc.max_receive_message_length", 256 * 2**20),  # 5,000 Trials are 1.2 MB, the default is 4
    ("grpc.so_reuseport", 0),  # else a taken port would be shared without a word
)


class Server:
    """Both services answer on every port that it is bound to::

        with Server() as server:
            port = server.bind(0)
            server.start()

    At the end of the block requests at hand are cut off; :meth:`stop` waits for them.
    """

    def __init__(self, early_stopping: EarlyStoppingService | None = None) -> None:
        self._health = HealthService()
        handlers = (
            SuggestionService().handler(),
            (early_stopping or EarlyStoppingService()).handler(),
            self._health.handler(),
        )
        self._server = grpc.server(ThreadPoolExecutor(_THREADS), handlers, options=_OPTIONS)

    def bind(self, port: int, host: str = "[::]") -> int:
        """Listen on ``port``, 0 for any that is free; the port. OSError where it is taken."""
        try:
            return int(self._server.add_insecure_port(f"{host}:{port}"))
        except RuntimeError:
            raise OSError(f"cannot listen on port {port}: is another process using it?") from None

    def start(self) -> None:
        self._server.start()

    def stop(self, grace: float) -> None:
        """Take no new request, and give those at hand ``grace`` seconds."""
        self._health.draining = True
        self._server.stop(grace).wait()

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop(0)
