"""A Kubernetes API in this process: it keeps objects, answers watches, and runs nothing. A test
plays Katib by putting objects."""

from __future__ import annotations

import copy
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml
from kubernetes import client

from katib_experiments.cluster.client import Cluster

Object = dict[str, Any]
Refusal = Callable[[str, str, Object], tuple[int, str] | None]
"""Method, path and body to a status and a message, or None to let it pass."""


@dataclass
class Change:
    version: int
    kind: str
    collection: str
    object: Object


@dataclass
class FakeKubernetes:
    """Objects by the path of their collection, then by name. Use :func:`fake_kubernetes`."""

    collections: dict[str, dict[str, Object]] = field(default_factory=dict)
    answers: dict[str, Object | str] = field(default_factory=dict)
    """What is at other paths: /version, or a pod's log as text."""
    refuse: Refusal = lambda *_: None
    invalid: dict[str, dict[str, str]] = field(default_factory=dict)
    """Paths whose POST is refused, with what is wrong by the field."""
    posts: dict[str, Callable[[Object], Object]] = field(default_factory=dict)
    """Paths whose POST asks something and creates nothing."""
    after: dict[str, Callable[[], None]] = field(default_factory=dict)
    """What happens once a POST created, or a DELETE removed, something: a controller's part."""
    requests: list[tuple[str, str, Object]] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    moved: threading.Condition = field(default_factory=threading.Condition)
    forbidden: set[str] = field(default_factory=set)
    """For whoever reviews access."""
    address: str = ""
    forgotten: int = 0
    """Watches from before this version are too old."""
    cuts: int = 0
    within: bool = False

    @property
    def version(self) -> int:
        return self.changes[-1].version if self.changes else 1

    def under(self, path: str) -> list[dict[str, Object]]:
        """The collection at ``path``, or those of all namespaces where it names none."""
        group, _, kind = path.rpartition("/")
        everywhere = re.compile(f"{re.escape(group)}/namespaces/[^/]+/{re.escape(kind)}")
        found = self.collections
        return [found[each] for each in found if each == path or everywhere.fullmatch(each)]

    def put(self, collection: str, item: Object) -> Object:
        """Create or replace an object; each is a second younger than the one before."""
        with self.moved:
            item = copy.deepcopy(item)
            known = self.collections.setdefault(collection, {})
            old = known.get(item["metadata"]["name"])
            version = self.version + 1
            stamp = f"2026-01-01T{version // 3600:02}:{version // 60 % 60:02}:{version % 60:02}Z"
            made = old["metadata"]["creationTimestamp"] if old else stamp
            item["metadata"] = {"creationTimestamp": made} | item["metadata"]
            item["metadata"]["resourceVersion"] = str(version)
            known[item["metadata"]["name"]] = item
            kind = "MODIFIED" if old else "ADDED"
            self.changes.append(Change(version, kind, collection, item))
            self.moved.notify_all()
            return item

    def remove(self, collection: str, name: str) -> None:
        with self.moved:
            item = copy.deepcopy(self.collections[collection].pop(name))
            version = self.version + 1
            item["metadata"]["resourceVersion"] = str(version)
            self.changes.append(Change(version, "DELETED", collection, item))
            self.moved.notify_all()

    def cut(self, *, forget: bool = False, within: bool = False) -> None:
        """End every watch; with ``forget`` it cannot be taken up where it ended, with ``within``
        its connection ends in the midst of a line."""
        with self.moved:
            self.cuts += 1
            self.within = within
            if forget:
                self.forgotten = self.version + 1
                self.changes.append(Change(self.version + 1, "BOOKMARK", "", {}))
            self.moved.notify_all()


