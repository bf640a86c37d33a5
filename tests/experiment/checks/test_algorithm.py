"""``spec.algorithm`` and ``spec.earlyStopping``."""

import pytest

from katib_experiments.experiment.settings import ALGORITHMS, CLUSTER_ONLY, EARLY_STOPPING, Setting
from tests.experiment.samples import MISSING, errors, problems, settings, warnings_of

PATH = "spec.algorithm"
SPACE = "spec.parameters[0].feasibleSpace"


def algorithm(name, **values):
    return {PATH: {"algorithmName": name, "algorithmSettings": settings(**values)}}


def hyperband(**values):
    return algorithm("hyperband", **({"resource_name": "layers", "r_l": "4", "eta": "2"} | values))


def asha(**values):
    return algorithm("asha", **({"resource_name": "layers", "r_l": "4"} | values))


@pytest.mark.parametrize("name", ["random", "sobol", "multivariate-tpe", "zooming", "cmaes"])
def test_an_algorithm_needs_no_settings(name):
    assert errors({PATH: {"algorithmName": name}}) == []


@pytest.mark.parametrize(("name", "hint"), [("rand", "random"), ("bayesian-optimization", "bay")])
def test_an_unknown_algorithm_is_an_error_with_the_nearest(name, hint):
    (problem,) = errors({PATH: {"algorithmName": name}})
    assert problem.path == f"{PATH}.algorithmName"
    assert f'did you mean "{hint}' in problem.rule


@pytest.mark.parametrize("value", [MISSING, {}, {"algorithmName": ""}, None])
def test_an_algorithm_is_required(value):
    assert any(problem.path.startswith(PATH) for problem in errors({PATH: value}))


@pytest.mark.parametrize(
    ("name", "setting", "value"),
    [
        ("random", "random_state", "-1"),
        ("random", "random_state", "1.5"),
        ("random", "random_state", "1" * 400),
        ("tpe", "gamma", "1"),
        ("tpe", "gamma", "nan"),
        ("tpe", "prior_weight", "0"),
        ("tpe", "n_EI_candidates", "0"),
        ("multivariate-tpe", "n_startup_trials", "-1"),
        ("bayesianoptimization", "acq_func", "ei"),
        ("bayesianoptimization", "acq_optimizer", "adam"),
        ("bayesianoptimization", "n_initial_points", "-1"),
        ("cmaes", "restart_strategy", "IPOP"),
        ("cmaes", "sigma", "0"),
        ("zooming", "shrink_factor", "1"),
        ("zooming", "rounds", "0"),
        ("zooming", "global_share", "1.1"),
        ("enas", "controller_baseline_decay", "0"),
        ("enas", "controller_hidden_size", "None"),
        ("darts", "num_workers", "-1"),
        ("pbt", "n_population", "4"),
        ("pbt", "truncation_threshold", "1.1"),
        ("hyperband", "r_l", "0"),
        ("hyperband", "eta", "1"),
    ],
)
def test_a_setting_out_of_range_is_an_error_at_its_value(name, setting, value):
    path = f"{PATH}.algorithmSettings[0].value"
    (problem,) = [p for p in errors(algorithm(name, **{setting: value})) if p.path == path]
    assert problem.rule.startswith(f"{setting} must be ")
    assert problem.received == value


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("enas", {"controller_temperature": "None", "controller_baseline_decay": "1"}),
        ("darts", {"batch_size": "None"}),
        ("tpe", {"gamma": "0.5", "n_EI_candidates": "1"}),
    ],
)
def test_a_setting_at_the_edge_of_its_range_is_none(name, values):
    assert not [p for p in errors(algorithm(name, **values)) if "algorithmSettings" in p.path]


def test_an_unknown_setting_is_an_error_with_the_nearest():
    (problem,) = errors(algorithm("random", randomstate="1"))
    assert problem.path == f"{PATH}.algorithmSettings[0].name"
    assert problem.rule.endswith('did you mean "random_state"?')


def test_darts_hands_unknown_settings_on_so_they_are_warnings():
    path = f"{PATH}.algorithmSettings[0].name"
    (problem,) = [p for p in problems(algorithm("darts", epochs="1")) if p.path == path]
    assert problem.severity == "warning"


def test_a_setting_given_twice_or_without_a_value_is_an_error():
    twice = [{"name": "random_state", "value": "1"}, {"name": "random_state", "value": "2"}]
    (problem,) = errors({f"{PATH}.algorithmSettings": twice})
    assert problem.rule == "is set twice"
    (problem,) = errors({f"{PATH}.algorithmSettings": [{"name": "random_state"}]})
    assert problem.path == f"{PATH}.algorithmSettings[0].value"


@pytest.mark.parametrize(
    ("name", "required"),
    [
        ("hyperband", {"resource_name", "r_l"}),
        ("asha", {"resource_name", "r_l"}),
        ("pbt", {"suggestion_trial_dir", "n_population", "truncation_threshold"}),
    ],
)
def test_required_settings_are_missed(name, required):
    rules = [p.rule for p in errors({PATH: {"algorithmName": name}})]
    assert {rule.split()[0] for rule in rules if "must be set" in rule} == required


@pytest.mark.parametrize("name", ["zooming", "asha", "pbt", "enas", "darts"])
def test_where_an_algorithm_cannot_run_is_a_warning(name):
    found = [p for p in problems({PATH: {"algorithmName": name}}) if p.severity == "warning"]
    assert any(p.path == f"{PATH}.algorithmName" for p in found)


def test_a_sound_hyperband_and_a_sound_asha_are_valid():
    assert errors(hyperband() | {"spec.parallelTrialCount": 4}) == []
    assert errors(asha()) == []


