"""Every algorithm's settings: name, type, range and default. The one table that validation checks
documents against and that the algorithms read their settings from.

Names and ranges are Katib's own (its services for hyperopt, optuna, skopt, goptuna, hyperband and
medianstop); ``zooming`` and ``asha`` are this project's. ``CLUSTER_ONLY`` holds
those that documents may ask for but only a cluster can run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from katib_experiments.experiment.model import AlgorithmSpec

SettingValue = int | float | str


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of an algorithm. ``minimum`` and ``maximum`` are allowed values unless
    ``exclusive``; ``includes_maximum`` then allows the maximum alone."""

    name: str
    kind: type[int] | type[float] | type[str]
    default: SettingValue | None = None
    """None: required, unless ``optional``."""
    minimum: float = -math.inf
    maximum: float = math.inf
    exclusive: bool = False
    choices: tuple[str, ...] = ()
    optional: bool = False
    includes_maximum: bool = False
    nullable: bool = False
    """Whether the text ``None`` is a value."""

    @property
    def required(self) -> bool:
        return self.default is None and not self.optional

    def read(self, text: str) -> SettingValue:
        """``text`` as a value; ValueError with the rule where it breaks it."""
        if self.nullable and text == "None":
            return text
        if self.choices:
            if text not in self.choices:
                raise ValueError(f"must be one of {', '.join(self.choices)}")
            return text
        if self.kind is str:
            return text
        try:
            value = self.kind(text)
            inside = self._inside(float(value))
        except ValueError:
            noun = "an integer" if self.kind is int else "a number"
            raise ValueError(f"must be {noun}") from None
        except OverflowError:  # an integer beyond any float
            inside = False
        if not inside:
            raise ValueError(f"must be {self.range_text}")
        return value

    def _inside(self, value: float) -> bool:
        if self.exclusive:
            at_maximum = self.includes_maximum and value == self.maximum
            return self.minimum < value < self.maximum or at_maximum
        return self.minimum <= value <= self.maximum and math.isfinite(value)

    @property
    def range_text(self) -> str:
        """The range in words, ``at least 0``."""
        above, below = ("above", "below") if self.exclusive else ("at least", "at most")
        if self.includes_maximum:
            below = "at most"
        parts = []
        if self.minimum > -math.inf:
            parts.append(f"{above} {self.minimum:g}")
        if self.maximum < math.inf:
            parts.append(f"{below} {self.maximum:g}")
        return " and ".join(parts) or "finite"


# Katib's services take any integer >= 0; without one the seed is 0, so that a run can be repeated.
_RANDOM_STATE = Setting("random_state", int, 0, minimum=0)
_RESOURCE = (
    Setting("resource_name", str),
    Setting("r_l", float, minimum=0, exclusive=True),
)

ALGORITHMS: Mapping[str, tuple[Setting, ...]] = {
    "random": (_RANDOM_STATE,),
    "grid": (_RANDOM_STATE,),
    "bayesianoptimization": (
        Setting("base_estimator", str, "GP", choices=("GP", "RF", "ET", "GBRT")),
        Setting("n_initial_points", int, 10, minimum=0),
        Setting(
            "acq_func",
            str,
            "gp_hedge",
            choices=("gp_hedge", "LCB", "EI", "PI", "EIps", "PIps"),
        ),
        Setting("acq_optimizer", str, "auto", choices=("auto", "sampling", "lbfgs")),
        _RANDOM_STATE,
    ),
    "tpe": (
        Setting("gamma", float, 0.25, minimum=0, maximum=1, exclusive=True),
        Setting("prior_weight", float, 1.0, minimum=0, exclusive=True),
        Setting("n_EI_candidates", int, 24, minimum=0, exclusive=True),
        _RANDOM_STATE,
    ),
    "multivariate-tpe": (
        Setting("n_startup_trials", int, 10, minimum=0),
        Setting("n_ei_candidates", int, 24, minimum=1),
        _RANDOM_STATE,
    ),
    "cmaes": (
        Setting("sigma", float, optional=True, minimum=0, exclusive=True),
        Setting("restart_strategy", str, "none", choices=("none", "None", "ipop", "bipop")),
        _RANDOM_STATE,
    ),
    "sobol": (),
    "hyperband": (*_RESOURCE, Setting("eta", float, 3.0, minimum=1, exclusive=True)),
    "zooming": (
        Setting("rounds", int, 3, minimum=1),
        Setting("shrink_factor", float, 0.5, minimum=0, maximum=1, exclusive=True),
        Setting("global_share", float, 0.2, minimum=0, maximum=1),
        _RANDOM_STATE,
    ),
    "asha": (
        *_RESOURCE,
        Setting("eta", float, 3.0, minimum=1, exclusive=True),
        Setting("min_resource", float, 1.0, minimum=0, exclusive=True),
        _RANDOM_STATE,
    ),
}

