"""The Suggestion service, asked over gRPC as Katib asks it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import grpc
import pytest

from katib_experiments.algorithms import algorithm
from katib_experiments.algorithms.base import History
from katib_experiments.experiment.model import TrialCondition
from katib_experiments.suggestion.convert import trial_of
from katib_experiments.suggestion.service import SuggestionService
from katib_experiments.suggestion.stubs import SuggestionsRequest, api
from tests.support.builders import MIXED, a_trial, an_experiment, double, integer
from tests.support.rpc import (
    GrpcAlgorithm,
    call,
    experiment_message,
    served,
    suggestions_request,
    trial_message,
)
from tests.support.simulation import simulate

X = (double("x", 0.0, 1.0), double("y", 0.0, 1.0))


@pytest.fixture(scope="module")
def channel() -> Iterator[grpc.Channel]:
    with served() as channel:
        yield channel


def answer(service: SuggestionService, request) -> list[dict[str, str]]:
    reply = service.suggest(SuggestionsRequest.FromString(request.SerializeToString()))
    return [
        {each.name: each.value for each in point.assignments}
        for point in reply.parameter_assignments
    ]


def a_history(name: str = "tpe", size: int = 40) -> History:
    experiment = an_experiment(X, name, max_trial_count=100)
    rng = random.Random(0)
    trials = [
        a_trial(f"t{rng.random()}", {"x": f"{rng.random()}", "y": f"{rng.random()}"}, rng.random())
        for _ in range(size)
    ]
    return History(experiment, tuple(trials), size)


def validate(channel: grpc.Channel, message) -> grpc.RpcError | None:
    request = api.ValidateAlgorithmSettingsRequest(experiment=message)
    try:
        call(channel, "Suggestion/ValidateAlgorithmSettings", request)
    except grpc.RpcError as error:
        return error
    return None


def test_it_says_what_the_search_says_in_process(channel):
    history = a_history()
    assert GrpcAlgorithm(channel).suggest(history, 3) == algorithm("tpe").suggest(history, 3)


def test_katibs_own_stubs_are_understood():
    """Loaded from the package this time, as Katib's SDK does."""
    package = pytest.importorskip("kubeflow.katib.katib_api_pb2_grpc")
    with served() as channel:
        request = suggestions_request(a_history(), 2)
        assert (
            len(package.SuggestionStub(channel).GetSuggestions(request).parameter_assignments) == 2
        )


def test_the_draws_are_numbered_by_what_was_asked_before_and_not_by_the_trials(channel):
    history = a_history("random", size=3)
    later = GrpcAlgorithm(channel).suggest(replace(history, asked=7), 2)
    assert later == algorithm("random").suggest(replace(history, asked=7), 2)


def test_without_a_total_the_trials_are_counted():
    history = a_history("random", size=3)
    request = suggestions_request(history, 2)
    request.total_request_number = 0
    first = answer(SuggestionService(), request)
    assert first == [dict(s.assignments) for s in algorithm("random").suggest(history, 2)]


@pytest.mark.parametrize("count", [0, -1])
def test_nothing_is_the_answer_to_a_request_for_nothing(count):
    request = suggestions_request(a_history(), 0)
    request.current_request_number = count
    assert answer(SuggestionService(), request) == []


def test_the_order_in_which_katib_lists_the_trials_does_not_matter():
    request = suggestions_request(a_history(), 2)
    shuffled = suggestions_request(a_history(), 2)
    trials = list(shuffled.trials)
    random.Random(1).shuffle(trials)
    del shuffled.trials[:]
    shuffled.trials.extend(trials)
    assert shuffled != request
    assert answer(SuggestionService(), shuffled) == answer(SuggestionService(), request)


@pytest.mark.parametrize("name", ["tpe", "cmaes", "bayesianoptimization"])
def test_a_service_that_saw_earlier_requests_answers_as_a_fresh_one(name):
    history, service = a_history(name), SuggestionService()
    for size in (12, 13, 13, 25):
        request = suggestions_request(replace(history, trials=history.trials[:size]), 2)
        assert answer(service, request) == answer(SuggestionService(), request)


def test_a_trial_that_changes_is_read_again():
    history, service = a_history(size=30), SuggestionService()
    answer(service, suggestions_request(history, 1))
    worse = [
        a_trial(trial.name, trial.assignments, -float(i)) for i, trial in enumerate(history.trials)
    ]
    request = suggestions_request(replace(history, trials=tuple(worse)), 1)
    assert answer(service, request) == answer(SuggestionService(), request)


