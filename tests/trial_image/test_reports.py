"""Every mode of reporting gives Katib the same Observation."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import keras
import pytest
from kubeflow.katib import katib_api_pb2 as api
from kubeflow.katib import katib_api_pb2_grpc as services
from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.context import RequestContext
from tensorboard.plugins.base_plugin import TBContext
from tensorboard.plugins.hparams import api_pb2, get_experiment, list_session_groups
from tensorboard.plugins.hparams.backend_context import Context

from katib_experiments.engine.metrics import collector_of, observation_of
from katib_experiments.engine.runner import OUTPUT
from katib_experiments.experiment.model import CollectorKind, MetricLog, MetricsCollector
from katib_experiments.metrics import reduce, timestamp
from tests.support.builders import an_experiment
from trial_image.errors import OutputError
from trial_image.push import Push, request
from trial_image.reports import EventFile, JsonLines, reporters
from trial_image.settings import Settings

EPOCHS = [
    {"loss": 2.30258509, "accuracy": 0.1, "val_loss": 1e-9, "val_accuracy": 0.12345678},
    {"loss": 0.7, "accuracy": 0.97, "val_loss": 3.25e8, "val_accuracy": 1.0},
    {"loss": 0.69999, "accuracy": 0.96, "val_loss": float("nan"), "val_accuracy": 0.5},
]
METRICS = tuple(EPOCHS[0])


def report(*callbacks: keras.callbacks.Callback) -> None:
    """What happens in a Trial of :data:`EPOCHS`."""
    training = keras.callbacks.CallbackList(list(callbacks))
    training.on_train_begin()
    for epoch, logs in enumerate(EPOCHS):
        training.on_epoch_end(epoch, dict(logs))
    training.on_train_end()


def observation(folder: Path, kind: CollectorKind, **spec):
    """What the engine's collector of ``kind`` makes of a Trial's ``folder``: least, greatest and
    latest value of each metric."""
    experiment = an_experiment(
        metric=METRICS[0],
        additional=METRICS[1:],
        metrics_collector=MetricsCollector(kind, **spec),
    )
    collector = collector_of(experiment, folder)
    logs = collector.read(final=True)
    assert collector.note == ""
    return numbers(observation_of(experiment, reduce(logs), available=True))


def numbers(metrics) -> dict[str, tuple[float, ...]]:
    return {name: (float(m.min), float(m.max), float(m.latest)) for name, m in metrics.items()}


EXPECTED = {
    "loss": (0.69999, 2.30259, 0.69999),
    "accuracy": (0.1, 0.97, 0.96),
    "val_loss": (1e-9, 3.25e8, 3.25e8),
    "val_accuracy": (0.123457, 1.0, 0.5),
}


class DBManager(services.DBManagerServicer):
    """Katib's, as far as a Trial sees it."""

    def __init__(self) -> None:
        self.requests: list[api.ReportObservationLogRequest] = []

    def ReportObservationLog(self, request, context):  # noqa: N802
        self.requests.append(request)
        return api.ReportObservationLogReply()


@pytest.fixture
def manager():
    with ThreadPoolExecutor(1) as threads:
        server, manager = grpc.server(threads), DBManager()
        services.add_DBManagerServicer_to_server(manager, server)
        manager.address = f"localhost:{server.add_insecure_port('localhost:0')}"
        manager.start = server.start
        yield manager
        server.stop(0).wait()


def test_lines_come_to_the_observation_of_the_epochs(tmp_path: Path, capsys):
    report(*reporters(Settings()))
    (tmp_path / OUTPUT).write_text(capsys.readouterr().out)
    assert observation(tmp_path, CollectorKind.STDOUT) == EXPECTED


def test_a_file_of_json_comes_to_the_same(tmp_path: Path, capsys):
    file = tmp_path / "var/log/katib/metrics.log"
    report(*reporters(Settings(metrics="json", metrics_file=str(file))))
    assert observation(tmp_path, CollectorKind.FILE, file_format="JSON") == EXPECTED
    assert capsys.readouterr().out == ""


def test_event_files_come_to_the_same(tmp_path: Path):
    folder = tmp_path / "var/log/katib/tfevent"
    report(*reporters(Settings(metrics="tensorboard", log_dir=str(folder))))
    assert observation(tmp_path, CollectorKind.TENSORFLOW_EVENT) == EXPECTED


def test_a_push_comes_to_the_same(manager, monkeypatch):
    monkeypatch.setenv("KATIB_TRIAL_NAME", "random-1a2b3c4d")
    manager.start()
    report(*reporters(Settings(metrics="push", db_manager_address=manager.address)))
    assert {request.trial_name for request in manager.requests} == {"random-1a2b3c4d"}
    logs = [log for request in manager.requests for log in request.observation_log.metric_logs]
    read = [MetricLog(timestamp(log.time_stamp), log.metric.name, log.metric.value) for log in logs]
    assert {
        name: value for name, value in numbers(reduce(read)).items() if name != "epoch"
    } == EXPECTED


