"""The command ``automl``: one file per verb."""

from katib_experiments.cli.app import main

__all__ = ["main"]
