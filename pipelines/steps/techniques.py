"""The lecture: one technique after the other, each a small Experiment of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from katib_experiments.experiment.document import dumps, loads

Picture = Literal["curves", "dots", "points", "table", "range"]
"""curves: a metric over the epochs, a line per value of the first parameter; dots: the objective
over that parameter; points: the same where it is a number that was drawn; table: the objective
under two parameters; range: the loss over the learning rate."""


@dataclass(frozen=True, slots=True)
class Technique:
    name: str
    title: str
    lesson: str
    """What to look at."""
    parameters: Mapping[str, Mapping[str, Any]]
    """A feasible space for each, the first one is the technique's own."""
    flags: Mapping[str, object] = field(default_factory=dict)
    """Of ``trial_image.train``, for every Trial."""
    algorithm: str = "grid"
    trials: int = 0
    """For an algorithm other than grid, which ends by itself."""
    picture: Picture = "dots"
    objective: str = "val_accuracy"
    metrics: Sequence[str] = ("accuracy", "loss", "val_loss")

    @property
    def experiment(self) -> str:
        """The name of its Experiment, and the word that run_experiment knows it by."""
        return f"lecture-{self.name.replace('_', '-')}"


def listed(*values: object) -> dict[str, Any]:
    """One of these values, numbers or words."""
    numbers = all(isinstance(value, int | float) for value in values)
    return {
        "parameterType": "discrete" if numbers else "categorical",
        "feasibleSpace": {"list": [str(value) for value in values]},
    }


def rates(low: float, high: float) -> dict[str, Any]:
    """A number between the two, any order of magnitude as likely as the next."""
    space = {"min": str(low), "max": str(high), "distribution": "logUniform"}
    return {"parameterType": "double", "feasibleSpace": space}


SEEDS = listed(0, 1, 2)
RATE_AND_BATCH = {
    "learning_rate": rates(0.001, 1.0),
    "batch_size": listed(8, 16, 32, 64, 128),
}
FEW = {"data_fraction": 0.2, "learning_rate": 0.003, "units": 128, "epochs": 40}
"""So few examples that a network learns them by heart."""

