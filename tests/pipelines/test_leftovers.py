"""What is removed once a search is over, and what is not."""

from __future__ import annotations

import pytest

from katib_experiments.errors import ClusterError
from pipelines.components import remove_leftovers
from pipelines.steps.document import Changes, experiment_with
from tests.support.katib import EXPERIMENTS, conditions

RUN = "abcdef12-3456"


def put(fake, document: str, *history: str, run: str = RUN) -> None:
    experiment = experiment_with(document, Changes(run_id=run, namespace="default"))
    status = {"conditions": conditions("Experiment", *history)}
    fake.put(EXPERIMENTS, {**experiment.document, "status": status})


def removed(document: str, **inputs: str) -> str:
    given = {"backend": "katib", "run_id": RUN, "namespace": "default", **inputs}
    return remove_leftovers.python_func(experiment=document, **given)


def test_what_still_runs_is_removed_and_that_of_another_run_is_not(fake, document: str):
    put(fake, document, "Created", "Running")
    put(fake, document, "Created", "Running", run="other-run")
    assert removed(document) == "example-abcdef12"
    assert list(fake.collections[EXPERIMENTS]) == ["example-otherrun"]


@pytest.mark.parametrize("end", ["Succeeded", "Failed"])
def test_what_has_ended_is_kept_with_its_reason(fake, document: str, end: str):
    put(fake, document, "Created", "Running", end)
    assert removed(document) == ""
    assert list(fake.collections[EXPERIMENTS]) == ["example-abcdef12"]


def test_nothing_is_done_where_nothing_can_be_left(fake, document: str, capsys):
    put(fake, document, "Created", "Running")
    assert removed(document, run_id="fedcba98") == ""
    assert removed(document, run_id="") == ""
    assert removed(document, backend="local") == ""
    assert removed("nothing: of\nthe: kind") == ""
    assert removed("no-such-name") == ""
    said = capsys.readouterr().out
    assert "without a run_id no Experiment is this run's own" in said
    assert said.count("no such Experiment was ever made") == 2
    assert not [each for each in fake.requests if each[0] == "DELETE"]


def test_a_cluster_that_does_not_let_it_fails_the_step(fake, document: str):
    put(fake, document, "Created", "Running")
    fake.refuse = lambda method, *_: (403, "cannot delete") if method == "DELETE" else None
    with pytest.raises(ClusterError, match="cannot delete"):
        removed(document)