def test_trials_already_seen_are_not_decoded_again(monkeypatch):
    decoded = []
    real = api.Trial.FromString
    monkeypatch.setattr(
        "katib_experiments.suggestion.recent.decode", lambda raw: decoded.append(raw) or real(raw)
    )
    history, service = a_history(size=30), SuggestionService()
    answer(service, suggestions_request(replace(history, trials=history.trials[:29]), 1))
    answer(service, suggestions_request(history, 1))
    assert len(decoded) == 30


def test_experiments_of_one_name_in_two_namespaces_do_not_mix():
    one, other = a_history(), a_history("cmaes", size=20)
    service = SuggestionService()
    for history in (one, other, one, other):
        request = suggestions_request(history, 2)
        assert answer(service, request) == answer(SuggestionService(), request)


@pytest.mark.parametrize("text", ["nan", "", "unavailable", "inf", "tensor(0.3)"])
def test_odd_observations_are_survived(channel, text):
    history = a_history()
    trials = [*history.trials, a_trial("odd", {"x": "0.5", "y": "0.5"}, text)]
    odd = History(history.experiment, tuple(trials), len(trials))
    assert len(GrpcAlgorithm(channel).suggest(odd, 2)) == 2


def test_a_condition_of_a_later_katib_is_survived(channel):
    history = a_history()
    request = suggestions_request(history, 1)
    request.trials[3].status.condition = 42
    request.trials[4].status.start_time = "yesterday"
    assert len(call(channel, "Suggestion/GetSuggestions", request).parameter_assignments) == 1


def test_a_sound_experiment_is_valid(channel):
    assert validate(channel, experiment_message(an_experiment(MIXED))) is None


def test_every_problem_of_an_experiment_is_named_with_its_field(channel):
    message = experiment_message(an_experiment(MIXED, "tpe", {"gama": "2", "prior_weight": "-1"}))
    message.spec.parameter_specs.parameters[0].feasible_space.max = "words"
    message.spec.objective.objective_metric_name = ""
    error = validate(channel, message)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "spec.parameters[0].feasibleSpace.max" in error.details()
    assert 'did you mean "gamma"?' in error.details()
    assert "spec.algorithm.algorithmSettings[1].value" in error.details()
    assert "spec.objective.objectiveMetricName" in error.details()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda spec: spec.Clear(), "spec.objective.type"),
        (lambda spec: spec.parameter_specs.Clear(), "spec.parameters"),
        (lambda spec: spec.nas_config.SetInParent(), "spec.nasConfig"),
        (lambda spec: setattr(spec.algorithm, "algorithm_name", "pbt"), "algorithmName"),
        (lambda spec: setattr(spec.algorithm, "algorithm_name", "rendom"), "algorithmName"),
        (lambda spec: setattr(spec.objective, "type", 9), "spec.objective.type"),
        (lambda spec: setattr(spec.parameter_specs.parameters[0], "parameter_type", 9), "Type"),
        (lambda spec: spec.parameter_specs.parameters[3].feasible_space.Clear(), "feasibleSpace"),
        (lambda spec: setattr(spec.early_stopping, "algorithm_name", "mean"), "earlyStopping"),
    ],
)
def test_bad_input_is_an_invalid_argument(channel, change, field):
    message = experiment_message(an_experiment(MIXED))
    change(message.spec)
    error = validate(channel, message)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert field in error.details()


def test_no_bad_input_is_ever_answered_with_suggestions(channel):
    history = a_history()
    request = suggestions_request(history, 1)
    request.experiment.spec.parameter_specs.parameters[0].feasible_space.max = "-1"
    with pytest.raises(grpc.RpcError, match="must be greater than min") as error:
        call(channel, "Suggestion/GetSuggestions", request)
    assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_bytes_that_are_no_request_are_an_invalid_argument(channel):
    raw = channel.unary_unary("/api.v1.beta1.Suggestion/GetSuggestions")
    with pytest.raises(grpc.RpcError) as error:
        raw(b"\xff\xff\xff", timeout=60)
    assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_a_parameter_of_one_value_is_no_error_here(channel):
    parameters = (double("x", 0.5, 0.5), double("y", 0.0, 1.0))
    assert validate(channel, experiment_message(an_experiment(parameters, "tpe"))) is None


