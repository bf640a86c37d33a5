"""``metadata``, the three counts and the resume policy."""

import pytest

from tests.experiment.samples import MISSING, errors, problems, warnings_of


@pytest.mark.parametrize(
    "name", ["Random_A", "9lives", "a.b", "ends-", "-begins", "a" * 41, "é", "", MISSING]
)
def test_a_name_that_katib_refuses_is_refused(name):
    (problem,) = errors({"metadata.name": name})
    assert problem.path == "metadata.name"


@pytest.mark.parametrize("name", ["a", "a-1", "a" * 40])
def test_a_name_may_have_letters_digits_and_dashes(name):
    assert errors({"metadata.name": name}) == []


def test_a_generated_name_is_none():
    (problem,) = errors({"metadata.name": MISSING, "metadata.generateName": "a-"})
    assert problem.path == "metadata.generateName"


@pytest.mark.parametrize("namespace", ["Team", "a_b", "a" * 64, "a.b"])
def test_a_namespace_is_a_label(namespace):
    (problem,) = errors({"metadata.namespace": namespace})
    assert problem.path == "metadata.namespace"


@pytest.mark.parametrize(
    ("changes", "path", "rule"),
    [
        ({"maxTrialCount": 0}, "maxTrialCount", "must be greater than 0"),
        ({"parallelTrialCount": 0}, "parallelTrialCount", "must be greater than 0"),
        ({"maxFailedTrialCount": -1}, "maxFailedTrialCount", "should not be less than 0"),
        ({"parallelTrialCount": 13}, "parallelTrialCount", "less than or equal to spec.maxTrial"),
        ({"maxFailedTrialCount": 13}, "maxFailedTrialCount", "less than or equal to spec.maxTri"),
        ({"maxTrialCount": 2**31}, "maxTrialCount", "must be at most 2147483647"),
    ],
)
def test_a_count_out_of_range_is_one_error(changes, path, rule):
    (problem,) = errors({f"spec.{key}": value for key, value in changes.items()})
    assert problem.path == f"spec.{path}"
    assert rule in problem.rule


def test_the_default_of_parallel_trials_counts_too():
    changes = {"spec.parallelTrialCount": MISSING, "spec.maxTrialCount": 2}
    (problem,) = errors(changes | {"spec.maxFailedTrialCount": 1})
    assert problem.path == "spec.parallelTrialCount"
    assert "its default is 3" in problem.rule


def test_no_limits_are_warnings():
    assert errors({"spec.maxTrialCount": MISSING}) == []
    (problem,) = warnings_of({"spec.maxTrialCount": MISSING})
    assert "again and again at its goal" in problem.rule
    endless = {"spec.maxTrialCount": MISSING, "spec.objective.goal": MISSING}
    assert "never ends" in warnings_of(endless)[0].rule
    (problem,) = problems({"spec.maxFailedTrialCount": MISSING})
    assert problem.severity == "warning"


def test_no_failed_trial_may_be_allowed():
    assert problems({"spec.maxFailedTrialCount": 0}) == []


@pytest.mark.parametrize("policy", ["Never", "LongRunning", "FromVolume", MISSING])
def test_there_are_three_resume_policies(policy):
    assert errors({"spec.resumePolicy": policy}) == []
    (problem,) = errors({"spec.resumePolicy": "never"})
    assert problem.rule.endswith('did you mean "Never"?')
