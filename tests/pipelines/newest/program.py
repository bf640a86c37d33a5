"""What the newest KFP does with the pipelines. The Python of ``make env-newest`` runs it::

program.py compile FOLDER             the pipelines as they are written
program.py load FOLDER                the shipped files, loaded and compiled again
program.py run FILE ROOT PYTHON JSON  a compiled file with these parameters, its steps by PYTHON
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from kfp import components, local
from kfp.compiler import Compiler

from pipelines.compiling import FOLDER, compile_all


def load(folder: Path) -> None:
    for path in FOLDER.iterdir():
        Compiler().compile(components.load_component_from_file(str(path)), str(folder / path.name))


def run(file: str, root: Path, python: str, parameters: str) -> None:
    """Leaves the outputs in ``outputs.json`` below ``root``, where KFP's cache is as well."""
    sys.executable = python  # what KFP starts a step with
    runner = local.SubprocessRunner(use_venv=False)
    local.init(runner, pipeline_root=str(root), enable_caching=True)
    done = components.load_component_from_file(file)(**json.loads(parameters))
    (root / "outputs.json").write_text(json.dumps(done.outputs))


if __name__ == "__main__":
    verb, *words = sys.argv[1:]
    if verb == "compile":
        compile_all(Path(words[0]))
    elif verb == "load":
        load(Path(words[0]))
    else:
        run(words[0], Path(words[1]), words[2], words[3])
