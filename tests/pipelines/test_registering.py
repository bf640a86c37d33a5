"""A packaged model's entry in a Model Registry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from kfp.dsl import Model

from pipelines.components import register_model
from pipelines.steps.programs import StepError
from pipelines.steps.registering import Registry, register
from tests.support.model_registry import FakeRegistry, fake_registry


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with fake_registry() as fake:
        yield fake


def test_a_model_a_version_and_a_place_are_entered(package: Model, registry: FakeRegistry):
    entry = register_model.python_func(
        package=package, registry=registry.address, model_uri="s3://models/digits", author="Ada"
    )
    model, version, artifact = registry.objects
    assert entry == (model["id"], version["id"], artifact["id"])
    assert (model["name"], version["name"], version["author"]) == ("digits", "3", "Ada")
    assert (version["parent"], artifact["parent"]) == (model["id"], version["id"])
    assert artifact["uri"] == "s3://models/digits"
    assert (artifact["modelFormatName"], artifact["modelSourceId"]) == ("tensorflow", "run-1")
    facts = version["customProperties"]
    assert facts["accuracy"] == {"metadataType": "MetadataDoubleValue", "double_value": 0.96}
    assert facts["experiment"]["string_value"] == "random-1"
    assert len(facts["data_sha256"]["string_value"]) == 64


def test_a_retried_step_finds_what_it_has_made(package: Model, registry: FakeRegistry):
    registry.lose = 1
    with pytest.raises(StepError, match="does not answer"):
        register(package.path, "s3://x", Registry(registry.address))
    entry = register(package.path, "s3://x", Registry(registry.address))
    assert register(package.path, "s3://x", Registry(registry.address)) == entry
    assert len(registry.objects) == registry.posts == 3


def test_the_next_version_belongs_to_the_same_model(package: Model, registry: FakeRegistry):
    first = register(package.path, "s3://x/3", Registry(registry.address))
    _change(package, version="4", run="run-2")
    second = register(package.path, "s3://x/4", Registry(registry.address))
    assert first.model_id == second.model_id
    assert [each["name"] for each in registry.of("model_version")] == ["3", "4"]


def test_a_version_of_another_run_is_not_replaced(package: Model, registry: FakeRegistry):
    register(package.path, "s3://x", Registry(registry.address))
    _change(package, run="run-2")
    with pytest.raises(StepError, match='digits has it already, from the run "run-1"'):
        register(package.path, "s3://y", Registry(registry.address))


def test_a_token_is_read_from_a_file(package: Model, registry: FakeRegistry, tmp_path: Path):
    registry.token = "secret"
    (tmp_path / "token").write_text("secret\n")
    inputs = {"package": package, "registry": registry.address}
    register_model.python_func(**inputs, token_file=str(tmp_path / "token"))
    with pytest.raises(StepError, match=r"401: who are you\?\nthe token is missing"):
        register_model.python_func(**inputs, token_file=str(tmp_path / "none"))


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("", 'registry: received "": must be the address of a Model Registry'),
        ("model-registry:8080", "must be the address of a Model Registry"),
        ("file:///etc/passwd", "must be the address of a Model Registry"),
        ("http://127.0.0.1:1", "registry: http://127.0.0.1:1 does not answer: "),
    ],
)
def test_what_is_no_registry_is_named(package: Model, address: str, message: str):
    with pytest.raises(StepError, match=message):
        register_model.python_func(package=package, registry=address)


def test_a_server_of_another_kind_is_recognised(package: Model, registry: FakeRegistry):
    with pytest.raises(StepError, match="not found: is it a Model Registry"):
        register(package.path, "s3://x", Registry(f"{registry.address}/elsewhere"))


def test_what_the_registry_refuses_comes_in_its_own_words(package: Model, registry: FakeRegistry):
    _change(package, name="")
    with pytest.raises(StepError, match="400: name is required"):
        register(package.path, "s3://x", Registry(registry.address))


def _change(package: Model, **facts: str) -> None:
    file = Path(package.path, "card.json")
    file.write_text(json.dumps({**json.loads(file.read_text()), **facts}))
