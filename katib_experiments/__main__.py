"""``python -m katib_experiments`` is ``automl``."""

from katib_experiments.cli import main

main()