CLUSTER_ONLY: Mapping[str, tuple[Setting, ...]] = {
    "pbt": (
        Setting("suggestion_trial_dir", str),
        Setting("n_population", int, minimum=5),
        Setting("truncation_threshold", float, minimum=0, maximum=1),
        Setting("resample_probability", float, optional=True, minimum=0, maximum=1),
    ),
    "enas": (
        Setting("controller_hidden_size", int, 64, minimum=1),
        *(
            Setting(name, float, default, minimum=0, exclusive=True, nullable=True)
            for name, default in (
                ("controller_temperature", 5.0),
                ("controller_tanh_const", 2.25),
                ("controller_entropy_weight", 1e-5),
                ("controller_skip_weight", 0.8),
            )
        ),
        *(
            Setting(name, float, default, 0, 1, exclusive=True, includes_maximum=True)
            for name, default in (
                ("controller_baseline_decay", 0.999),
                ("controller_learning_rate", 5e-5),
                ("controller_skip_target", 0.4),
            )
        ),
        Setting("controller_train_steps", int, 50, minimum=1),
        Setting("controller_log_every_steps", int, 10, minimum=1),
    ),
    "darts": (
        Setting("num_epochs", int, 50, minimum=1),
        *(
            Setting(name, float, default, minimum=0)
            for name, default in (
                ("w_lr", 0.025),
                ("w_lr_min", 0.001),
                ("w_momentum", 0.9),
                ("w_weight_decay", 3e-4),
                ("w_grad_clip", 5.0),
                ("alpha_lr", 3e-4),
                ("alpha_weight_decay", 1e-3),
            )
        ),
        Setting("batch_size", int, 128, minimum=1, nullable=True),
        Setting("num_workers", int, 4, minimum=0),
        *(
            Setting(name, int, default, minimum=1)
            for name, default in (
                ("init_channels", 16),
                ("print_step", 50),
                ("num_nodes", 4),
                ("stem_multiplier", 3),
            )
        ),
    ),
}

KATIB_LACKS = frozenset({"zooming", "asha"})
"""Search algorithms that only this project's suggestion service serves."""
EARLY_STOPPING_KATIB_LACKS = frozenset({"asha"})

EARLY_STOPPING: Mapping[str, tuple[Setting, ...]] = {
    "medianstop": (
        Setting("min_trials_required", int, 3, minimum=1),
        Setting("start_step", int, 4, minimum=1),
    ),
    "asha": (
        Setting("min_trials_required", int, 3, minimum=1),
        Setting("start_step", int, 1, minimum=1),
        Setting("eta", float, 3.0, minimum=1, exclusive=True),
    ),
}


def typed_settings(
    spec: AlgorithmSpec, table: Mapping[str, tuple[Setting, ...]]
) -> dict[str, SettingValue | None]:
    """All settings of ``spec``, defaults filled in. The document has been validated."""
    return {
        setting.name: (
            setting.read(spec.settings[setting.name])
            if setting.name in spec.settings
            else setting.default
        )
        for setting in table[spec.name]
    }
