"""Marks a Trial as stopped early, as Katib's collector asks when all its rules are met.

Two calls of the Kubernetes API with the account that Katib gives the pod: ``get`` on ``trials`` and
``patch`` on ``trials/status`` are all the rights that it needs.
"""

from __future__ import annotations

import json
import os
import ssl
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote

from katib_experiments.suggestion.rpc import NotYet, Refused

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_STOPPED = "EarlyStopped"
_SECONDS = 30
_ATTEMPTS = 5
"""Katib's controller writes the same status; it seldom wins twice."""


def mark_early_stopped(trial: str) -> None:
    """Of the pod's own namespace, where its Trials are."""
    if not (ACCOUNT / "token").exists():
        raise Refused(
            f"{ACCOUNT} holds no token: only a pod with a service account can mark {trial}"
        )
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
    context = ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt"))
    connection = HTTPSConnection(host, int(port), timeout=_SECONDS, context=context)
    # The token is renewed from time to time, so it is read for each call.
    token, namespace = ((ACCOUNT / name).read_text().strip() for name in ("token", "namespace"))
    try:
        append_condition(connection, token, namespace, trial)
    finally:
        connection.close()


def append_condition(connection: HTTPConnection, token: str, namespace: str, trial: str) -> None:
    """The condition EarlyStopped after those that are there; nothing where it is there already."""
    path = (
        f"/apis/kubeflow.org/v1beta1/namespaces/{quote(namespace)}/trials/{quote(trial, safe='')}"
    )
    for _ in range(_ATTEMPTS):
        status, found = _call(connection, token, "GET", path)
        if status != 200:
            raise _refused(trial, status, found)
        conditions = found.get("status", {}).get("conditions") or []
        if any(each.get("type") == _STOPPED for each in conditions):
            return
        change = {
            # With the version read, a status written in between is a conflict and not lost.
            "metadata": {"resourceVersion": found["metadata"]["resourceVersion"]},
            "status": {"conditions": [*conditions, _condition()]},
        }
        status, answer = _call(connection, token, "PATCH", f"{path}/status", change)
        if status == 200:
            return
        if status != 409:
            raise _refused(trial, status, answer)
    raise NotYet(f"Trial {trial} is changed by others each time that it is to be marked")


def _condition() -> dict[str, str]:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "type": _STOPPED,
        "status": "True",
        "reason": "TrialEarlyStopped",
        "message": "Trial is early stopped",
        "lastUpdateTime": now,
        "lastTransitionTime": now,
    }


def _call(
    connection: HTTPConnection, token: str, verb: str, path: str, body: object = None
) -> tuple[int, Any]:
    """The status code and the JSON that came back."""
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    if body is not None:
        headers["Content-Type"] = "application/merge-patch+json"
    try:
        connection.request(verb, path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read() or b"{}")
    except (OSError, HTTPException, ValueError) as error:
        raise NotYet(
            f"the Kubernetes API does not answer: {type(error).__name__} {error}"
        ) from None


def _refused(trial: str, status: int, answer: dict[str, Any]) -> Refused:
    return Refused(
        f"cannot mark Trial {trial} as stopped early: {status} {answer.get('message', '')}"
    )
