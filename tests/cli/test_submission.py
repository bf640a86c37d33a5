from __future__ import annotations

import pytest

from katib_experiments.cli.submission import overridden
from katib_experiments.experiment.document import Document

SPEC = {"maxTrialCount": 30, "parallelTrialCount": 4, "maxFailedTrialCount": 5}
DOCUMENT = Document({"metadata": {"name": "a"}, "spec": SPEC})


def counts(maximum=None, parallel=None, failed=None) -> dict[str, int | None]:
    return dict(zip(SPEC, (maximum, parallel, failed), strict=True))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (counts(), (30, 4, 5)),
        (counts(50), (50, 4, 5)),
        (counts(3), (3, 3, 3)),
        (counts(3, 9), (3, 9, 3)),
        (counts(None, 8, 0), (30, 8, 0)),
    ],
    ids=str,
)
def test_the_counts_of_the_command_line_are_the_documents(given, expected):
    spec = overridden(DOCUMENT, given, None).data["spec"]
    assert tuple(spec[field] for field in SPEC) == expected


def test_katibs_default_of_three_parallel_trials_is_lowered_too():
    changed = overridden(Document({"spec": {}}), counts(2), None)
    assert changed.data["spec"] == {"parallelTrialCount": 2, "maxTrialCount": 2}


def test_a_name_of_the_command_line_is_the_documents():
    assert overridden(DOCUMENT, counts(), "b").data["metadata"] == {"name": "b"}


def test_the_document_itself_stays_as_it_is():
    overridden(DOCUMENT, counts(1, 1, 1), "b")
    assert DOCUMENT.data == {"metadata": {"name": "a"}, "spec": SPEC}
    assert SPEC["maxTrialCount"] == 30


@pytest.mark.parametrize("data", [{}, {"spec": None}, {"spec": [], "metadata": "x"}])
def test_a_broken_document_is_left_to_validation(data):
    assert overridden(Document(data), counts(1), "b").data == data
