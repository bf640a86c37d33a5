"""The EarlyStopping service, with a database manager of this process."""

from __future__ import annotations

from collections.abc import Iterator

import grpc
import pytest

from katib_experiments.experiment.model import AlgorithmSpec, MetricLog, ObjectiveType
from katib_experiments.stopping import early_stopping
from katib_experiments.suggestion.early_stopping import EarlyStoppingService
from katib_experiments.suggestion.rpc import Refused
from katib_experiments.suggestion.stubs import Message, api
from tests.support.builders import a_trial, an_experiment
from tests.support.rpc import FakeDatabase, call, experiment_message, served, trial_messages

METRIC = "val_accuracy"
MEDIANSTOP = AlgorithmSpec("medianstop", {"min_trials_required": "2", "start_step": "2"})
ASHA = AlgorithmSpec("asha", {"min_trials_required": "2", "start_step": "2", "eta": "2"})
CURVES = {"t0": (0.1, 0.2, 0.9), "t1": (0.3, 0.4), "t2": (0.5, 0.2)}


@pytest.fixture
def marked() -> list[str]:
    return []


@pytest.fixture
def channel(marked) -> Iterator[grpc.Channel]:
    with served(EarlyStoppingService(marked.append)) as channel:
        yield channel


def logs(*values: object) -> list[MetricLog]:
    return [MetricLog(100.0 + i, METRIC, str(value)) for i, value in enumerate(values)]


def request_for(spec: AlgorithmSpec, address: str, names=CURVES, **fields: object) -> Message:
    experiment = an_experiment(early_stopping=spec, **fields)
    trials = trial_messages(experiment, [a_trial(name, {}, 0.5) for name in names])
    return api.GetEarlyStoppingRulesRequest(
        experiment=experiment_message(experiment), trials=trials, db_manager_address=address
    )


def rules(channel, request) -> list[tuple[str, str, int, int]]:
    reply = call(channel, "EarlyStopping/GetEarlyStoppingRules", request)
    return [(r.name, r.value, r.comparison, r.start_step) for r in reply.early_stopping_rules]


@pytest.mark.parametrize("spec", [MEDIANSTOP, ASHA], ids=lambda spec: spec.name)
@pytest.mark.parametrize("objective", ObjectiveType)
def test_the_rules_are_those_that_the_algorithm_makes_of_the_same_logs(channel, spec, objective):
    curves = {name: logs(*values) for name, values in CURVES.items()}
    experiment = an_experiment(early_stopping=spec, objective=objective)
    trials = [a_trial(name, {}, 0.5) for name in CURVES]
    (rule,) = early_stopping(spec.name).rules(experiment, trials, curves)
    with FakeDatabase(curves).serving() as address:
        given = rules(channel, request_for(spec, address, objective=objective))
    comparison = api.LESS if objective is ObjectiveType.MAXIMIZE else api.GREATER
    assert given == [(METRIC, rule.value, comparison, 2)]


def test_the_log_of_an_ended_trial_is_fetched_once(channel):
    database = FakeDatabase({name: logs(*values) for name, values in CURVES.items()})
    with database.serving() as address:
        rules(channel, request_for(MEDIANSTOP, address, ("t0", "t1")))
        rules(channel, request_for(MEDIANSTOP, address))
    assert database.asked == ["t0", "t1", "t2"]


def test_values_that_are_no_numbers_are_passed_over(channel):
    curves = {"t0": logs("nan", 0.2, 0.4), "t1": logs("unavailable", "", 0.6)}
    with FakeDatabase(curves).serving() as address:
        given = rules(channel, request_for(MEDIANSTOP, address))
    assert [float(rule[1]) for rule in given] == [pytest.approx(0.45)]


def test_too_few_trials_give_no_rule(channel):
    with FakeDatabase({"t0": logs(0.1, 0.2)}).serving() as address:
        assert rules(channel, request_for(MEDIANSTOP, address, ("t0",))) == []


def test_a_database_that_does_not_answer_is_asked_again_later(channel):
    with pytest.raises(grpc.RpcError, match="does not tell the log of t0") as error:
        rules(channel, request_for(MEDIANSTOP, "127.0.0.1:1"))
    assert error.value.code() is grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize(
    ("name", "settings", "rule"),
    [
        ("median", {}, 'did you mean "medianstop"?'),
        ("medianstop", {"start_step": "0"}, "start_step must be at least 1"),
        ("medianstop", {"eta": "3"}, "unknown setting eta"),
        ("asha", {"eta": "three"}, "eta must be a number"),
        ("", {}, "spec.earlyStopping.algorithmName: must be specified"),
    ],
)
def test_wrong_settings_are_an_invalid_argument(channel, name, settings, rule):
    spec = api.EarlyStoppingSpec(algorithm_name=name)
    for key, value in settings.items():
        spec.algorithm_settings.add(name=key, value=value)
    request = api.ValidateEarlyStoppingSettingsRequest(early_stopping=spec)
    with pytest.raises(grpc.RpcError) as error:
        call(channel, "EarlyStopping/ValidateEarlyStoppingSettings", request)
    assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert rule in error.value.details()


def test_sound_settings_are_valid(channel):
    spec = api.EarlyStoppingSpec(algorithm_name="medianstop")
    request = api.ValidateEarlyStoppingSettingsRequest(early_stopping=spec)
    call(channel, "EarlyStopping/ValidateEarlyStoppingSettings", request)


def test_a_stopped_trial_is_marked(channel, marked):
    call(channel, "EarlyStopping/SetTrialStatus", api.SetTrialStatusRequest(trial_name="t7"))
    assert marked == ["t7"]


def test_a_cluster_that_refuses_is_quoted():
    def refuse(trial: str) -> None:
        raise Refused(f"cannot mark {trial}: 403 forbidden")

    with (
        served(EarlyStoppingService(refuse)) as channel,
        pytest.raises(grpc.RpcError, match="403 forbidden") as error,
    ):
        call(channel, "EarlyStopping/SetTrialStatus", api.SetTrialStatusRequest(trial_name="t7"))
    assert error.value.code() is grpc.StatusCode.FAILED_PRECONDITION
