"""The search algorithms, one module each, under Katib's ``algorithmName``.

A module, and the library that does its mathematics, is imported only when its algorithm is asked
for.
"""

from __future__ import annotations

from importlib import import_module

from katib_experiments.algorithms.base import Algorithm

_CLASSES = {
    "random": ("random", "Random"),
    "grid": ("grid", "Grid"),
    "sobol": ("sobol", "Sobol"),
    "zooming": ("zooming", "Zooming"),
    "bayesianoptimization": ("bayesian", "BayesianOptimization"),
    "tpe": ("tpe", "Tpe"),
    "multivariate-tpe": ("multivariate_tpe", "MultivariateTpe"),
    "cmaes": ("cmaes", "CmaEs"),
    "hyperband": ("hyperband", "Hyperband"),
    "asha": ("asha", "Asha"),
}

NAMES = tuple(_CLASSES)
"""Every ``algorithmName`` that there is."""


def algorithm(name: str) -> Algorithm:
    """A new instance of the algorithm; ``KeyError`` for a name that is not in :data:`NAMES`."""
    module, class_name = _CLASSES[name]
    made: Algorithm = getattr(import_module(f"{__name__}.{module}"), class_name)()
    return made
