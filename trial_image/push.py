"""Metrics by gRPC to Katib's DB manager, for the collector of kind Push.

``ReportObservationLog`` of ``api.v1.beta1.DBManager`` (Katib v0.19.0, ``api.proto``) is all that is
called, and its request holds nothing but texts and messages; so it is written here by the encoding
of protocol buffers, and the image needs no stubs of Katib's beside TensorFlow's own gRPC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import grpc
import keras

from trial_image.callbacks import metric_values, now, say
from trial_image.errors import OutputError

METHOD = "/api.v1.beta1.DBManager/ReportObservationLog"
EPOCH_SECONDS = 5.0
"""Longest wait for the DB manager after an epoch; what it did not take goes with the next one."""
END_SECONDS = 60.0
"""Longest wait for it at the end of training."""

MetricLog = tuple[str, str, str]
"""Time, name and value."""


class Push(keras.callbacks.Callback):  # type: ignore[misc]
    """Reports every metric of each epoch as it ends.

    ``trial``: the name that Katib gave; ``address``: host:port. A DB manager that is away for a
    while costs no value. Raises :class:`OutputError` where it takes none until the end.
    """

    def __init__(self, trial: str, address: str, *, end_seconds: float = END_SECONDS) -> None:
        super().__init__()
        self._trial, self._address, self._end_seconds = trial, address, end_seconds
        self._waiting: list[MetricLog] = []
        self._complained = False

    def on_train_begin(self, logs: object = None) -> None:  # noqa: ARG002
        self._channel = grpc.insecure_channel(self._address)
        self._report = self._channel.unary_unary(METHOD)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        time = now()
        values = metric_values(epoch + 1, logs or {})
        self._waiting += [(time, name, value) for name, value in values.items()]
        error = self._send(EPOCH_SECONDS)
        if error and not self._complained:
            say(f"the DB manager at {self._address} does not answer; trying again: {error}")
            self._complained = True

    def on_train_end(self, logs: object = None) -> None:  # noqa: ARG002
        error = self._send(self._end_seconds)
        self._channel.close()
        if error:
            raise OutputError(f"--db_manager_address={self._address}: takes no metrics: {error}")

    def _send(self, timeout: float) -> str:
        """Report what waits; an empty text, or why that failed."""
        if not self._waiting:
            return ""
        try:
            self._report(request(self._trial, self._waiting), timeout=timeout, wait_for_ready=True)
        except grpc.RpcError as error:
            return f"{error.code().name} {error.details()}"
        self._waiting.clear()
        return ""


def request(trial: str, logs: Sequence[MetricLog]) -> bytes:
    """``ReportObservationLogRequest{trial_name = 1, observation_log = 2 {metric_logs = 1
    {time_stamp = 1, metric = 2 {name = 1, value = 2}}}}``."""
    metric_logs = [
        _field(1, time.encode()) + _field(2, _field(1, name.encode()) + _field(2, value.encode()))
        for time, name, value in logs
    ]
    return _field(1, trial.encode()) + _field(2, b"".join(_field(1, log) for log in metric_logs))


def _field(number: int, content: bytes) -> bytes:
    """A field with a length: key, length as a varint, content."""
    size, varint = len(content), bytearray()
    while size > 0x7F:
        varint.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes([number << 3 | 2, *varint, size]) + content
