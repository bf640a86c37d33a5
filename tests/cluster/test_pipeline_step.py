"""The step ``run_experiment`` on a real Katib: image, compiled command and ServiceAccount."""

from __future__ import annotations

import re

import pytest

from katib_experiments.cluster import KatibBackend
from katib_experiments.cluster.client import Cluster, objects_path
from katib_experiments.cluster.objects import sources
from katib_experiments.cluster.rights import lacking
from katib_experiments.cluster.watching import Feeds
from katib_experiments.experiment.document import dumps
from pipelines.image import IMAGE
from tests.support.backends import (
    REACHABLE,
    REASON_TO_SKIP,
    a_namespace,
    has_image,
    on_katib,
    shell_image,
)
from tests.support.steps import ACCOUNT, Steps, steps_in, uid

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(not REACHABLE, reason=REASON_TO_SKIP),
]

TRIAL_IMAGE = "katib-automl/trial:0.1.0"


@pytest.fixture(scope="module")
def real() -> Cluster:
    cluster = Cluster()
    if not has_image(cluster, IMAGE):
        pytest.skip(f"no node has {IMAGE}: make image-pipelines, and load it")
    return cluster


@pytest.fixture(scope="module")
def steps(real):
    with a_namespace(real) as namespace:
        yield steps_in(real, namespace)


@pytest.fixture(scope="module")
def backend(steps):
    return KatibBackend(steps.namespace, cluster=steps.cluster)


@pytest.fixture
def document(real, steps):
    """Makes an Experiment of Trials of a second, which belongs to no other namespace."""

    def made(name: str, **fields) -> str:
        made = on_katib(shell_image(real), name, **fields)
        made["metadata"] |= {"namespace": None, "labels": {"namespace": steps.namespace}}
        return dumps(made)

    return made


def of(steps: Steps, name: str) -> str:
    return uid(steps.cluster, objects_path(steps.namespace, "experiments", name))


def test_the_account_has_the_rights_of_the_role_and_no_other(steps):
    assert not list(lacking(steps.cluster, steps.namespace, f"{steps.namespace}:{ACCOUNT}"))
    with steps.without("watch", "trials"):
        found = list(lacking(steps.cluster, steps.namespace, f"{steps.namespace}:{ACCOUNT}"))
    assert list(map(str, found)) == ["watch trials"]


IMPORTS = """
import os, sys, kfp.dsl.executor_main, katib_experiments.cluster, pipelines.automl
import pipelines.steps.search_step
sources = [m.__spec__ for m in [*sys.modules.values()] if getattr(m, "__spec__", None)]
sources = [s for s in sources if (s.origin or "").endswith(".py")]
uncompiled = {s.origin for s in sources if not os.path.exists(s.cached)}
print(os.getuid(), len(sources) > 1000, *uncompiled)
"""


def test_the_image_is_not_root_and_all_that_a_step_imports_was_compiled(steps):
    ended = steps.ended(steps.start_command("python", "-c", IMPORTS))
    assert ended.log == "65532 True"


WHOLE = """run --local --output=/tmp/runs --max_trials=2 --autokeras_trials=1 --autokeras_epochs=1
 --autokeras_tuner=random --final_epochs=20 --seeds=1"""


def test_every_step_of_the_whole_way_runs_in_the_image(steps):
    ended = steps.ended(steps.start_command("python", "-m", "pipelines", *WHOLE.split()))
    assert ended.exit_code == 0, ended.log
    assert float(re.search(r"^result: (.*)$", ended.log, re.MULTILINE)[1]) > 0.9


def test_a_shipped_experiment_is_run_to_its_end_and_its_best_parameters_handed_on(steps, backend):
    if not has_image(steps.cluster, TRIAL_IMAGE):
        pytest.skip(f"no node has {TRIAL_IMAGE}: make image, and load it")
    counts = {"max_trials": 2, "parallel_trials": 1, "max_failed_trials": 0}
    ended = steps.run(experiment="random", backend="katib", run_id="f00dcafe-1", **counts)
    assert ended.exit_code == 0, ended.log
    outputs = ended.outputs()
    best = backend.outcome("random-f00dcafe").status.optimal
    assert outputs["experiment_name"] == "random-f00dcafe"
    assert outputs["best_parameters"] == best.assignments
    assert outputs["objective_value"] > 0.5
    assert "2 of 2 Trials ended (2 Succeeded); best val_accuracy" in ended.log


def half_way(steps: Steps, backend: KatibBackend, name: str) -> str:
    """Wait until the Experiment has a Trial that ended and is not over; its UID."""
    own = {"experiments": sources(steps.namespace, name)["experiments"]}
    with Feeds(steps.cluster, own) as feeds:  # a watch of the backend needs it to be there
        for _ in feeds.changes(timeout=60):
            if feeds.objects()["experiments"]:
                break
    for outcome in backend.watch(name):
        if any(trial.condition.ended for trial in outcome.trials):
            break
    assert not outcome.status.condition.ended
    return of(steps, name)