def test_several_modes_report_side_by_side(tmp_path: Path, capsys):
    file = tmp_path / "var/log/katib/metrics.log"
    report(*reporters(Settings(metrics="lines,json", metrics_file=str(file))))
    (tmp_path / OUTPUT).write_text(capsys.readouterr().out)
    assert observation(tmp_path, CollectorKind.STDOUT) == EXPECTED
    assert observation(tmp_path, CollectorKind.FILE, file_format="JSON") == EXPECTED


def test_json_has_what_katib_wants_of_it(tmp_path: Path):
    report(JsonLines(tmp_path / "m.log"))
    first = json.loads((tmp_path / "m.log").read_text().splitlines()[0])
    assert timestamp(first.pop("timestamp")) is not None
    assert first == {
        "epoch": "1",
        "loss": "2.30259",
        "accuracy": "0.1",
        "val_loss": "1e-09",
        "val_accuracy": "0.123457",
    }


def hparams_tab(folder: Path) -> tuple[list[str], dict[float, float]]:
    """What TensorBoard's own plugin shows of Trials below ``folder``: which hyperparameters differ,
    and the validation accuracy of each ended Trial by its units."""
    runs = EventMultiplexer().AddRunsFromDirectory(str(folder))
    runs.Reload()
    base = TBContext(data_provider=MultiplexerDataProvider(runs, str(folder)), logdir=str(folder))
    asked = (RequestContext(), Context(base), "all")
    found = get_experiment.Handler(*asked, api_pb2.GetExperimentRequest()).run()
    listed = api_pb2.ListSessionGroupsRequest(
        allowed_statuses=[api_pb2.STATUS_SUCCESS], start_index=0, slice_size=9
    )
    groups = list_session_groups.Handler(*asked, listed).run().session_groups
    values = {
        group.hparams["units"].number_value: metric.value
        for group in groups
        for metric in group.metric_values
        if metric.name.tag == "val_accuracy"
    }
    return [each.name for each in found.hparam_infos if each.differs], values


def test_tensorboard_compares_trials_by_their_settings(tmp_path: Path):
    for units in (8, 16):
        folder = str(tmp_path / f"trial-{units}" / "tfevent")
        own = {"width": units + 1}
        settings = Settings(metrics="tensorboard", log_dir=folder, units=units, hyperparameters=own)
        report(*reporters(settings))
    differing, values = hparams_tab(tmp_path)
    assert sorted(differing) == ["units", "width"]
    assert values == {8: 0.5, 16: 0.5}


def test_a_request_is_the_message_of_katibs_own_stubs():
    logs = [("2026-01-01T00:00:00Z", "val_accuracy", "0.9"), ("", "é" * 200, "1e-09")]
    expected = api.ReportObservationLogRequest(
        trial_name="a" * 130,
        observation_log=api.ObservationLog(
            metric_logs=[
                api.MetricLog(time_stamp=time, metric=api.Metric(name=name, value=value))
                for time, name, value in logs
            ]
        ),
    )
    assert api.ReportObservationLogRequest.FromString(request("a" * 130, logs)) == expected


def test_what_the_db_manager_did_not_take_at_once_it_gets_later(manager, monkeypatch, capsys):
    monkeypatch.setattr("trial_image.push.EPOCH_SECONDS", 0.001)
    push = Push("t", manager.address)
    push.on_train_begin()
    push.on_epoch_end(0, EPOCHS[0])
    push.on_epoch_end(1, EPOCHS[1])
    manager.start()
    push.on_train_end()
    (only,) = manager.requests
    logs = [log.metric for log in only.observation_log.metric_logs]
    assert [log.value for log in logs if log.name == "accuracy"] == ["0.1", "0.97"]
    assert capsys.readouterr().out.count("does not answer") == 1


def test_a_db_manager_that_never_answers_is_an_error(monkeypatch):
    monkeypatch.setattr("trial_image.push.EPOCH_SECONDS", 0.001)
    with pytest.raises(OutputError, match="--db_manager_address=localhost:1: takes no metrics"):
        report(Push("t", "localhost:1", end_seconds=0.001))


def test_without_katib_there_are_lines_in_place_of_a_push(monkeypatch, capsys):
    monkeypatch.delenv("KATIB_TRIAL_NAME", raising=False)
    report(*reporters(Settings(metrics="push")))
    said, *lines = capsys.readouterr().out.splitlines()
    assert "no KATIB_TRIAL_NAME is set" in said
    assert len(lines) == len(EPOCHS)


@pytest.mark.parametrize(
    ("callback", "flag"), [(JsonLines, "--metrics_file"), (lambda p: EventFile(p, {}), "--log_dir")]
)
def test_a_place_that_cannot_be_written_is_an_error(callback, flag: str, tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=f"{flag}=.*cannot be written"):
        report(callback(tmp_path / "file" / "below"))
