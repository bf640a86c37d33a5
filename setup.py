"""The metadata is in pyproject.toml; here is the one step that it has no words for: the Experiments
of ``manifests/experiments`` go into the wheel as ``katib_experiments/manifests``."""

from __future__ import annotations

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithExperiments(build_py):
    def run(self) -> None:
        super().run()
        if self.editable_mode:  # the checkout itself is what is installed
            return
        target = Path(self.build_lib, "katib_experiments", "manifests")
        self.mkpath(str(target))
        for experiment in sorted(Path("manifests/experiments").glob("*.yaml")):
            self.copy_file(str(experiment), str(target / experiment.name))


setup(cmdclass={"build_py": BuildWithExperiments})
