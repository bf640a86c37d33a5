# KFP reads annotations as they stand: "from __future__ import annotations" would hide them.
from kfp import dsl
from kfp.dsl import Artifact, Input

from pipelines.image import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False, packages_to_install=[])
def read_experiment(file: Input[Artifact]) -> str:
    """Turn an Experiment that another step wrote into the text that run_experiment takes.

    Args:
        file: The document. An error in it ends the step, with every other one and its line.

    Returns:
        The same document.
    """
    from pathlib import Path

    from katib_experiments import read

    read(Path(file.path))
    return Path(file.path).read_text(encoding="utf-8")