def test_very_many_problems_are_cut_to_what_a_header_holds(channel):
    parameters = tuple(double(f"parameter-{i}", 1.0, 0.0) for i in range(200))
    error = validate(channel, experiment_message(an_experiment(parameters)))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert error.details().endswith("…")


GRID = (integer("x", 1, 3), integer("y", 1, 2))


def test_a_grid_ends_with_points_given_before_so_that_katib_comes_to_its_last_trial(channel):
    experiment = an_experiment(GRID, "grid", max_trial_count=6)
    search = GrpcAlgorithm(channel)
    whole = search.suggest(History(experiment, (), 0), 6)
    extra = search.suggest(History(experiment, (), 4), 5)
    assert len({tuple(each.assignments.values()) for each in whole}) == 6
    assert extra[:2] == whole[4:]
    assert all(each in whole for each in extra)
    assert search.settings == {"padding": "3"}


@pytest.mark.parametrize("name", ["grid", "hyperband"])
def test_a_search_that_ends_needs_to_know_the_last_trial(channel, name):
    settings = {"resource_name": "y", "r_l": "2"} if name == "hyperband" else {}
    message = experiment_message(an_experiment(GRID, name, settings, max_trial_count=None))
    error = validate(channel, message)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "spec.maxTrialCount: must be specified" in error.details()


def test_counts_that_are_edited_while_it_runs_do_not_stop_an_experiment(channel):
    experiment = an_experiment(GRID, "grid", max_trial_count=60, parallel_trial_count=1)
    assert len(GrpcAlgorithm(channel).suggest(History(experiment, (), 0), 1)) == 1


def hyperband(channel, parallel: int, trials: int = 22) -> list[dict[str, str]]:
    """What Katib's controller does, ``parallel`` Trials at a time that all end together."""
    experiment = an_experiment(
        (double("x", 0.0, 1.0), integer("epochs", 1, 9)),
        "hyperband",
        {"resource_name": "epochs", "r_l": "9"},
        max_trial_count=trials,
        parallel_trial_count=parallel,
    )
    search, made = GrpcAlgorithm(channel), []
    while len(made) < trials:
        count = min(parallel, trials - len(made))
        for each in search.suggest(History(experiment, tuple(made), len(made)), count):
            x = each.assignments["x"]
            made.append(a_trial(f"t{len(made):03d}", each.assignments, float(x)))
    return [dict(trial.assignments) for trial in made]


@pytest.mark.parametrize("parallel", [1, 2, 4, 9])
def test_hyperband_always_gives_the_number_asked_for(channel, parallel):
    made = hyperband(channel, parallel)
    assert len(made) == 22
    assert "9" in {point["epochs"] for point in made}


def test_hyperband_one_by_one_needs_no_padding(channel):
    assert hyperband(channel, 1)[:13] == hyperband_in_process()


def hyperband_in_process() -> list[dict[str, str]]:
    experiment = an_experiment(
        (double("x", 0.0, 1.0), integer("epochs", 1, 9)),
        "hyperband",
        {"resource_name": "epochs", "r_l": "9"},
    )
    made = simulate(experiment, lambda point: float(point["x"]), 13)
    return [dict(trial.assignments) for trial in made]


def test_hyperband_says_that_it_waits_while_a_trial_of_the_rung_runs(channel):
    experiment = an_experiment(
        (double("x", 0.0, 1.0), integer("epochs", 1, 9)),
        "hyperband",
        {"resource_name": "epochs", "r_l": "9"},
    )
    search = GrpcAlgorithm(channel)
    rung = search.suggest(History(experiment, (), 0), 9)
    trials = [
        a_trial(f"t{i}", each.assignments, float(each.assignments["x"]))
        for i, each in enumerate(rung)
    ]
    trials[4] = replace(trials[4], condition=TrialCondition.RUNNING, observation={})
    request = suggestions_request(History(experiment, tuple(trials), 9), 3)
    with pytest.raises(grpc.RpcError, match="must end before") as error:
        call(channel, "Suggestion/GetSuggestions", request)
    assert error.value.code() is grpc.StatusCode.UNAVAILABLE


def test_a_message_of_a_trial_keeps_its_times():
    experiment = an_experiment()
    trial = a_trial("t", {"x": "1"}, 0.5, start_time=100.0, completion_time=160.0)
    assert trial_of(trial_message(experiment, trial)) == trial
