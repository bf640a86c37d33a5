from __future__ import annotations

import subprocess
import sys

import pytest

from katib_experiments.algorithms import NAMES, algorithm
from katib_experiments.experiment.settings import ALGORITHMS


def test_every_algorithm_with_settings_is_there_and_no_other():
    assert set(NAMES) == set(ALGORITHMS)


def test_an_unknown_name_is_a_key_error():
    with pytest.raises(KeyError, match="pbt"):
        algorithm("pbt")


def test_algorithms_of_our_own_mathematics_load_no_library_for_it():
    code = (
        "import sys; from katib_experiments.algorithms import algorithm\n"
        "for name in ('random', 'grid', 'zooming', 'hyperband', 'asha'): algorithm(name)\n"
        "print({'scipy', 'sklearn', 'optuna', 'cmaes'} & set(sys.modules))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert loaded.strip() == "set()"
