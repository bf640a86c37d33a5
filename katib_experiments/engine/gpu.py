"""Which GPUs this machine has, and who holds them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence

from katib_experiments.errors import RunnerError


def visible() -> tuple[str, ...]:
    """The GPUs that this process may use: those of ``CUDA_VISIBLE_DEVICES`` where it is set, else
    all that ``nvidia-smi`` lists, by index."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        names = [name.strip() for name in chosen.split(",")]
        return tuple(name for name in names if name not in ("", "-1", "NoDevFiles", "none", "void"))
    try:
        listed = subprocess.run(
            ["nvidia-smi", "-L"],  # noqa: S607 - found on PATH, as the driver installs it
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
    except (OSError, subprocess.SubprocessError):
        return ()
    count = sum(line.startswith("GPU ") for line in listed.stdout.splitlines())
    return tuple(map(str, range(count)))


class Devices:
    """Hands out GPUs, each to one Trial at a time."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(names)
        self._held: dict[str, tuple[str, ...]] = {}

    def require(self, count: int) -> None:
        """Raise RunnerError where there are not ``count`` GPUs, free or held."""
        if count > len(self._names):
            raise RunnerError(
                f'resources.limits["nvidia.com/gpu"]: Invalid value: {count}: this machine has '
                f"{len(self._names)} GPU(s) that Trials can use (CUDA_VISIBLE_DEVICES, nvidia-smi "
                "-L); lower the limit, or remove it to train on the CPU"
            )

    def take(self, trial: str, count: int) -> tuple[str, ...] | None:
        """``count`` GPUs for ``trial``; None while too few are free."""
        held = {name for names in self._held.values() for name in names}
        free = [name for name in self._names if name not in held]
        if count > len(free):
            return None
        self._held[trial] = tuple(free[:count])
        return self._held[trial]

    def give_back(self, trial: str) -> None:
        self._held.pop(trial, None)
