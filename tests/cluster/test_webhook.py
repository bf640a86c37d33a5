"""Validation beside Katib's own webhook.

What the webhook refuses, validation refuses at the same field or at one inside it. What the webhook
lets in, and what then never ends, fails without a reason or means something else, validation
refuses too. One half of each pair runs anywhere, the other on a cluster.
"""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest

from katib_experiments.cluster.client import Refused, objects_path
from katib_experiments.experiment.document import Document, load
from katib_experiments.experiment.validation import validate
from tests.cluster.mistakes import LET_IN, MEANT, REFUSED
from tests.experiment.samples import VALID, WEBHOOK, changed, errors
from tests.experiment.test_validation import PATHS, RICH
from tests.experiment.test_validation import _put as put
from tests.support.backends import REACHABLE, REASON_TO_SKIP

THEIRS = {what: (changes, field) for what, (changes, field, _) in MEANT.items()}
OURS = {what: (changes, field) for what, (changes, _, field) in MEANT.items()}


def each(table):
    return pytest.mark.parametrize(("changes", "field"), table.values(), ids=table)


recorded = pytest.mark.parametrize("path", sorted(WEBHOOK.glob("*.yaml")), ids=lambda p: p.stem)


@each(REFUSED | OURS)
def test_validation_refuses_at_the_field_that_the_webhook_names(changes, field):
    paths = [problem.path for problem in errors(changes)]
    assert any(path == field or path.startswith((f"{field}.", f"{field}[")) for path in paths)


@each(LET_IN)
def test_validation_refuses_what_the_webhook_lets_in(changes, field):
    assert field in [problem.path for problem in errors(changes)]


@pytest.fixture
def create(real, namespace):
    """Hands a document over for a dry run, which all webhooks see and nothing comes of."""

    def dry_run(document: dict[str, Any]) -> None:
        metadata = document.get("metadata")
        if isinstance(metadata, dict):
            document = document | {"metadata": metadata | {"namespace": namespace}}
        real.create(objects_path(namespace, "experiments"), document, {"dryRun": "All"})

    return dry_run


def on_cluster(test):
    """What needs a Katib."""
    skip = pytest.mark.skipif(not REACHABLE, reason=REASON_TO_SKIP)
    return pytest.mark.cluster(skip(test))


@on_cluster
def test_the_webhook_lets_the_valid_document_in(create):
    create(VALID)


@on_cluster
@each(REFUSED | THEIRS)
def test_the_webhook_refuses_at_that_field(create, changes, field):
    with pytest.raises(Refused) as refusal:
        create(changed(changes))
    named = fields(str(refusal.value))
    assert field in named or re.sub(r"\[\d+\]", "", field) in named


@on_cluster
@each(LET_IN)
def test_the_webhook_lets_it_in(create, changes, field):
    create(changed(changes))


@on_cluster
@pytest.mark.parametrize("path", PATHS)
def test_whatever_the_webhook_refuses_validation_refuses(create, path):
    """Every field of a document, with values that make no sense there."""
    for value in (None, True, 0, -1, 1.5, "", "text", "(", [], [1], {}, {"a": 1}):
        data = copy.deepcopy(RICH)
        put(data, path, value)
        if any(problem.severity == "error" for problem in validate(Document(data))):
            continue
        create(data)  # raises the webhook's refusal


@on_cluster
@recorded
def test_the_webhook_answers_as_it_did(create, path: Path):
    """The documents whose answers are kept beside them, for tests without a cluster."""
    answer = path.with_suffix(".answer").read_text()
    (document,) = load(path)
    if "rc=0" in answer:
        create(document.data)
        return
    with pytest.raises(Refused) as refusal:
        create(document.data)
    assert set(fields(str(refusal.value))) & set(fields(answer))


def fields(message: str) -> list[str]:
    """What a refusal is about: ``spec.a[0].b: Required value: …``; without the index, where a value
    has another type, ``… Go struct field A.spec.a.b of type string``; or a template of no kind."""
    named = re.findall(r"\b((?:spec|metadata)[\w.\[\]]*): \w+ value", message)
    named += re.findall(r"Go struct field \w+\.([\w.]+) of type", message)
    return named or ["spec.trialTemplate"] * ("Object 'Kind' is missing" in message)
