"""A Kubeflow Model Registry in this process: the parts of its API (v1alpha3) that a registration
needs, as strict about fields and names as its OpenAPI document is."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Object = dict[str, Any]
ROOT = "/api/model_registry/v1alpha3/"
_RESOURCE = {"name", "description", "externalId", "customProperties", "state"}
FIELDS = {
    "registered_model": _RESOURCE | {"owner", "readme", "maturity", "tasks", "provider", "license"},
    "model_version": _RESOURCE | {"registeredModelId", "author"},
    "model_artifact": _RESOURCE
    | {"artifactType", "uri", "modelFormatName", "modelFormatVersion", "storageKey", "storagePath"}
    | {"serviceAccountName", "modelSourceKind", "modelSourceClass", "modelSourceGroup"}
    | {"modelSourceId", "modelSourceName"},
}
VALUES = {"MetadataDoubleValue": "double_value", "MetadataStringValue": "string_value"}


@dataclass
class FakeRegistry:
    """Use :func:`fake_registry`."""

    address: str = ""
    token: str = ""
    """What a request must bear, where it is not empty."""
    objects: list[Object] = field(default_factory=list)
    posts: int = 0
    lose: int = 0
    """So many answers to a POST are lost, though it was done."""

    def of(self, kind: str) -> list[Object]:
        return [each for each in self.objects if each["kind"] == kind]

    def create(self, kind: str, parent: str, body: Object) -> tuple[int, Object]:
        if unknown := body.keys() - FIELDS[kind]:
            return 400, _error(f'json: unknown field "{min(unknown)}"')
        if not body.get("name"):
            return 400, _error("name is required")
        for value in body.get("customProperties", {}).values():
            if value.keys() != {"metadataType", VALUES.get(value.get("metadataType"))}:
                return 400, _error("customProperties: no such value")
        known = [(each["kind"], each["parent"], each["name"]) for each in self.objects]
        if (kind, parent, body["name"]) in known:
            return 409, _error(f"{kind} with name {body['name']} already exists")
        made = {**body, "id": str(len(self.objects) + 1), "kind": kind, "parent": parent}
        self.objects.append(made)
        return 201, made


def _error(message: str) -> Object:
    return {"code": "", "message": message}


class _Handler(BaseHTTPRequestHandler):
    fake: FakeRegistry

    def parse_request(self) -> bool:
        """Who bears no token is told so, and nothing else is done."""
        known = super().parse_request()
        if known and self.fake.token:
            known = self.headers["Authorization"] == f"Bearer {self.fake.token}"
            if not known:
                self._answer(401, _error("who are you?"))
        return known

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        kind = parts.path.removeprefix(ROOT)
        found = [
            each
            for each in self.fake.of(kind)
            if (each["parent"], each["name"]) == (query.get("parentResourceId", ""), query["name"])
        ]
        self._answer(*((200, found[0]) if found else (404, _error(f"no {kind} found"))))

    def do_POST(self) -> None:
        self.fake.posts += 1
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        match urlsplit(self.path).path.removeprefix(ROOT).split("/"):
            case ["registered_models"]:
                answer = self.fake.create("registered_model", "", body)
            case ["model_versions"]:
                answer = self.fake.create("model_version", body["registeredModelId"], body)
            case ["model_versions", version, "artifacts"]:
                answer = self.fake.create("model_artifact", version, body)
            case _:
                answer = 404, _error("no such path")
        if self.fake.lose:
            self.fake.lose -= 1
            self.connection.close()
            return
        self._answer(*answer)

    def _answer(self, status: int, body: Object) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def fake_registry() -> Iterator[FakeRegistry]:
    fake = FakeRegistry()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"fake": fake}))
    fake.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