@pytest.mark.parametrize("make", [hyperband, asha])
def test_a_resource_must_be_a_number_among_the_parameters(make):
    (problem,) = errors(make(resource_name="epochs") | {"spec.parallelTrialCount": 4})
    assert problem.rule.startswith("value of resource_name setting must be in parameters")
    (problem,) = errors(make(resource_name="optimizer") | {"spec.parallelTrialCount": 4})
    assert "must name an int or double parameter" in problem.rule


@pytest.mark.parametrize("make", [hyperband, asha])
def test_a_resource_of_another_size_than_its_parameter_is_a_warning(make):
    found = warnings_of(make(r_l="3") | {"spec.parallelTrialCount": 4})
    assert "spec.parameters[1].feasibleSpace.max" in [problem.path for problem in found]


def test_hyperband_needs_as_many_parallel_trials_as_its_largest_rung():
    (problem,) = errors(hyperband() | {"spec.parallelTrialCount": 3})
    assert problem.path == "spec.parallelTrialCount"
    assert "not less than 4" in problem.rule


def test_more_trials_than_hyperband_has_are_a_warning():
    many = hyperband() | {"spec.parallelTrialCount": 4, "spec.maxTrialCount": 16}
    assert any("15 Trials of all brackets" in problem.rule for problem in warnings_of(many))
    paths = [problem.path for problem in warnings_of(many | {"spec.maxTrialCount": 15})]
    assert "spec.maxTrialCount" not in paths


def test_katibs_hyperband_takes_integers_only():
    changes = {
        "spec.parameters[2].parameterType": "discrete",
        "spec.parameters[2].feasibleSpace.list": ["1", "0.5"],
        "spec.parallelTrialCount": 4,
    }
    (problem,) = errors(hyperband() | changes)
    assert problem.path == "spec.parameters[2].feasibleSpace.list[1]"
    assert any("rounds eta down" in p.rule for p in warnings_of(hyperband(eta="2.5") | changes))


def test_asha_cannot_begin_above_its_end():
    (problem,) = errors(asha(min_resource="5"))
    assert problem.rule == "must be at most r_l, 4"


def test_cmaes_needs_two_numbers():
    changes = {"spec.parameters[1].parameterType": "categorical"}
    space = {"spec.parameters[1].feasibleSpace": {"list": ["1", "2"]}}
    (problem,) = errors(changes | space | algorithm("cmaes"))
    assert "at least two int or double" in problem.rule


GRID = {f"{SPACE}.distribution": "uniform", f"{SPACE}.step": "0.033"} | algorithm("grid")


def test_grid_needs_a_step_for_every_double():
    (problem,) = errors(GRID | {f"{SPACE}.step": MISSING})
    assert problem.path == f"{SPACE}.step"


def test_a_grid_must_have_as_many_points_as_trials_are_asked_of_it():
    (problem,) = errors(GRID | {"spec.maxTrialCount": 33})  # 4 * 4 * 2
    assert problem.path == "spec.maxTrialCount"
    assert "not be greater than 32" in problem.rule
    assert problems(GRID | {"spec.maxTrialCount": 32}) == []


def test_a_grid_larger_than_the_trials_is_a_warning():
    (problem,) = problems(GRID | {"spec.maxTrialCount": 31})
    assert problem.severity == "warning"
    assert "is less than 32, the size of the grid" in problem.rule


def test_pbt_needs_a_volume_and_steps_and_no_resampling():
    values = {"suggestion_trial_dir": "/a", "n_population": "5", "truncation_threshold": "0.2"}
    changes = algorithm("pbt", **values, resample_probability="0.5")
    found = {problem.path for problem in errors(changes)}
    assert found == {
        f"{SPACE}.step",
        f"{PATH}.algorithmSettings[3].value",
        "spec.resumePolicy",
    }


STOPPING = {
    "spec.earlyStopping": {"algorithmName": "medianstop"},
    "spec.trialTemplate.retain": True,
}


def test_early_stopping_with_retain_is_valid():
    assert problems(STOPPING) == []


def test_early_stopping_without_retain_is_a_warning():
    (problem,) = problems(STOPPING | {"spec.trialTemplate.retain": False})
    assert (problem.path, problem.severity) == ("spec.trialTemplate.retain", "warning")


def test_early_stopping_algorithms_and_settings_are_checked():
    name = "spec.earlyStopping.algorithmName"
    (problem,) = errors(STOPPING | {name: "median"})
    assert problem.rule.endswith('did you mean "medianstop"?')
    (problem,) = problems(STOPPING | {name: "asha"})
    assert problem.severity == "warning"
    given = {"spec.earlyStopping.algorithmSettings": settings(start_step="0", min_trials="1")}
    assert len(errors(STOPPING | given)) == 2
    assert [p.path for p in errors({"spec.earlyStopping": {}})] == [name]


@pytest.mark.parametrize("kind", ["TensorFlowEvent", "Push", "Custom"])
def test_a_collector_that_cannot_stop_early_is_a_warning(kind):
    found = warnings_of(STOPPING | {"spec.metricsCollectorSpec": {"collector": {"kind": kind}}})
    assert "spec.metricsCollectorSpec.collector.kind" in [problem.path for problem in found]


@pytest.mark.parametrize("table", [ALGORITHMS, CLUSTER_ONLY, EARLY_STOPPING])
def test_every_default_is_a_value_that_the_setting_itself_allows(table):
    for row in table.values():
        for setting in row:
            if setting.default is not None:
                assert setting.read(str(setting.default)) == setting.default


def test_a_range_is_told_in_words():
    assert Setting("x", float, minimum=0, exclusive=True).range_text == "above 0"
    both = Setting("x", float, minimum=0, maximum=1, exclusive=True, includes_maximum=True)
    assert both.range_text == "above 0 and at most 1"
    assert Setting("x", float).range_text == "finite"
