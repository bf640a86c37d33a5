"""AutoKeras's tuners, telling what they do, repeatable, and going on after a kill as if there had
been none."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import autokeras
import keras

from trial_image.autokeras_trials import read_trial, read_trials, write_trials
from trial_image.callbacks import metric_text, say


class SearchError(Exception):
    """No model was found; the text is meant for the user."""


class Telling:
    """What is added to a tuner of AutoKeras's. Every trial ends with a line of metrics, those of
    its best epoch, and with the table of trials written anew."""

    oracle: Any
    project_dir: str
    max_model_size: int | None

    def pre_create_trial(self) -> None:
        """Seed the choice of the trial: the greedy tuner draws from NumPy's global numbers."""
        super().pre_create_trial()  # type: ignore[misc]
        self._seed(len(self.oracle.end_order))

    def on_trial_begin(self, trial: Any) -> None:  # noqa: ANN401
        """Seed the start weights, so that those of a trial begun again are the same."""
        super().on_trial_begin(trial)  # type: ignore[misc]
        self._seed(int(trial.trial_id))

    def _seed(self, number: int) -> None:
        keras.utils.set_random_seed((self.oracle.seed + number) % 2**32)

    def _try_build(self, hp: Any) -> keras.Model:  # noqa: ANN401
        """The limit on the size of a model is one for trials: AutoKeras builds a model before the
        first trial too, to see what there is to choose, and where that one was too large the
        whole search ended."""
        limit = self.max_model_size
        self.max_model_size = limit if self.oracle.ongoing_trials else None
        try:
            return super()._try_build(hp)  # type: ignore[misc]
        finally:
            self.max_model_size = limit

    def _build_hypermodel(self, hp: Any) -> keras.Model:  # noqa: ANN401
        """Hyperband goes on from a trial's weights, for which KerasTuner wants a file that
        AutoKeras's trials lack; a functional model needs nothing of it."""
        if "tuner/trial_id" in hp.values:
            trial = hp.values["tuner/trial_id"]
            Path(self._get_build_config_fname(trial)).write_text("{}")  # type: ignore[attr-defined]
        return super()._build_hypermodel(hp)  # type: ignore[misc]

    def on_epoch_end(self, trial: Any, model: Any, epoch: int, logs: Any = None) -> None:  # noqa: ANN401
        super().on_epoch_end(trial, model, epoch, logs)  # type: ignore[misc]
        name = self.oracle.objective.name
        number, last = int(trial.trial_id) + 1, self.oracle.max_trials
        value = (logs or {}).get(name, math.nan)
        say(f"trial {number} of {last}, epoch {epoch + 1}: {name} {value:.6g}")

    def on_trial_end(self, trial: Any) -> None:  # noqa: ANN401
        super().on_trial_end(trial)  # type: ignore[misc]
        project = Path(self.project_dir)
        row = read_trial(project / f"trial_{trial.trial_id}" / "trial.json")
        write_trials(project.parent, read_trials(project))
        if row["status"] == "COMPLETED":
            say(metric_text(row["epoch"], row["metrics"] | {"trial": row["trial"]}))
        else:
            say(f"trial {row['trial']} failed: {row['message']}")

    def on_search_end(self) -> None:
        """Without a model AutoKeras would end in a missing file, far from the reason."""
        super().on_search_end()  # type: ignore[misc]
        trials = read_trials(Path(self.project_dir))
        if not any(row["status"] == "COMPLETED" for row in trials):
            reasons = dict.fromkeys(row["message"] for row in trials)
            raise SearchError("no trial succeeded: " + "; ".join(reasons))


class Greedy(Telling, autokeras.tuners.Greedy):  # type: ignore[misc]
    pass


class RandomSearch(Telling, autokeras.tuners.RandomSearch):  # type: ignore[misc]
    pass


class BayesianOptimization(Telling, autokeras.tuners.BayesianOptimization):  # type: ignore[misc]
    pass


class Hyperband(Telling, autokeras.tuners.Hyperband):  # type: ignore[misc]
    pass


TUNERS = {
    "greedy": Greedy,
    "random": RandomSearch,
    "bayesian": BayesianOptimization,
    "hyperband": Hyperband,
}