def test_a_step_that_was_killed_takes_up_its_experiment_when_it_is_started_again(
    steps, backend, document
):
    inputs, name = {"backend": "katib", "run_id": "f00dcafe-2"}, "killed-f00dcafe"
    inputs["experiment"] = document("killed", maxTrialCount=4, parallelTrialCount=1)
    pod = steps.start(**inputs)
    first = half_way(steps, backend, name)
    steps.kill(pod)
    ended = steps.run(**inputs)
    assert ended.exit_code == 0, ended.log
    assert f"{name}: taken up" in ended.log
    assert of(steps, name) == first
    assert [each for each in backend.names() if each.startswith("killed")] == [name]
    assert len(backend.outcome(name).trials) == 4
    assert ended.outputs()["best_parameters"].keys() == {"x"}


def test_what_runs_on_after_its_step_is_removed(steps, backend, document):
    inputs, name = {"backend": "katib", "run_id": "f00dcafe-3"}, "left-f00dcafe"
    inputs["experiment"] = document("left", maxTrialCount=20, parallelTrialCount=1)
    pod = steps.start(**inputs)
    half_way(steps, backend, name)
    steps.kill(pod)
    ended = steps.run("remove-leftovers", **inputs)
    assert ended.exit_code == 0, ended.log
    assert f"removed: {name}" in ended.log
    assert of(steps, name) == ""


@pytest.mark.parametrize(
    ("verb", "missing"),
    [
        ("", 'cannot list resource "experiments" in API group "kubeflow.org"'),
        ("create", 'cannot create resource "experiments" in API group "kubeflow.org"'),
    ],
    ids=["all", "create"],
)
def test_a_right_that_is_missing_is_named_and_the_step_fails(steps, document, verb, missing):
    name = f"forbidden-{verb or 'all'}"
    with steps.without(verb, "experiments"):
        ended = steps.run(experiment=document(name), backend="katib")
    assert ended.exit_code == 1
    assert missing in ended.last_words
    assert f"system:serviceaccount:{steps.namespace}:{ACCOUNT}" in ended.last_words
    assert of(steps, name) == ""


def test_a_failed_experiment_fails_the_step_with_the_output_of_a_trial_and_stays(steps, document):
    fields = {"command": ("sh", "-c", "echo no data for ${trialParameters.x}; exit 3")}
    text = document("failing", maxFailedTrialCount=1, parallelTrialCount=1, **fields)
    ended = steps.run(experiment=text, backend="katib", afterwards="delete")
    assert ended.exit_code == 1
    assert "Experiment failing has no best Trial; it is Failed: ExperimentFailed" in ended.log
    assert "no data for 0." in ended.last_words
    assert "Traceback" not in ended.log
    assert of(steps, "failing")


def test_a_bad_document_fails_the_step_and_nothing_is_created(steps, document):
    text = document("bad", objective={"type": "maximise", "objectiveMetricName": "accuracy"})
    ended = steps.run(experiment=text, backend="katib")
    assert ended.exit_code == 1
    assert 'spec.objective.type: Invalid value: "maximise"' in ended.last_words
    assert of(steps, "bad") == ""


def test_an_api_server_that_does_not_answer_fails_the_step(steps, document):
    nowhere = {"KUBERNETES_SERVICE_PORT": "1"}
    ended = steps.run(experiment=document("lost"), backend="katib", env=nowhere)
    assert ended.exit_code == 1
    assert "does not answer" in ended.last_words


def test_trials_that_never_start_end_the_step_with_the_reason(steps, document):
    inputs = {"image": "localhost/nowhere/at-all:1", "backend": "katib", "patience_minutes": 1}
    pods = {
        choice: steps.start(experiment=document(f"waiting-{choice}"), afterwards=choice, **inputs)
        for choice in ("keep", "delete")
    }
    for choice, pod in pods.items():
        name, ended = f"waiting-{choice}", steps.ended(pod)
        assert ended.exit_code == 1
        assert f"experiment {name} stands still: no Trial has run for 1 minute" in ended.last_words
        assert "ErrImagePull" in ended.last_words or "ImagePullBackOff" in ended.last_words
        assert bool(of(steps, name)) is (choice == "keep")


def test_what_was_to_be_deleted_is_gone_once_the_result_is_here(steps, document):
    ended = steps.run(
        experiment=document("passing"), backend="katib", max_trials=1, afterwards="delete"
    )
    assert ended.exit_code == 0, ended.log
    assert ended.outputs()["experiment_name"] == "passing"
    assert of(steps, "passing") == ""
