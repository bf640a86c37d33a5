"""Run an Experiment on this machine."""

from katib_experiments.engine.local import LocalBackend

__all__ = ["LocalBackend"]
