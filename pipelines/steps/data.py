"""The Dataset artifact: a folder with ``data.npz``, the arrays x_train y_train x_test y_test."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.steps.programs import StepError, run_program

FILE = "data.npz"
TASK = "task"
"""Beside it: what the target is, where somebody said so; the arrays alone would not tell."""
SHARED = "katib-automl/data"
"""Folder on a volume."""
ARRAYS = ("x_train", "y_train", "x_test", "y_test")


def prepare(folder: Path, dataset: str, task: str, flags: list[str]) -> dict[str, Any]:
    """Read ``dataset`` and split it once; what the artifact says of itself."""
    what = [f"--dataset={dataset}", f"--task={task}", *flags]
    run_program("split", [f"--output={folder / FILE}", *what])
    if task != "auto":
        (folder / TASK).write_text(task)
    return {"dataset": dataset, **described(folder)}


def data_file(artifact: str | Path) -> Path:
    """The file of a Dataset artifact: of :func:`prepare`'s folder, or a single .npz file, whose
    name may come from elsewhere but must say what it is, for trainers go by it."""
    path = Path(artifact)
    if (path / FILE).is_file():
        return (path / FILE).absolute()
    if path.is_file() and path.suffix == ".npz":
        return path.absolute()
    raise StepError(f"data: received {path}: must be a folder with {FILE}, or a .npz file")


def shared(artifact: str | Path, volume: Path) -> Path:
    """A copy of the file on a volume that Trials mount too, named after what is in it, so that it
    is written once and never changed.

    Raises :class:`StepError` where the step has no such volume, or may not write to it.
    """
    place = volume / SHARED / f"{described(artifact)['sha256']}.npz"
    if not volume.is_dir():
        raise StepError(
            f"mount: received {volume}: must be where the step has the claim mounted: "
            "kubernetes.mount_pvc(task, claim, mount)"
        )
    if not place.is_file():
        part = place.with_name(f".{place.name}.{os.getpid()}")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(data_file(artifact), part)
            part.replace(place)
        except OSError as error:
            raise StepError(f"mount: {volume} cannot be written: {error.strerror}") from None
        finally:
            part.unlink(missing_ok=True)
    return place


def said_task(artifact: str | Path) -> str:
    """``classification`` or ``regression`` where somebody said so, else nothing."""
    file = Path(artifact) / TASK
    return file.read_text() if file.is_file() else ""


def described(artifact: str | Path) -> dict[str, Any]:
    """Sizes, kind and hash of the arrays, as an artifact's metadata can hold them."""
    with np.load(data_file(artifact), allow_pickle=False) as file:
        if missing := set(ARRAYS) - set(file.files):
            raise StepError(f"data: {artifact} lacks the arrays {', '.join(sorted(missing))}")
        arrays = {name: file[name] for name in ARRAYS}
    digest = hashlib.sha256()
    for name, array in arrays.items():
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    x = arrays["x_train"]
    return {
        "sha256": digest.hexdigest(),
        "train_examples": len(x),
        "test_examples": len(arrays["x_test"]),
        "shape": " × ".join(map(str, x.shape[1:])),
        "kind": "image" if x.ndim > 2 else "structured_data",
        "task": said_task(artifact) or task_of(arrays["y_train"]),
    }


def task_of(y: np.ndarray[Any, np.dtype[Any]]) -> str:
    """As the trainer decides where nobody says it: fractions or over 100 values are numbers."""
    if not np.issubdtype(y.dtype, np.number):
        return "classification"
    many = bool((y != np.round(y)).any()) or len(np.unique(y)) > 100
    return "regression" if many else "classification"