TECHNIQUES = (
    Technique(
        "range_test",
        "Learning-rate range test",
        "The rate rises from step to step. Where the loss falls most steeply is a good rate to "
        "begin with; where it turns up, training comes apart. Each optimizer has its own.",
        {"optimizer": listed("sgd", "momentum", "adam")},
        {"lr_range_test": "true", "lr_range_min": 1e-5},
        picture="range",
        objective="suggested_learning_rate",
        metrics=("learning_rate", "smoothed_loss"),
    ),
    Technique(
        "schedules",
        "Constant, exponential and stepping learning rates",
        "All begin with the same rate, one that is rather large. Kept constant, the loss wavers; "
        "where the rate falls, it settles.",
        {
            "learning_rate_schedule": listed("constant", "exponential", "step", "cosine"),
            "seed": SEEDS,
        },
        {
            "optimizer": "momentum",
            "learning_rate": 0.08,
            "epochs": 25,
            "decay_rate": 0.85,
            "decay_boundaries": "10,18",
        },
        picture="curves",
    ),
    Technique(
        "batch_sizes",
        "Batch size",
        "The same rate and as many epochs: large batches make fewer steps, and lag behind.",
        {"batch_size": listed(8, 32, 128, 512), "seed": SEEDS},
        {"optimizer": "sgd", "learning_rate": 0.05, "epochs": 15},
        picture="curves",
    ),
    Technique(
        "grid",
        "Grid: learning rate × batch size",
        "The good cells lie along a diagonal: a larger batch wants a larger rate.",
        {
            "learning_rate": listed(0.003, 0.03, 0.3, 1.0),
            "batch_size": listed(8, 32, 128, 512),
        },
        {"optimizer": "sgd", "epochs": 8},
        picture="table",
    ),
    Technique(
        "random",
        "Random search",
        "As many Trials as the grid has cells, but each with a learning rate of its own.",
        RATE_AND_BATCH,
        {"optimizer": "sgd", "epochs": 8},
        algorithm="random",
        trials=16,
        picture="points",
    ),
    Technique(
        "zooming",
        "Random search, then zooming",
        "The same number again, in rounds: each draws in a smaller range around the best so far.",
        RATE_AND_BATCH,
        {"optimizer": "sgd", "epochs": 8},
        algorithm="zooming",
        trials=16,
        picture="points",
    ),
    Technique(
        "automl",
        "AutoML over optimizer and number of layers",
        "TPE goes back to what did well: a cell that it filled often has the best of its Trials, "
        "one that is empty it never tried.",
        {
            "optimizer": listed("sgd", "momentum", "rmsprop", "adam"),
            "num_layers": listed(1, 2, 3, 4),
            "learning_rate": rates(0.001, 0.1),
        },
        {"epochs": 8},
        algorithm="tpe",
        trials=20,
        picture="table",
    ),
    Technique(
        "data",
        "More data",
        "Where accuracy still rises at the right end, more examples would help further.",
        {"data_fraction": listed(0.05, 0.1, 0.25, 0.5, 1.0), "seed": SEEDS},
        {"epochs": 20},
    ),
    Technique(
        "early_stopping",
        "Early stopping",
        "On few examples: from some epoch on the loss on the validation part rises again. Patience "
        "ends training so many epochs after its lowest point, and takes the weights from there; a "
        "little of it gives up where the loss only wavers.",
        {"early_stopping_patience": listed(3, 10, 60), "seed": SEEDS},
        {**FEW, "optimizer": "rmsprop", "learning_rate": 0.01, "epochs": 60},
        picture="curves",
    ),
    Technique(
        "penalties",
        "L1 and L2 penalties",
        "On few examples. A little of either may help; a lot of L1 leaves no weights to work with.",
        {"l1": listed(0, 0.0001, 0.001, 0.01), "l2": listed(0, 0.0001, 0.001, 0.01)},
        FEW,
        picture="table",
    ),
    Technique(
        "dropout",
        "Dropout",
        "On few examples. Dropping a share of what flows makes units less dependent on others.",
        {"dropout": listed(0, 0.2, 0.4, 0.6), "seed": SEEDS},
        FEW,
    ),
    Technique(
        "initializers",
        "Start weights: Glorot and He",
        "Twelve layers of rectifiers. He makes up for the half that each of them cuts off; with "
        "Glorot the signal fades on its way, and with small random weights nothing arrives.",
        {
            "kernel_initializer": listed("he_normal", "glorot_normal", "random_normal"),
            "seed": SEEDS,
        },
        {"num_layers": 12, "optimizer": "sgd", "learning_rate": 0.003, "epochs": 15},
        picture="curves",
    ),
)


def document(technique: Technique, base: str) -> str:
    """The Experiment, as ``kubectl apply`` takes it: the document ``base`` (its pods, its counts)
    with this search in it."""
    data = loads(base)[0].data
    spec = data["spec"]
    data["metadata"]["name"] = technique.experiment
    spec["objective"] = {
        "type": "maximize",
        "objectiveMetricName": technique.objective,
        "additionalMetricNames": list(technique.metrics),
        "metricStrategies": [
            {"name": technique.objective, "value": "max"},
            *({"name": name, "value": "latest"} for name in technique.metrics),
        ],
    }
    spec["algorithm"] = {"algorithmName": technique.algorithm}
    if technique.trials:
        settings = [{"name": "random_state", "value": "1"}]
        spec["algorithm"]["algorithmSettings"] = settings
    spec["maxTrialCount"] = technique.trials or _cells(technique)
    spec["parameters"] = [{"name": name, **each} for name, each in technique.parameters.items()]
    template = spec["trialTemplate"]
    template["trialParameters"] = [
        {"name": name, "reference": name} for name in technique.parameters
    ]
    container = template["trialSpec"]["spec"]["template"]["spec"]["containers"][0]
    container["args"] = [
        "--dataset=digits",
        *(f"--{name}={value}" for name, value in technique.flags.items()),
        *(f"--{name}=${{trialParameters.{name}}}" for name in technique.parameters),
    ]
    return dumps(data)


def _cells(technique: Technique) -> int:
    cells = 1
    for each in technique.parameters.values():
        cells *= len(each["feasibleSpace"]["list"])
    return cells
