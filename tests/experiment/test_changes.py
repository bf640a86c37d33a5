"""What may change in an Experiment that exists."""

from __future__ import annotations

import pytest

from katib_experiments.errors import ExperimentChanged
from katib_experiments.experiment.changes import refuse_changes
from tests.support.documents import a_document


@pytest.mark.parametrize(
    "fields",
    [
        {"algorithm": {"algorithmName": "grid", "algorithmSettings": []}},
        {"resumePolicy": ""},
        {"metricsCollectorSpec": {}},
        {"maxTrialCount": 9},
    ],
)
def test_an_empty_field_is_one_that_is_not_there(fields):
    """Katib's API server keeps none, and the document comes back without it."""
    refuse_changes("example", a_document(), a_document(**fields))
    refuse_changes("example", a_document(**fields), a_document())


@pytest.mark.parametrize("job", [{"backoffLimit": 1}, {"suspend": 0, "parallelism": 1}])
def test_any_other_field_that_differs_is_named(job):
    with pytest.raises(ExperimentChanged, match=rf"trialSpec\.spec\.{next(iter(job))}: .* became"):
        refuse_changes("example", a_document(), a_document(job=job))
