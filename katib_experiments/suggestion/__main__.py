"""``python -m katib_experiments.suggestion``: serve until SIGTERM, then finish what is at hand."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
from collections.abc import Sequence

from katib_experiments.suggestion.server import EARLY_STOPPING_PORT, SUGGESTION_PORT, Server

_GRACE = 25.0
"""Seconds; Kubernetes kills after 30."""
_EXAMPLES = """\
examples:
  serve both, as on a laptop:
    python -m katib_experiments.suggestion
  the container of an Experiment's searches, in Katib's configuration:
    python -m katib_experiments.suggestion --early-stopping-port 0
  the container of its early stopping, which shares the other one's network:
    python -m katib_experiments.suggestion --port 0
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m katib_experiments.suggestion",
        description="Serve the searches and early stopping to Katib, over its gRPC API v1beta1.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for option, default, service in (
        ("--port", SUGGESTION_PORT, "Suggestion"),
        ("--early-stopping-port", EARLY_STOPPING_PORT, "EarlyStopping"),
    ):
        text = f"where Katib asks for {service} (default {default}); 0: not at all"
        parser.add_argument(option, type=int, default=default, metavar="PORT", help=text)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    parser = _parser()
    options = parser.parse_args(argv)
    ports = [port for port in (options.port, options.early_stopping_port) if port]
    if not ports:
        parser.error("--port and --early-stopping-port are both 0: nothing is left to serve")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    with Server() as server:
        try:
            for port in ports:
                server.bind(port)
        except OSError as error:
            parser.exit(1, f"{parser.prog}: {error}\n")
        server.start()
        logging.info("serving on %s", " and ".join(map(str, ports)))
        stopped.wait()
        logging.info("stopping: no new request, %.0f s for those at hand", _GRACE)
        server.stop(_GRACE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
