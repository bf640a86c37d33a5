from __future__ import annotations

from katib_experiments.algorithms.base import History
from katib_experiments.algorithms.random import Random
from tests.support.builders import an_experiment


def test_point_number_n_is_the_same_whatever_was_asked_before():
    experiment = an_experiment()
    together = Random().suggest(History(experiment, (), asked=0), 5)
    assert Random().suggest(History(experiment, (), asked=4), 1) == together[4:]


def test_points_do_not_come_twice_in_a_continuous_space():
    given = Random().suggest(History(an_experiment(), (), asked=0), 500)
    assert len({suggestion.assignments["learning_rate"] for suggestion in given}) == 500
