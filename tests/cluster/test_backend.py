"""What the backend asks of the API, and what it makes of the answers."""

from __future__ import annotations

import threading

import pytest

from katib_experiments.cluster.namesakes import LABEL
from katib_experiments.errors import (
    ClusterError,
    DocumentError,
    ExperimentChanged,
    ExperimentNotFound,
    TrialNotFound,
)
from katib_experiments.experiment.model import ExperimentCondition
from tests.support.documents import a_parsed
from tests.support.katib import (
    EVENTS,
    EXPERIMENTS,
    PODS,
    TRIALS,
    a_pod,
    a_trial_object,
    an_experiment_object,
)


def writes(fake) -> list[str]:
    """All but dry runs."""
    return [
        method
        for method, path, _ in fake.requests
        if method != "GET" and not path.endswith("/jobs")
    ]


def test_the_document_is_created_in_the_backends_namespace(backend, fake):
    backend.submit(a_parsed())
    made = fake.collections[EXPERIMENTS]["example"]
    assert made["metadata"]["namespace"] == "default"
    assert made["spec"] == a_parsed().document["spec"]


ELSEWHERE = EXPERIMENTS.replace("default", "team-b")


def a_namesake(fake, *history: str, **labels: str) -> None:
    other = an_experiment_object(*history)
    other["metadata"] |= {"namespace": "team-b", "labels": labels}
    fake.put(ELSEWHERE, other)


def test_a_running_namesake_whose_search_would_get_these_trials_is_named(backend, fake):
    a_namesake(fake, "Created", "Running")
    with pytest.raises(ClusterError, match="runs in namespace team-b too"):
        backend.submit(a_parsed())
    assert not writes(fake)


@pytest.mark.parametrize(
    ("history", "labels"),
    [(("Created", "Succeeded"), {}), (("Created",), {LABEL: "team-b"})],
    ids=["ended", "submitted too"],
)
def test_a_namesake_that_has_ended_or_bears_its_own_label_is_none(backend, fake, history, labels):
    a_namesake(fake, *history, **labels)
    backend.submit(a_parsed())
    assert writes(fake) == ["POST"]


def test_who_may_not_look_into_other_namespaces_submits_all_the_same(backend, fake):
    a_namesake(fake, "Created", "Running")
    everywhere = "/apis/kubeflow.org/v1beta1/experiments"
    fake.refuse = lambda _, path, __: (403, "forbidden") if path == everywhere else None
    backend.submit(a_parsed())
    assert writes(fake) == ["POST"]


def test_the_same_document_again_changes_nothing(backend, fake):
    backend.submit(a_parsed())
    backend.submit(a_parsed())
    assert writes(fake) == ["POST"]


def test_other_counts_are_a_patch_of_them_alone(backend, fake):
    backend.submit(a_parsed())
    backend.submit(a_parsed(maxTrialCount=9, maxFailedTrialCount=None))
    assert writes(fake) == ["POST", "PATCH"]
    assert fake.requests[-1][2] == {
        "spec": {"parallelTrialCount": 2, "maxTrialCount": 9, "maxFailedTrialCount": None}
    }
    assert fake.collections[EXPERIMENTS]["example"]["spec"]["maxTrialCount"] == 9


def test_another_document_is_refused_with_the_field(backend):
    backend.submit(a_parsed())
    with pytest.raises(ExperimentChanged, match=r'algorithmName: "grid" became "random"'):
        backend.submit(a_parsed(algorithm={"algorithmName": "random"}))


def test_an_edit_that_the_webhook_refuses_keeps_its_words(backend, fake):
    backend.submit(a_parsed())
    fake.refuse = lambda method, *_: (400, "can be restarted if …") if method == "PATCH" else None
    with pytest.raises(ExperimentChanged, match="can be restarted if"):
        backend.submit(a_parsed(maxTrialCount=9))


JOBS = "/apis/batch/v1/namespaces/default/jobs"


def test_a_job_that_kubernetes_would_not_take_is_the_documents_error(backend, fake):
    template = "spec.template.spec.containers[0]"
    fake.invalid[JOBS] = {f"{template}.resources.requests": "must be less", f"{template}.x": "no"}
    with pytest.raises(DocumentError) as refused:
        backend.submit(a_parsed())
    assert [(each.path, each.rule) for each in refused.value.problems] == [
        (f"spec.trialTemplate.trialSpec.{template}.resources.requests", "Kubernetes: must be less"),
        (f"spec.trialTemplate.trialSpec.{template}.x", "Kubernetes: no"),
    ]
    assert not writes(fake)


