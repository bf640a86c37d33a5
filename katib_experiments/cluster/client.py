"""The Kubernetes API as plain data: the objects are dicts, and refusals are errors of ours that
keep the server's own words."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import urllib3
from kubernetes import client, config

from katib_experiments.errors import ClusterError

GROUP = "/apis/kubeflow.org/v1beta1"
NAMESPACE_LABEL = "katib.kubeflow.org/metrics-collector-injection"
MERGE_PATCH = "application/merge-patch+json"

_POD_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_CONNECT_SECONDS = 10.0
_READ_SECONDS = 60.0
_IDLE_SECONDS = 330.0  # of a stream: longer than any watch is asked to last

Object = dict[str, Any]
Query = Mapping[str, str | int | bool]


class Refused(ClusterError):
    """The API server's answer was an error; ``status`` is its HTTP code."""

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        about: str = "",
        causes: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.about = about
        """The name of the object that the answer is about, if it names one."""
        self.causes = tuple(causes)
        """Fields of an invalid object, each with what is wrong with it."""


class Unreachable(ClusterError):
    """There was no answer at all."""


class Stream:
    """Lines as the server sends them. ``close`` ends the iteration, from any thread."""

    def __init__(self, response: urllib3.HTTPResponse) -> None:
        self._response = response

    def __iter__(self) -> Iterator[str]:
        rest = b""
        try:
            for chunk in self._response.stream(None, decode_content=False):
                *lines, rest = (rest + chunk).split(b"\n")
                yield from (line.decode(errors="replace") for line in lines)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Unreachable(f"the connection was lost: {error}") from None
        finally:
            self._response.close()
        if rest:
            yield rest.decode(errors="replace")

    def close(self) -> None:
        with suppress(ValueError, RuntimeError, OSError):  # where it has ended by itself meanwhile
            self._response.shutdown()


class Cluster:
    """One API server, by default that of the current kubeconfig or of the pod around."""

    def __init__(self, api: client.ApiClient | None = None, namespace: str = "") -> None:
        self._api = api or _configured()
        self.namespace = namespace or _current_namespace()
        """The namespace that commands mean when they name none."""

    def get(self, path: str, query: Query | None = None) -> Object:
        return self._call("GET", path, query)

    def create(self, path: str, body: Object, query: Query | None = None) -> Object:
        return self._call("POST", path, query, body)

    def patch(self, path: str, body: Object) -> Object:
        """Merge ``body`` into the object; null removes a field."""
        return self._call("PATCH", path, None, body)

    def delete(self, path: str, query: Query | None = None) -> Object:
        return self._call("DELETE", path, query)

    def lines(self, path: str, query: Query | None = None) -> Stream:
        """The answer's lines, as they come."""
        return Stream(self._request("GET", path, query, read=_IDLE_SECONDS))

    def _call(
        self, method: str, path: str, query: Query | None, body: Object | None = None
    ) -> Object:
        response = self._request(method, path, query, body)
        try:
            answer: Object = json.loads(response.data)
        except ValueError:
            raise ClusterError(f"{self._host()} answered with no JSON: is it Kubernetes?") from None
        return answer

    def _request(
        self,
        method: str,
        path: str,
        query: Query | None,
        body: Object | None = None,
        read: float = _READ_SECONDS,
    ) -> urllib3.HTTPResponse:
        kind = MERGE_PATCH if method == "PATCH" else "application/json"
        headers = {**self._api.default_headers, "Content-Type": kind}
        words = [(key, _text(value)) for key, value in (query or {}).items()]
        self._api.update_params_for_auth(headers, words, ["BearerToken"])
        url = self._api.configuration.host + path + (f"?{urlencode(words)}" if words else "")
        try:
            answer: urllib3.HTTPResponse = self._api.rest_client.pool_manager.request(
                method,
                url,
                body=None if body is None else json.dumps(body),
                headers=headers,
                preload_content=False,
                timeout=urllib3.Timeout(connect=_CONNECT_SECONDS, read=read),
            )
            if answer.status >= 400:
                raise _refused(answer, path)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Unreachable(
                f"the API server {self._host()} does not answer: {_root(error)}\n"
                "look: kubectl cluster-info; automl reads the same KUBECONFIG"
            ) from None
        return answer

    def _host(self) -> str:
        parts = urlsplit(self._api.configuration.host)
        return f"{parts.scheme}://{parts.netloc}"


def objects_path(namespace: str, kind: str, name: str = "") -> str:
    """Of Katib's objects: experiments, trials or suggestions."""
    return f"{GROUP}/namespaces/{namespace}/{kind}" + (f"/{name}" if name else "")


def core_path(namespace: str, kind: str, name: str = "") -> str:
    """Of Kubernetes' own: pods, events, configmaps."""
    return f"/api/v1/namespaces/{namespace}/{kind}" + (f"/{name}" if name else "")


def _text(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _refused(answer: urllib3.HTTPResponse, path: str) -> Refused:
    """The error of an answer: the message of its body, which is where webhooks speak too."""
    text = answer.data.decode(errors="replace").strip()
    try:
        body = json.loads(text)
        message, reason = body.get("message") or "", body.get("reason") or ""
        details = body.get("details") or {}
        about = details.get("name") or ""
        causes = [(c.get("field") or "", c.get("message") or "") for c in details.get("causes", ())]
    except (ValueError, AttributeError):
        message, reason, about, causes = text, "", "", []
    shown = message or f"HTTP {answer.status} {answer.reason} at {path}"
    return Refused(answer.status, reason, shown, about, causes)


def _root(error: BaseException) -> object:
    """The reason inside urllib3's wrappings."""
    while (inner := getattr(error, "reason", None)) is not None and inner is not error:
        error = inner
    return error


def _configured() -> client.ApiClient:
    settings = client.Configuration()
    try:
        config.load_kube_config(_kubeconfig(), client_configuration=settings)
    except config.ConfigException as outside:
        try:
            config.load_incluster_config(client_configuration=settings)
        except config.ConfigException:
            raise ClusterError(
                f"no cluster to talk to: {outside}\n"
                "set KUBECONFIG to the file of one, or make one: kind create cluster"
            ) from None
    settings.retries = False
    return client.ApiClient(settings)


def _kubeconfig() -> str | None:
    """As it is set now; the kubernetes package knows what it was when it was imported."""
    return os.environ.get("KUBECONFIG")


def _current_namespace() -> str:
    """Of the kubeconfig's current context, or of the pod around."""
    try:
        _, active = config.list_kube_config_contexts(_kubeconfig())
        namespace = active.get("context", {}).get("namespace")
    except config.ConfigException:
        namespace = _POD_NAMESPACE.read_text() if _POD_NAMESPACE.is_file() else ""
    return namespace or "default"
