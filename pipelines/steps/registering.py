"""A packaged model's entry in a Kubeflow Model Registry, over its REST API (v1alpha3).

The registry's own client is not used: it brings an asynchronous HTTP stack and a generated package
for what are three objects, and its models and ours would have to agree on a version of pydantic.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen

from pipelines.steps.programs import StepError

PATH = "/api/model_registry/v1alpha3"
SECONDS = 30.0
"""For one answer."""

Object = dict[str, Any]


class Entry(NamedTuple):
    """The identifiers that the registry gave."""

    model_id: str
    version_id: str
    artifact_id: str


class Registry:
    """The registry at ``address``; ``token`` is a bearer token, or empty."""

    def __init__(self, address: str, token: str = "") -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise StepError(
                f'registry: received "{address}": must be the address of a Model Registry, as '
                "http://model-registry-service.kubeflow.svc.cluster.local:8080"
            )
        self._address = address.rstrip("/")
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"

    def found_or_made(
        self, kind: str, wanted: Mapping[str, str], path: str, body: Object
    ) -> Object:
        """The object of that ``kind`` which ``wanted`` finds; where there is none, it is created
        from ``body`` at ``path``. So a step that is retried makes no second one."""
        found = self._call("GET", f"{kind}?{urlencode(wanted)}")
        return found if found is not None else self._created(path, body)

    def _created(self, path: str, body: Object) -> Object:
        made = self._call("POST", path, body)
        if made is None:
            raise StepError(f"{self._address}{PATH}/{path}: not found: is it a Model Registry?")
        return made

    def _call(self, method: str, path: str, body: Object | None = None) -> Object | None:
        """The answer; None where it is 404."""
        url = f"{self._address}{PATH}/{path}"
        data = None if body is None else json.dumps(body).encode()
        request = Request(url, data, self._headers, method=method)  # noqa: S310 - http or https
        try:
            with urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
                found = json.load(answer)
        except HTTPError as error:
            if error.code == 404:
                return None
            raise StepError(f"{url}: {error.code}: {_message(error)}{_mend(error.code)}") from None
        except (URLError, HTTPException, OSError) as error:
            reason = getattr(error, "reason", error)
            raise StepError(f"registry: {self._address} does not answer: {reason}") from None
        except ValueError:
            raise StepError(f"{url}: answered with no JSON: is it a Model Registry?") from None
        if not isinstance(found, dict) or "id" not in found:
            raise StepError(f"{url}: answered without an id: is it a Model Registry?")
        return found


def register(package: str, uri: str, registry: Registry, *, author: str = "") -> Entry:
    """Enter the package that :func:`~pipelines.steps.packaging.pack` left, found at ``uri``.

    Raises :class:`StepError` where that version is there from another run.
    """
    card = json.loads(Path(package, "card.json").read_text())
    name, version = card["name"], card["version"]
    model = registry.found_or_made(
        "registered_model", {"name": name}, "registered_models", {"name": name, "owner": author}
    )
    facts = properties(card)
    entry = registry.found_or_made(
        "model_version",
        {"name": version, "parentResourceId": model["id"]},
        "model_versions",
        {
            "name": version,
            "registeredModelId": model["id"],
            "author": author,
            "description": card["reason"],
            "customProperties": facts,
        },
    )
    _refuse_another(entry, card)
    artifact = registry.found_or_made(
        "model_artifact",
        {"name": name, "parentResourceId": entry["id"]},
        f"model_versions/{entry['id']}/artifacts",
        {
            "artifactType": "model-artifact",
            "name": name,
            "uri": uri,
            "modelFormatName": "tensorflow",
            "modelFormatVersion": "2",
            "modelSourceKind": "pipelines",
            "modelSourceClass": "pipelinerun",
            "modelSourceId": card["run"],
        },
    )
    return Entry(model["id"], entry["id"], artifact["id"])


def properties(card: Mapping[str, Any]) -> Object:
    """What the card says, as the registry's typed values: metrics of the test part as numbers."""
    texts = {
        "run": card["run"],
        "experiment": card["experiment"],
        "data_sha256": card["data"]["sha256"],
    }
    return {
        **{
            name: {"metadataType": "MetadataDoubleValue", "double_value": float(value)}
            for name, value in card["test"].items()
        },
        **{
            name: {"metadataType": "MetadataStringValue", "string_value": value}
            for name, value in texts.items()
        },
    }


def _refuse_another(version: Object, card: Mapping[str, Any]) -> None:
    known = version.get("customProperties") or {}
    run = (known.get("run") or {}).get("string_value", "")
    if run != card["run"]:
        raise StepError(
            f'version: received "{card["version"]}": {card["name"]} has it already, from the run '
            f'"{run}": give another version'
        )


def _message(error: HTTPError) -> str:
    """The server's own words; its errors are ``{"code": …, "message": …}``."""
    text = error.read().decode(errors="replace").strip()
    try:
        return str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        return text[:200] or error.reason


def _mend(code: int) -> str:
    if code not in (401, 403):
        return ""
    return "\nthe token is missing, or not allowed to: token_file names the file that holds it"
