"""A way to a server that can be cut."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socketserver import BaseRequestHandler, ThreadingTCPServer


class Proxy(ThreadingTCPServer):
    """Hands bytes on to ``target`` and back, by a port of its own. Use :func:`a_proxy`."""

    daemon_threads = True

    def __init__(self, target: tuple[str, int]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = target
        self.open: set[socket.socket] = set()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def cut(self) -> int:
        """End every connection in the midst of whatever it does; how many there were."""
        found, self.open = self.open, set()
        for each in found:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        return len(found)


class _Handler(BaseRequestHandler):
    server: Proxy

    def handle(self) -> None:
        with socket.create_connection(self.server.target) as upstream:
            self.server.open.add(self.request)
            back = threading.Thread(target=_copy, args=(upstream, self.request), daemon=True)
            back.start()
            _copy(self.request, upstream)
            back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


@contextmanager
def a_proxy(target: tuple[str, int]) -> Iterator[Proxy]:
    with Proxy(target) as proxy:
        threading.Thread(target=proxy.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield proxy
        finally:
            proxy.cut()
            proxy.shutdown()