def test_who_may_not_make_jobs_submits_without_a_rehearsal(backend, fake):
    fake.refuse = lambda _, path, __: (403, "forbidden") if path == JOBS else None
    backend.submit(a_parsed())
    assert writes(fake) == ["POST"]


def test_a_lower_parallel_count_does_not_cost_running_trials(backend, fake):
    fake.put(EXPERIMENTS, an_experiment_object("Created", "Running", status={"trialsRunning": 2}))
    with pytest.raises(ExperimentChanged, match="Katib would delete the newest"):
        backend.submit(a_parsed(parallelTrialCount=1))


def test_watch_tells_of_every_change_and_ends_with_the_experiment(backend, fake):
    fake.put(EXPERIMENTS, an_experiment_object("Created"))
    outcomes = backend.watch("example")
    assert next(outcomes).trials == ()
    fake.put(TRIALS, a_trial_object("example-a", "0.5", "Created", "Running"))
    assert next(outcomes).trials[0].assignments == {"x": "0.5"}
    fake.put(TRIALS, a_trial_object("example-a", "0.5", "Created", "Succeeded", value="0.5"))
    assert next(outcomes).trials[0].value(a_parsed().objective) == 0.5
    fake.put(EXPERIMENTS, an_experiment_object("Created", "Succeeded"))
    assert [each.status.condition for each in outcomes] == [ExperimentCondition.SUCCEEDED]


@pytest.mark.parametrize(
    "cut",
    [{}, {"forget": True}, {"within": True}, {"forget": True, "within": True}],
    ids=["ended", "too old", "connection lost", "lost and too old"],
)
def test_a_watch_that_is_cut_off_misses_nothing(backend, fake, cut):
    fake.put(EXPERIMENTS, an_experiment_object("Created"))
    outcomes = backend.watch("example")
    next(outcomes)
    fake.cut(**cut)
    fake.put(TRIALS, a_trial_object("example-a", "0.5", "Created", "Running"))
    assert len(next(outcomes).trials) == 1


def test_a_watch_ends_with_the_error_that_it_met(backend, fake):
    fake.put(EXPERIMENTS, an_experiment_object("Created"))
    outcomes = backend.watch("example")
    next(outcomes)
    fake.refuse = lambda *_: (403, "trials is forbidden")
    fake.cut()
    with pytest.raises(ClusterError, match="trials is forbidden"):
        next(outcomes)


@pytest.mark.parametrize("failures", [2, 3])
def test_a_server_that_is_away_for_a_while_is_waited_for(backend, fake, failures):
    fake.put(EXPERIMENTS, an_experiment_object("Created"))
    outcomes = backend.watch("example")
    next(outcomes)
    left = [(503, "starting")] * failures
    fake.refuse = lambda _, path, __: left.pop() if left and path == TRIALS else None
    fake.cut()
    fake.put(TRIALS, a_trial_object("example-a", "0.5", "Created", "Running"))
    if failures > 2:
        with pytest.raises(ClusterError, match="starting"):
            next(outcomes)
    else:
        assert len(next(outcomes).trials) == 1


def test_watching_leaves_no_thread_behind(backend, fake):
    fake.put(EXPERIMENTS, an_experiment_object("Created"))
    outcomes = backend.watch("example")
    next(outcomes)
    outcomes.close()
    assert not [each.name for each in threading.enumerate() if each.name.startswith("watch ")]


def test_an_experiment_deleted_under_watch_is_an_error(backend, fake):
    fake.put(EXPERIMENTS, an_experiment_object("Created"))
    outcomes = backend.watch("example")
    next(outcomes)
    fake.remove(EXPERIMENTS, "example")
    with pytest.raises(ExperimentNotFound, match="was deleted"):
        next(outcomes)


def test_a_raised_count_is_waited_for_although_the_old_end_still_shows(backend, fake):
    ended = {"reason": "ExperimentMaxTrialsReached", "resumePolicy": "LongRunning"}
    done = {"trialsSucceeded": 4}
    fake.put(EXPERIMENTS, an_experiment_object("Succeeded", maxTrialCount=6, status=done, **ended))
    outcomes = backend.watch("example")
    assert next(outcomes).status.condition is ExperimentCondition.SUCCEEDED
    done = {"trialsSucceeded": 6}
    fake.put(EXPERIMENTS, an_experiment_object("Succeeded", maxTrialCount=6, status=done, **ended))
    assert len(list(outcomes)) == 1


