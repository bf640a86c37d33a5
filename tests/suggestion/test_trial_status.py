"""The mark on a stopped Trial, against an API server of this process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from katib_experiments.suggestion.rpc import NotYet, Refused
from katib_experiments.suggestion.trial_status import append_condition, mark_early_stopped

PATH = "/apis/kubeflow.org/v1beta1/namespaces/team/trials/t7"


class ApiServer(HTTPServer):
    """One Trial, a version that each change raises, and what was asked."""

    def __init__(self, *conditions: str, conflicts: int = 0, forbidden: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.conditions = [{"type": condition, "status": "True"} for condition in conditions]
        self.version = 1
        self.conflicts = conflicts
        self.forbidden = forbidden
        self.asked: list[str] = []

    def answer(self, verb: str, path: str, token: str, body: dict) -> tuple[int, dict]:
        self.asked.append(f"{verb} {path}")
        if self.forbidden or token != "Bearer secret":
            return 403, {"message": f"{verb} on trials is forbidden"}
        if verb == "GET":
            status = {"conditions": self.conditions} if self.conditions else {}
            return 200, {"metadata": {"resourceVersion": str(self.version)}, "status": status}
        if self.conflicts or body["metadata"]["resourceVersion"] != str(self.version):
            self.conflicts -= 1
            self.version += 1
            return 409, {"message": "the object has been modified"}
        self.conditions = body["status"]["conditions"]
        return 200, {}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ApiServer

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        token = self.headers["Authorization"]
        code, answer = self.server.answer(self.command, self.path, token, json.loads(body or b"{}"))
        text = json.dumps(answer).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_PATCH = do_GET  # noqa: N815 - http.server looks for this name

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def connected(server: ApiServer) -> Iterator[HTTPConnection]:
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    connection = HTTPConnection("127.0.0.1", server.server_port, timeout=30)
    yield connection
    connection.close()
    server.shutdown()
    thread.join()
    server.server_close()


def mark(server: ApiServer) -> None:
    with connected(server) as connection:
        append_condition(connection, "secret", "team", "t7")


def test_the_condition_comes_after_those_that_are_there():
    server = ApiServer("Created", "Running")
    mark(server)
    assert [each["type"] for each in server.conditions] == ["Created", "Running", "EarlyStopped"]
    assert server.conditions[-1]["status"] == "True"
    assert server.conditions[-1]["reason"] == "TrialEarlyStopped"
    assert server.asked == [f"GET {PATH}", f"PATCH {PATH}/status"]


def test_a_trial_without_a_status_is_marked_too():
    server = ApiServer()
    mark(server)
    assert [each["type"] for each in server.conditions] == ["EarlyStopped"]


def test_a_trial_that_is_marked_already_is_left_alone():
    server = ApiServer("Running", "EarlyStopped")
    mark(server)
    assert server.asked == [f"GET {PATH}"]


def test_a_status_that_katib_writes_in_between_is_kept():
    server = ApiServer("Running", conflicts=2)
    mark(server)
    assert len(server.conditions) == 2
    assert len(server.asked) == 6


def test_endless_conflicts_are_given_up():
    server = ApiServer("Running", conflicts=1000)
    with connected(server) as connection, pytest.raises(NotYet, match="changed by others"):
        append_condition(connection, "secret", "team", "t7")


def test_missing_rights_are_told_in_the_clusters_words():
    server = ApiServer("Running", forbidden=True)
    with (
        connected(server) as connection,
        pytest.raises(Refused, match="t7 as stopped early: 403 GET on trials is forbidden"),
    ):
        append_condition(connection, "secret", "team", "t7")


def test_an_api_that_does_not_answer_is_asked_again_later():
    connection = HTTPConnection("127.0.0.1", 1, timeout=30)
    with pytest.raises(NotYet, match="does not answer: ConnectionRefusedError"):
        append_condition(connection, "secret", "team", "t7")


def test_outside_of_a_cluster_there_is_no_account():
    with pytest.raises(Refused, match="holds no token"):
        mark_early_stopped("t7")
