"""The process that serves: ports, health, arguments, its end, and what it loads."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
import pytest
from google.protobuf.wrappers_pb2 import Int32Value, StringValue

from katib_experiments.suggestion.__main__ import main
from katib_experiments.suggestion.server import Server
from katib_experiments.suggestion.stubs import api
from tests.support.builders import an_experiment
from tests.support.rpc import call, experiment_message, served

MODULE = "katib_experiments.suggestion"


def health(channel: grpc.Channel, service: str) -> int:
    check = channel.unary_unary(
        "/grpc.health.v1.Health/Check",
        request_serializer=StringValue.SerializeToString,
        response_deserializer=Int32Value.FromString,
    )
    return check(StringValue(value=service), timeout=60).value


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextmanager
def process(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", MODULE, *arguments]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as started:
        yield started
        started.kill()


@pytest.mark.parametrize(
    "service", ["", "manager.v1beta1.Suggestion", "api.v1.beta1.EarlyStopping"]
)
def test_it_is_healthy_under_the_name_that_katib_probes_and_its_own(service):
    with served() as channel:
        assert health(channel, service) == 1


def test_another_name_is_not_found():
    with served() as channel, pytest.raises(grpc.RpcError) as error:
        health(channel, "manager.v1beta1.Suggestions")
    assert error.value.code() is grpc.StatusCode.NOT_FOUND


def test_a_port_that_is_taken_is_an_error_and_not_shared():
    with Server() as first, Server() as second:
        port = first.bind(0)
        first.start()
        with pytest.raises(OSError, match=f"cannot listen on port {port}"):
            second.bind(port)


def test_the_process_serves_until_sigterm_and_ends_well():
    port = free_port()
    with process("--port", str(port), "--early-stopping-port", "0") as server:
        assert "serving on" in server.stderr.readline()
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            message = experiment_message(an_experiment())
            request = api.ValidateAlgorithmSettingsRequest(experiment=message)
            call(channel, "Suggestion/ValidateAlgorithmSettings", request)
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0


def test_a_taken_port_ends_the_process_with_a_sentence(capsys):
    with Server() as server:
        port = server.bind(0)
        with pytest.raises(SystemExit) as end:
            main(["--port", str(port), "--early-stopping-port", "0"])
    assert end.value.code == 1
    assert f"cannot listen on port {port}" in capsys.readouterr().err


def test_nothing_to_serve_is_an_error_of_usage(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--port", "0", "--early-stopping-port", "0"])
    assert end.value.code == 2
    assert "nothing is left to serve" in capsys.readouterr().err


def test_help_shows_examples(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert end.value.code == 0
    assert "python -m katib_experiments.suggestion --port 0" in capsys.readouterr().out


def test_what_the_service_does_not_need_is_not_loaded():
    code = (
        f"import sys, {MODULE}.server\n"
        "heavy = 'kubernetes', 'kubeflow.katib', 'scipy', 'sklearn', 'cmaes', 'typer', 'plotly'\n"
        "print(sorted({*heavy} & {*sys.modules}))"
    )
    command = [sys.executable, "-c", code]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == "[]"
