"""The learning-rate range test, on curves that are known and on real training."""

from __future__ import annotations

import numpy as np
import pytest

from trial_image.data import load
from trial_image.range_test import judge, range_test
from trial_image.settings import Settings

RATES = np.geomspace(1e-5, 1.0, 101).tolist()


def bowl(steepest: float, apart: float) -> list[float]:
    """Losses that fall steepest at one rate, and burst at another."""
    fall = [2 - np.tanh(2 * np.log10(rate / steepest)) for rate in RATES]
    return [loss if rate < apart else 100.0 for loss, rate in zip(fall, RATES, strict=True)]


def test_the_rate_of_the_steepest_fall_is_suggested_and_that_of_the_burst_is_named():
    found = judge(RATES, bowl(steepest=1e-3, apart=0.1))
    assert 1e-3 <= found.suggested <= 5e-3  # smoothing looks back
    assert found.diverged == RATES[-1]
    until = next(i for i, rate in enumerate(RATES) if rate >= 0.1) + 1
    assert judge(RATES[:until], bowl(1e-3, 0.1)[:until]).diverged == pytest.approx(0.1, rel=1e-6)


@pytest.mark.parametrize("last", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_is_a_divergence(last: float):
    found = judge(RATES[:4], [3.0, 2.0, 1.0, last])
    assert found.diverged == RATES[3]
    assert found.losses == [3.0, 2.0, 1.0]


def test_smoothed_losses_begin_at_the_first_and_forget_slowly():
    found = judge(RATES[:2], [1.0, 2.0])
    assert found.smoothed_losses == pytest.approx([1.0, (0.9 * 0.1 + 0.1 * 2) / 0.19])


def test_where_the_loss_never_falls_nothing_is_suggested():
    assert judge(RATES[:3], [1.0, 1.0, 1.5]).suggested is None


def test_real_training_is_taken_to_its_divergence_and_told_step_by_step(capsys):
    settings = Settings(num_layers=1, optimizer="sgd", lr_range_max=1e4, lr_range_steps=60)
    found = range_test(settings, load(settings))
    lines = capsys.readouterr().out.splitlines()
    ratios = np.divide(found.learning_rates[1:], found.learning_rates[:-1])
    np.testing.assert_allclose(ratios, (1e4 / 1e-6) ** (1 / 59))
    assert 1e-4 < found.suggested < found.diverged < 1e4
    assert len(lines) == len(found.losses) + 1
    assert "step=1 learning_rate=1e-06 loss=" in lines[0]
    assert f"suggested_learning_rate={found.suggested:.6g}" in lines[-1]
