"""What holds for every early stopping algorithm."""

from __future__ import annotations

import pytest

from katib_experiments.experiment.model import (
    AlgorithmSpec,
    EarlyStoppingRule,
    MetricLog,
    ObjectiveType,
    TrialCondition,
)
from katib_experiments.experiment.settings import EARLY_STOPPING
from katib_experiments.stopping import RuleCheck, early_stopping
from tests.support.builders import a_trial, an_experiment

METRIC = "val_accuracy"
both = pytest.mark.parametrize("name", sorted(EARLY_STOPPING))


def curve(*values: float, metric: str = METRIC) -> list[MetricLog]:
    return [MetricLog(100.0 + step, metric, str(value)) for step, value in enumerate(values)]


def rules(name, curves, condition=TrialCondition.SUCCEEDED, *, objective="maximize", **settings):
    """The rules after Trials with these curves."""
    spec = AlgorithmSpec(name, {key: str(value) for key, value in settings.items()})
    experiment = an_experiment(objective=ObjectiveType(objective), early_stopping=spec)
    logs = {f"t{number}": values for number, values in enumerate(curves)}
    trials = [a_trial(trial, {}, 1.0, condition) for trial in logs]
    return early_stopping(name).rules(experiment, trials, logs)


def test_every_name_of_the_table_has_an_algorithm():
    for name in EARLY_STOPPING:
        assert hasattr(early_stopping(name), "rules")


@both
def test_no_rule_before_the_trials_that_are_required(name):
    curves = [curve(0.1, 0.2, 0.3, 0.4)] * 4
    assert rules(name, curves[:3], min_trials_required=4, start_step=2) == ()
    assert len(rules(name, curves, min_trials_required=4, start_step=2)) == 1


@both
@pytest.mark.parametrize("condition", ["Running", "Failed", "Killed", "MetricsUnavailable"])
def test_trials_that_did_not_come_to_a_result_do_not_count(name, condition):
    curves = [curve(0.1, 0.2)] * 5
    assert rules(name, curves, TrialCondition(condition), start_step=2) == ()


@both
@pytest.mark.parametrize(
    ("objective", "comparison"), [("maximize", "less"), ("minimize", "greater")]
)
def test_a_rule_stops_what_is_worse_in_the_objectives_direction(name, objective, comparison):
    (rule,) = rules(name, [curve(0.3, 0.5)] * 3, objective=objective, start_step=2)
    assert (rule.name, rule.comparison, rule.start_step) == (METRIC, comparison, 2)


@both
def test_trials_without_reports_of_the_objective_are_tolerated(name):
    curves = [[], curve(0.9, metric="loss"), *[curve(0.5, 0.5)] * 3]
    (rule,) = rules(name, curves, start_step=2)
    assert float(rule.value) == 0.5


@both
def test_the_same_history_gives_the_same_rules_to_a_new_instance(name):
    curves = [curve(0.1 * i, 0.2 * i, 0.3) for i in range(7)]
    assert rules(name, curves, start_step=2) == rules(name, curves, start_step=2)


def test_medianstop_is_katibs_mean_of_the_means_of_the_first_reports():
    curves = [curve(0.1, 0.3, 9.0), curve(0.2, 0.4, 9.0), curve(0.9, 0.9, 9.0)]
    (rule,) = rules("medianstop", curves, start_step=2)
    assert float(rule.value) == pytest.approx((0.2 + 0.3 + 0.9) / 3)


def test_medianstop_takes_the_first_reports_by_time():
    late_first = list(reversed(curve(0.1, 0.2, 0.9)))
    (rule,) = rules("medianstop", [late_first] * 3, start_step=2)
    assert float(rule.value) == pytest.approx(0.15)


def test_medianstop_averages_a_trial_that_reported_less_than_start_step_over_what_there_is():
    (rule,) = rules("medianstop", [curve(0.4)] * 3, start_step=4)
    assert float(rule.value) == pytest.approx(0.4)


def test_medianstop_leaves_out_early_stopped_trials():
    assert rules("medianstop", [curve(0.1, 0.2)] * 5, TrialCondition.EARLY_STOPPED) == ()


def test_asha_lets_the_best_share_through():
    curves = [curve(value / 10, 0.0) for value in range(1, 10)]
    (rule,) = rules("asha", curves, start_step=2, eta=3)
    assert float(rule.value) == 0.7, "three of nine are at least that good"


def test_asha_counts_the_best_value_up_to_its_step():
    curves = [curve(0.2, 0.6, 0.1, 0.99)] * 3
    (rule,) = rules("asha", curves, start_step=3)
    assert float(rule.value) == 0.6


def test_asha_leaves_out_trials_that_never_came_to_its_step():
    curves = [curve(0.5), curve(0.6, 0.7), curve(0.1, 0.2)]
    assert rules("asha", curves, min_trials_required=3, start_step=2) == ()


def check(direction: str, *given) -> RuleCheck:
    objective = an_experiment(objective=ObjectiveType(direction)).objective
    return RuleCheck(objective, tuple(EarlyStoppingRule(*rule) for rule in given))


def met(checked: RuleCheck, logs: list[MetricLog]) -> list[bool]:
    return [checked.met([log]) for log in logs]


def test_a_rule_counts_from_the_report_of_its_start_step():
    checked = check("maximize", (METRIC, "0.5", "less", 3))
    assert met(checked, curve(0.1, 0.1, 0.1)) == [False, False, True]


def test_a_rule_is_compared_with_the_best_value_so_far():
    checked = check("maximize", (METRIC, "0.5", "less", 3))
    assert met(checked, curve(0.1, 0.6, 0.1, 0.1)) == [False] * 4
    checked = check("minimize", (METRIC, "0.5", "greater", 2))
    assert met(checked, curve(0.4, 0.9, 0.9)) == [False] * 3


def test_a_trial_is_stopped_once_all_its_rules_are_met():
    checked = check("maximize", (METRIC, "0.5", "less", 1), ("epoch", "3", "equal", 0))
    assert met(checked, curve(0.1)) == [False]
    assert met(checked, curve(1, 2, 3, 4, metric="epoch")) == [False, False, True, True]


def test_a_trial_without_rules_is_never_stopped():
    assert met(check("maximize"), curve(0.0, -1.0)) == [False, False]
