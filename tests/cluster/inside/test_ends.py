"""How Experiments and their Trials end, on Katib and here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from katib_experiments.backend import Outcome
from katib_experiments.experiment.model import TrialCondition
from tests.support.outcomes import Both, Search, end, ended, reason

pytestmark = pytest.mark.cluster


def choices(*values: str) -> dict[str, Any]:
    """The fields of a grid of these x, in this order."""
    space = {"list": list(values)}
    parameter = {"name": "x", "parameterType": "discrete", "feasibleSpace": space}
    return {"parameters": [parameter], "maxTrialCount": len(values)}


def but(otherwise: Mapping[str, str], report: str = "echo accuracy=${trialParameters.x}") -> str:
    """A script that reports x, and does something else where it has one of these values."""
    cases = "".join(f"{value}) {action};; " for value, action in otherwise.items())
    return f"case ${{trialParameters.x}} in {cases} *) {report};; esac"


def states(outcome: Outcome) -> list[tuple[str, str, str]]:
    """Point, condition and reason of each Trial."""
    return [(t.assignments["x"], t.condition.value, reason(t)) for t in outcome.trials]


FOUR = choices("0.1", "0.2", "0.3", "0.4")
GOAL = {"objective": {"type": "maximize", "objectiveMetricName": "accuracy", "goal": 0.3}}
TWO_MAY_FAIL = {"maxFailedTrialCount": 2}
ENDS = {
    "the goal is reached": (but({}), GOAL, "ExperimentGoalReached"),
    "too many crash": (but({"0.*": "exit 3"}), TWO_MAY_FAIL, "ExperimentFailed"),
    "too many have no metrics": (but({"0.*": "echo so"}), TWO_MAY_FAIL, "ExperimentFailed"),
    "one crashes": (but({"0.2": "exit 3"}), {}, "ExperimentMaxTrialsReached"),
    "one never prints the metric": (but({"0.2": "echo so"}), {}, "ExperimentMaxTrialsReached"),
}


@pytest.mark.parametrize("case", ENDS)
def test_an_experiment_ends_on_katib_as_it_does_here(both: Both, case: str):
    script, fields, why = ENDS[case]
    there, here = both("grid", script, **FOUR, **fields)
    assert end(there)[1] == why
    assert end(there) == end(here)
    assert states(there) == states(here)


def test_a_value_that_is_no_number_harms_only_its_trial(both: Both):
    """The search goes on to its end. Katib calls that Trial succeeded, the engine does not."""
    there, here = both("grid", but({"0.2": "echo accuracy=nan"}), **FOUR)
    assert end(there) == end(here)
    assert [each.assignments for each in there.trials] == [t.assignments for t in here.trials]
    assert there.trials[1].condition is TrialCondition.SUCCEEDED
    assert here.trials[1].condition is TrialCondition.METRICS_UNAVAILABLE
    assert there.status.optimal.assignments == here.status.optimal.assignments == {"x": "0.4"}


def test_a_grid_ends_though_katib_starts_more_trials_than_it_has_points(both: Both):
    """Katib starts another Trial for one without metrics; it gets a point of the same space."""
    script = but({"0.1": "echo so", "0.4": "sleep 9; echo accuracy=0.4"})
    there, here = both("grid", script, **FOUR | {"parallelTrialCount": 2})
    assert end(there) == end(here)
    assert len(here.trials) == 4
    assert len(there.trials) == 5
    assert there.trials[4].assignments["x"] in {"0.1", "0.2", "0.3", "0.4"}


def test_a_finished_grid_that_is_asked_for_more_goes_on_with_points_of_its_space(search, katib):
    fields = choices("0.1", "0.2") | {"resumePolicy": "LongRunning"}
    first = ended(katib, search("grid", but({}), **fields))
    more = ended(katib, search("grid", but({}), **fields | {"maxTrialCount": 3}))
    assert more.trials[:2] == first.trials
    assert end(more) == ("Succeeded", "ExperimentMaxTrialsReached")
    assert more.trials[2].assignments["x"] in {"0.1", "0.2"}


def test_a_raised_count_goes_on_where_the_search_was(search: Search, katib, engine):
    def run(backend: Any, count: int) -> Outcome:
        settings = {"n_initial_points": "2"}
        fields = {"maxTrialCount": count, "resumePolicy": "LongRunning", "settings": settings}
        return ended(backend, search("bayesianoptimization", but({}), **fields))

    first = run(katib, 3)
    there = run(katib, 5)
    here = run(engine, 5)
    assert there.trials[:3] == first.trials
    assert [trial.assignments for trial in there.trials] == [t.assignments for t in here.trials]
    assert end(there) == end(here)


SLOW = "echo accuracy=${trialParameters.x}; sleep 1; echo accuracy=${trialParameters.x}"
STOPPED = {
    "medianstop": ({"min_trials_required": "1", "start_step": "2"}, ("0.5", "0.1", "0.7", "0.2")),
    "asha": (
        {"min_trials_required": "2", "start_step": "2", "eta": "2"},
        ("0.5", "0.7", "0.1", "0.9"),
    ),
}


@pytest.mark.parametrize("rule", STOPPED)
def test_early_stopping_stops_the_trials_that_the_engine_stops(both: Both, rule: str):
    settings, values = STOPPED[rule]
    stopping = {
        "algorithmName": rule,
        "algorithmSettings": [{"name": key, "value": value} for key, value in settings.items()],
    }
    # The bad ones would go on for long.
    script = but({"0.1|0.2": f"{SLOW}; sleep 60"}, SLOW)
    there, here = both("grid", script, earlyStopping=stopping, **choices(*values))
    assert end(there) == end(here)
    assert states(there) == states(here)
    assert [trial.rules for trial in there.trials] == [trial.rules for trial in here.trials]
    stopped = {t.assignments["x"] for t in there.trials if t.reason == "TrialEarlyStopped"}
    assert stopped == {"0.1", "0.2"} & set(values)
