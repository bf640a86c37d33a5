"""Components for Kubeflow pipelines, one per file, each usable in a pipeline of anybody's own::

    from pipelines.components import prepare_data, run_experiment

Their image needs this package, so nothing is installed when a step starts.
"""

from pipelines.components.autokeras_search import autokeras_search
from pipelines.components.choose import choose
from pipelines.components.compare import compare
from pipelines.components.deploy import deploy
from pipelines.components.evaluate import evaluate
from pipelines.components.package_model import package_model
from pipelines.components.prepare_data import prepare_data
from pipelines.components.read_experiment import read_experiment
from pipelines.components.register_model import register_model
from pipelines.components.remove_leftovers import remove_leftovers
from pipelines.components.run_experiment import run_experiment
from pipelines.components.train_best import train_best

__all__ = [
    "autokeras_search",
    "choose",
    "compare",
    "deploy",
    "evaluate",
    "package_model",
    "prepare_data",
    "read_experiment",
    "register_model",
    "remove_leftovers",
    "run_experiment",
    "train_best",
]