def selects(item: Object, query: dict[str, str]) -> bool:
    """Whether the object fits the label and field selectors."""
    labels = item["metadata"].get("labels") or {}
    for term in filter(None, query.get("labelSelector", "").split(",")):
        key, _, value = term.partition("=")
        if key not in labels or (value and labels[key] != value):
            return False
    for term in filter(None, query.get("fieldSelector", "").split(",")):
        path, _, value = term.partition("=")
        found: Any = item
        for key in path.split("."):
            found = found.get(key, {})
        if found != value:
            return False
    return True


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    fake: FakeKubernetes

    def do_GET(self) -> None:
        path, query = self._asked()
        if path in self.fake.answers:
            self._send(200, self.fake.answers[path])
        elif "watch" in query:
            self._watch(path, query)
        elif collections := self.fake.under(path):
            with self.fake.moved:  # items and version of one moment
                items = [i for each in collections for i in each.values() if selects(i, query)]
                metadata = {"resourceVersion": str(self.fake.version)}
            self._send(200, {"metadata": metadata, "items": items})
        else:
            self._object(path, lambda _collection, _name, item: item)

    def do_POST(self) -> None:
        path, query = self._asked()
        body = self.body
        if path in self.fake.invalid:
            causes = [{"field": k, "message": v} for k, v in self.fake.invalid[path].items()]
            self._send(422, {"message": "is invalid", "details": {"causes": causes}})
        elif path in self.fake.posts:
            self._send(201, self.fake.posts[path](body))
        elif body["metadata"]["name"] in self.fake.collections.get(path, {}):
            self._fail(409, "AlreadyExists", f"{body['metadata']['name']} already exists")
        elif "dryRun" in query:
            self._send(201, body)
        else:
            made = self.fake.put(path, body)
            self.fake.after.get("POST", lambda: None)()
            self._send(201, made)

    def do_PATCH(self) -> None:
        path, _ = self._asked()
        self._object(
            path,
            lambda collection, _name, item: self.fake.put(collection, _merged(item, self.body)),
        )

    def do_DELETE(self) -> None:
        path, _ = self._asked()

        def remove(collection: str, name: str, item: Object) -> Object:
            self.fake.remove(collection, name)
            self.fake.after.get("DELETE", lambda: None)()
            return item

        self._object(path, remove)

    def _asked(self) -> tuple[str, dict[str, str]]:
        parts = urlsplit(self.path)
        return parts.path, dict(parse_qsl(parts.query))

    def _object(self, path: str, act: Callable[[str, str, Object], Object]) -> None:
        collection, _, name = path.rpartition("/")
        if collection not in self.fake.collections and not re.search(r"/namespaces", collection):
            self._send(404, "404 page not found")
        elif name not in self.fake.collections.get(collection, {}):
            self._fail(404, "NotFound", f'"{name}" not found', name)
        else:
            self._send(200, act(collection, name, self.fake.collections[collection][name]))

    def _watch(self, path: str, query: dict[str, str]) -> None:
        fake, seen = self.fake, int(query["resourceVersion"])
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if seen < fake.forgotten:
            status = {"code": 410, "reason": "Expired", "message": "too old resource version"}
            self._chunk(json.dumps({"type": "ERROR", "object": status}).encode() + b"\n")
            self._chunk(b"")
            return
        cuts = fake.cuts
        while fake.cuts == cuts:
            with fake.moved:
                news = [c for c in fake.changes if c.version > seen]
                if not news:
                    fake.moved.wait(1)
                    continue
            for change in news:
                seen = change.version
                if change.collection == path and selects(change.object, query):
                    event = {"type": change.kind, "object": change.object}
                    self._chunk(json.dumps(event).encode() + b"\n")
        self._chunk(b'{"type": "MODI' if fake.within else b"")
        self.close_connection = fake.within

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def _fail(self, code: int, reason: str, message: str, name: str = "") -> None:
        status = {"kind": "Status", "message": message, "reason": reason, "details": {"name": name}}
        self._send(code, status)

    def _send(self, code: int, answer: Object | str) -> None:
        data = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def parse_request(self) -> bool:
        """Every request is written down, and perhaps refused."""
        if not super().parse_request():
            return False
        length = int(self.headers.get("Content-Length") or 0)
        self.body = json.loads(self.rfile.read(length)) if length else {}
        path = urlsplit(self.path).path
        self.fake.requests.append((self.command, path, self.body))
        refusal = self.fake.refuse(self.command, path, self.body)
        if refusal:
            self._fail(refusal[0], "Refused", refusal[1])
        return refusal is None

    def log_message(self, *_: object) -> None:
        pass


def _merged(old: Object, patch: Object) -> Object:
    """RFC 7386."""
    merged = copy.deepcopy(old)
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            inner = merged.get(key)
            both = isinstance(value, dict) and isinstance(inner, dict)
            merged[key] = _merged(inner, value) if both else value
    return merged


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that closes its watch is no error."""


@contextmanager
def fake_kubernetes() -> Iterator[tuple[FakeKubernetes, Cluster]]:
    """The API, and a client of it."""
    fake = FakeKubernetes()
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"fake": fake}))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    fake.address = f"http://127.0.0.1:{server.server_port}"
    settings = client.Configuration(host=fake.address)
    settings.retries = False
    api = client.ApiClient(settings)
    try:
        yield fake, Cluster(api, "default")
    finally:
        fake.cut()
        api.rest_client.pool_manager.clear()
        server.shutdown()
        server.server_close()


def use_kubeconfig(
    folder: Path, monkeypatch: pytest.MonkeyPatch, server: str, namespace: str = "default"
) -> None:
    """Write a kubeconfig that leads there, and let KUBECONFIG name it."""
    context = {"cluster": "c", "user": "u", "namespace": namespace}
    path = folder / "config"
    path.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "here",
                "contexts": [{"name": "here", "context": context}],
                "clusters": [{"name": "c", "cluster": {"server": server}}],
                "users": [{"name": "u", "user": {}}],
            }
        )
    )
    monkeypatch.setenv("KUBECONFIG", str(path))
