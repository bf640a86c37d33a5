"""Lists of objects that Kubernetes keeps up to date here: a list, then a watch from where the list
ended. A watch that ends is taken up; one that is too old (410) begins again with the list."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from queue import Empty, Queue
from types import TracebackType
from typing import Self

from katib_experiments.cluster.client import Cluster, Object, Refused, Stream, Unreachable
from katib_experiments.cluster.objects import Source
from katib_experiments.errors import AutomlError

_WATCH_SECONDS = 300  # then the server ends the watch, and it is taken up
_GONE = 410
PATIENCE = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Seconds between attempts while the API server does not answer; then it is an error."""


class Feed:
    """One list, by name, followed by a thread of its own; ``news`` is told of every change."""

    def __init__(self, cluster: Cluster, source: Source, news: Queue[AutomlError | None]) -> None:
        self._cluster, self._source, self._news = cluster, source, news
        self._objects: dict[str, Object] = {}
        self._stream: Stream | None = None
        self._closed = threading.Event()
        self._failures = 0
        """Since a watch last could be begun."""
        self._thread = threading.Thread(target=self._run, name=f"watch {source.path}", daemon=True)
        if self._list():
            self._thread.start()

    def objects(self) -> list[Object]:
        """As they are now."""
        return list(self._objects.values())

    def close(self) -> None:
        self._closed.set()
        if self._stream is not None:
            self._stream.close()
        if self._thread.ident is not None:
            self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                self._follow()
                self._closed.wait(PATIENCE[0])  # not at once, should all watches be cut off
            except AutomlError as error:
                if not _passing(error) or self._failures >= len(PATIENCE):
                    self._news.put(error)
                    return
                self._closed.wait(PATIENCE[self._failures])
                self._failures += 1

    def _list(self) -> bool:
        """Whether there is something to watch: not where it may not even be read."""
        answer = self._source.read(self._cluster)
        self._objects = {item["metadata"]["name"]: item for item in answer["items"]}
        self._version = str(answer["metadata"].get("resourceVersion") or "")
        self._news.put(None)
        return bool(self._version)

    def _follow(self) -> None:
        """One watch, to its end."""
        options: dict[str, str | int | bool] = {
            "watch": True,
            "resourceVersion": self._version,
            "allowWatchBookmarks": True,
            "timeoutSeconds": _WATCH_SECONDS,
        }
        try:
            self._stream = self._cluster.lines(
                self._source.path, {**self._source.selector, **options}
            )
            self._failures = 0
            if self._closed.is_set():
                self._stream.close()
            for line in self._stream:
                self._take(line)
        except Refused as error:
            if error.status != _GONE:
                raise
            self._list()

    def _take(self, line: str) -> None:
        try:
            event = json.loads(line)
        except ValueError:
            raise Unreachable("the connection was lost within a line") from None
        kind, item = event["type"], event["object"]
        if kind == "ERROR":
            message = item.get("message") or "the watch ended"
            raise Refused(int(item.get("code") or 0), item.get("reason") or "", message)
        self._version = str(item["metadata"]["resourceVersion"])
        if kind == "BOOKMARK":
            return
        name = item["metadata"]["name"]
        if kind == "DELETED":
            self._objects = {key: each for key, each in self._objects.items() if key != name}
        else:
            self._objects = {**self._objects, name: item}
        self._news.put(None)


def _passing(error: AutomlError) -> bool:
    """Whether it may answer again: no answer, too many requests, or a fault of its own."""
    if isinstance(error, Refused):
        return error.status == 429 or error.status >= 500
    return isinstance(error, Unreachable)


class Feeds:
    """Several lists at once; a context manager that ends their watches.

    ``sources`` are the lists, by a name.
    """

    def __init__(self, cluster: Cluster, sources: Mapping[str, Source]) -> None:
        self._cluster, self._sources = cluster, sources
        self._news: Queue[AutomlError | None] = Queue()
        self._feeds: dict[str, Feed] = {}

    def __enter__(self) -> Self:
        try:
            for name, source in self._sources.items():
                self._feeds[name] = Feed(self._cluster, source, self._news)
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        self._close()

    def _close(self) -> None:
        for feed in self._feeds.values():
            feed.close()

    def changes(self, timeout: float | None = None) -> Iterator[None]:
        """At first and after each change, several at a time; ends once none came for ``timeout``
        seconds. Raises the error that a watch ended with."""
        while self.changed(timeout):
            yield

    def changed(self, timeout: float | None = None) -> bool:
        """Wait for the next one of these; False once none came for ``timeout`` seconds."""
        try:
            news = [self._news.get(timeout=timeout)]
        except Empty:
            return False
        while not self._news.empty():
            news.append(self._news.get())
        for error in news:
            if error is not None:
                raise error
        return True

    def objects(self) -> dict[str, list[Object]]:
        """Every list as it is now."""
        return {name: feed.objects() for name, feed in self._feeds.items()}
