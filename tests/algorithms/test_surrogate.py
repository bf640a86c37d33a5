from __future__ import annotations

import numpy as np
import pytest

from katib_experiments.algorithms.surrogate import features, standardized, subset, surrogate
from katib_experiments.experiment.space import Space
from tests.support.builders import MIXED, an_experiment, categorical

RNG = np.random.default_rng(0)
POINTS = RNG.random((60, 2))
VALUES = standardized(np.sin(3 * POINTS[:, 0]) + POINTS[:, 1] ** 2)
KINDS = ("GP", "RF", "ET", "GBRT")


def fitted(kind: str, points=POINTS, values=VALUES):
    model = surrogate(kind)
    model.tune(points, values)
    model.fit(points, values, seed=1)
    return model


@pytest.mark.parametrize(
    ("kind", "error"), [("GP", 0.05), ("RF", 0.5), ("ET", 0.55), ("GBRT", 0.5)]
)
def test_a_model_has_learned_the_function(kind, error):
    fresh = np.random.default_rng(1).random((200, 2))
    truth = np.sin(3 * fresh[:, 0]) + fresh[:, 1] ** 2
    raw = np.sin(3 * POINTS[:, 0]) + POINTS[:, 1] ** 2
    mean, deviation = fitted(kind).predict(fresh)
    assert np.sqrt(np.mean((mean - (truth - raw.mean()) / raw.std()) ** 2)) < error
    assert np.all(deviation > 0)


def test_a_gaussian_process_is_less_sure_far_from_the_points():
    near, far = np.array([[0.1, 0.1]]), np.array([[0.9, 0.9]])
    corner = POINTS[(POINTS < 0.5).all(axis=1)]
    model = fitted("GP", corner, np.sin(3 * corner[:, 0]))
    assert model.predict(far)[1] > 5 * model.predict(near)[1]


def test_a_gaussian_process_finds_out_which_feature_matters():
    model = fitted("GP", POINTS, standardized(np.sin(6 * POINTS[:, 0])))
    along = np.column_stack([np.full(20, 0.5), np.linspace(0, 1, 20)])
    across = along[:, ::-1]
    assert np.ptp(model.predict(along)[0]) < 0.1 * np.ptp(model.predict(across)[0])


def test_a_gaussian_process_gives_noise_no_part_in_its_deviation():
    twice = np.repeat(POINTS, 3, axis=0)
    noisy = np.repeat(VALUES, 3) + 0.3 * np.random.default_rng(2).standard_normal(180)
    assert fitted("GP", twice, noisy).predict(POINTS)[1].mean() < 0.2


def test_the_deviation_of_boosted_quantiles_follows_the_noise():
    x = np.linspace(0, 1, 400)[:, np.newaxis]
    y = np.random.default_rng(0).standard_normal(400) * np.where(x[:, 0] < 0.5, 0.1, 1.0)
    deviation = fitted("GBRT", x, y).predict(np.array([[0.25], [0.75]]))[1]
    assert deviation[1] > 3 * deviation[0]


@pytest.mark.parametrize("kind", KINDS)
def test_points_that_are_all_alike_are_a_flat_function(kind):
    model = fitted(kind, POINTS, np.zeros(60))
    mean, deviation = model.predict(POINTS)
    assert mean == pytest.approx(np.zeros(60), abs=1e-6)
    assert np.all(np.isfinite(deviation))


def test_categories_are_columns_and_numbers_are_numbers():
    space = Space.of(an_experiment(MIXED))
    units = np.array(space.to_unit(space.from_unit([0.5] * 5)))[np.newaxis]
    assert features(space, units)[0, 3:6].tolist() == [0.0, 1.0, 0.0]
    assert features(space, units).shape == (1, 7)


def test_categories_only_need_no_number():
    space = Space.of(an_experiment([categorical("x", "a", "b"), categorical("y", "c")]))
    assert features(space, np.array([[0.75, 0.5]])).tolist() == [[0.0, 1.0, 1.0]]


def test_a_diverged_value_does_not_flatten_the_others():
    values = standardized(np.array([0.1, 0.2, 0.3, 0.4, 1e12]))
    assert np.all(np.diff(values[:4]) > 0.2)


def test_a_subset_holds_the_best_and_the_latest():
    values = np.random.default_rng(0).random(1000)
    rows = subset(values, 100)
    assert len(rows) == len(set(rows.tolist())) == 100
    assert set(np.argsort(values)[:50]) | set(range(975, 1000)) <= set(rows.tolist())
    assert subset(values[:70], 100).tolist() == list(range(70))
