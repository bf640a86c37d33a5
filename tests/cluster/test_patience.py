"""An Experiment that stands still is given up, with the reason; one that is slow is not."""

from __future__ import annotations

import threading

import pytest

from katib_experiments.cluster import KatibBackend
from katib_experiments.cluster.objects import Objects
from katib_experiments.cluster.patience import Patience
from katib_experiments.errors import StandsStill
from tests.support.katib import (
    EVENTS,
    EXPERIMENTS,
    PODS,
    TRIALS,
    a_pod,
    a_trial_object,
    a_warning,
    an_experiment_object,
)

NO_IMAGE = {"waiting": {"reason": "ErrImagePull", "message": "no such image"}}
RUNNING = {"running": {}}


@pytest.fixture
def impatient(cluster, fake) -> KatibBackend:
    """Of an Experiment with one Trial, as Katib calls it running."""
    fake.put(EXPERIMENTS, an_experiment_object("Created", "Running"))
    fake.put(TRIALS, a_trial_object("example-a", "0.5", "Created", "Running"))
    return KatibBackend(cluster=cluster, patience=0)


def test_a_trial_whose_pod_never_starts_is_given_up_with_the_reason(impatient, fake):
    fake.put(PODS, a_pod("example-a", NO_IMAGE, phase="Pending"))
    with pytest.raises(StandsStill) as given_up:
        list(impatient.watch("example"))
    first, second, *_ = str(given_up.value).splitlines()
    assert first == "experiment example stands still: no Trial has run for 0 minutes"
    assert second == "1 Trials wait: Trial is Running"
    assert "container main: ErrImagePull: no such image" in str(given_up.value)


def test_so_is_one_whose_pod_is_refused(impatient, fake):
    fake.put(EVENTS, a_warning("Job", "example-a", "exceeded quota"))
    with pytest.raises(StandsStill, match="exceeded quota"):
        list(impatient.watch("example"))


def test_so_is_one_that_katib_does_not_see_the_end_of(impatient, fake):
    fake.put(PODS, a_pod("example-a", {"terminated": {"exitCode": 0}}, phase="Succeeded"))
    with pytest.raises(StandsStill, match="1 Trials wait"):
        list(impatient.watch("example"))


def test_an_experiment_that_katib_does_not_take_up_is_given_up(impatient, fake):
    fake.remove(TRIALS, "example-a")
    fake.put(EXPERIMENTS, an_experiment_object("Created") | {"status": {}})
    with pytest.raises(StandsStill, match="Katib has not taken it up; look: automl doctor"):
        list(impatient.watch("example"))


def ends_later(fake) -> None:
    """After a moment in which an impatient watch would have ended."""
    done = an_experiment_object("Created", "Succeeded")
    threading.Timer(0.1, fake.put, (EXPERIMENTS, done)).start()


@pytest.mark.parametrize(
    "seen", [True, False], ids=["its pod runs", "its pods are not ours to see"]
)
def test_a_trial_that_runs_is_waited_for(impatient, fake, seen):
    if seen:
        fake.put(PODS, a_pod("example-a", RUNNING, phase="Running"))
    ends_later(fake)
    *_, outcome = impatient.watch("example")
    assert outcome.status.condition.ended


def test_one_trial_that_runs_is_enough(impatient, fake):
    fake.put(PODS, a_pod("example-a", NO_IMAGE, phase="Pending"))
    fake.put(TRIALS, a_trial_object("example-b", "0.6", "Created", "Running"))
    fake.put(PODS, a_pod("example-b", RUNNING, phase="Running"))
    ends_later(fake)
    *_, outcome = impatient.watch("example")
    assert outcome.status.condition.ended


def test_the_time_counts_from_when_the_last_trial_ran_or_ended():
    now = 0.0
    patience = Patience(60, lambda: now)
    experiment = an_experiment_object("Created", "Running")
    running = a_trial_object("example-a", "0.5", "Created", "Running")
    ended = a_trial_object("example-a", "0.5", "Created", "Succeeded")

    def left_with(trial, phase):
        pod = a_pod("example-a", phase=phase)
        patience.look(Objects(experiment, trials=[trial], pods=[pod]))
        return patience.left()

    assert left_with(running, "Pending") == 60
    now = 40.0
    assert left_with(running, "Pending") == 20
    assert left_with(running, "Running") is None
    now = 100.0
    assert left_with(running, "Succeeded") == 60
    now = 130.0
    assert left_with(ended, "Succeeded") == 60
    now = 200.0
    assert left_with(ended, "Succeeded") == 0


def test_without_a_limit_it_is_waited_for_without_end(cluster, fake, impatient):
    fake.put(PODS, a_pod("example-a", NO_IMAGE, phase="Pending"))
    ends_later(fake)
    *_, outcome = KatibBackend(cluster=cluster).watch("example")
    assert outcome.status.condition.ended
