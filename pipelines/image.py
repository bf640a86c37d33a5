"""The image of every step: this package with its dependencies, and the programs of the trial image.

Set ``KATIB_AUTOML_IMAGE`` when compiling to take one of your own registry.
"""

from __future__ import annotations

import os

IMAGE = os.environ.get("KATIB_AUTOML_IMAGE", "katib-automl/pipelines:0.1.0")