def test_names_are_the_newest_first(backend, fake):
    for name in ("b", "c", "a"):
        fake.put(EXPERIMENTS, {"metadata": {"name": name}})
    assert backend.names() == ["a", "c", "b"]


def test_delete_returns_when_it_and_its_trials_are_gone(backend, fake):
    fake.put(EXPERIMENTS, an_experiment_object("Created"))
    fake.put(TRIALS, a_trial_object("example-a", "0.5", "Created", "Running"))
    threading.Timer(0.05, fake.remove, (TRIALS, "example-a")).start()
    backend.delete("example")
    assert not fake.collections[TRIALS]
    assert backend.names() == []
    with pytest.raises(ExperimentNotFound, match="example"):
        backend.delete("example")


def test_why_a_trial_failed_is_remembered_when_its_pod_is_gone(backend, fake):
    fake.put(EXPERIMENTS, an_experiment_object("Created", "Running"))
    fake.put(TRIALS, a_trial_object("example-a", "0.5", "Created", "Failed"))
    fake.put(PODS, a_pod("example-a", {"terminated": {"exitCode": 3, "reason": "Error"}}))
    outcomes = backend.watch("example")
    next(outcomes)
    fake.remove(PODS, "example-a-pod")
    fake.put(EXPERIMENTS, an_experiment_object("Created", "Failed"))
    *_, outcome = outcomes
    assert "exit code 3" in outcome.trials[0].message


def test_who_may_not_read_pods_and_events_goes_without_reasons(backend, fake):
    fake.put(EXPERIMENTS, an_experiment_object("Created", "Running"))
    fake.refuse = lambda _, path, __: (403, "forbidden") if path in (PODS, EVENTS) else None
    assert backend.outcome("example").trials == ()
    outcomes = backend.watch("example")
    next(outcomes)
    fake.put(EXPERIMENTS, an_experiment_object("Created", "Succeeded"))
    assert next(outcomes).status.condition is ExperimentCondition.SUCCEEDED


SIDECAR = """\
I0101 00:00:01.000000      12 main.go:396] Trial Name: example-a
I0101 00:00:02.000000      12 main.go:139] epoch=1 accuracy=0.4
I0101 00:00:03.000000      12 main.go:139] accuracy=nan
W0101 00:00:04.000000      12 file-metricscollector.go:92] Metrics will not have timestamp
I0101 00:00:04.000000      12 main.go:455] Metrics reported. :
metric_logs:{time_stamp:"0001-01-01T00:00:00Z" metric:{name:"accuracy" value:"0.4"}}
"""


def with_output(fake, *history: str) -> None:
    fake.put(EXPERIMENTS, an_experiment_object("Created", "Running"))
    fake.put(TRIALS, a_trial_object("example-a", "0.4", *history))
    state = {"running": {}}
    fake.put(PODS, a_pod("example-a", state, container="metrics-logger-and-collector"))
    fake.answers[f"{PODS}/example-a-pod/log"] = SIDECAR


def test_the_lines_are_the_trainers_out_of_katibs_sidecar(backend, fake):
    with_output(fake, "Created", "Succeeded")
    assert list(backend.logs("example", "example-a")) == ["epoch=1 accuracy=0.4", "accuracy=nan"]


def test_lines_are_followed_once_the_container_has_started(backend, fake):
    with_output(fake, "Created", "Running")
    assert len(list(backend.logs("example", "example-a", follow=True))) == 2


def test_learning_curves_are_read_when_they_are_asked_for(backend, fake):
    with_output(fake, "Created", "Succeeded")
    outcome = backend.outcome("example")
    assert not any(path.endswith("/log") for _, path, _ in fake.requests)
    assert [log.value for log in outcome.logs["example-a"]] == ["0.4"]


def test_a_pod_that_is_gone_leaves_no_curve_and_says_what_keeps_it(backend, fake):
    with_output(fake, "Created", "Succeeded")
    fake.remove(PODS, "example-a-pod")
    assert dict(backend.outcome("example").logs) == {"example-a": []}
    with pytest.raises(ClusterError, match="retain: true"):
        list(backend.logs("example", "example-a"))


def test_a_trial_of_another_experiment_is_not_found(backend, fake):
    with_output(fake, "Created", "Running")
    other = a_trial_object("other-a", "0.4", "Created")
    other["metadata"]["labels"]["katib.kubeflow.org/experiment"] = "other"
    fake.put(TRIALS, other)
    for name in ("nobody", "other-a"):
        with pytest.raises(TrialNotFound, match=name):
            backend.logs("example", name)
