"""The command lines of the programs around a search: what is theirs, and what is a Trial's.

It loads no TensorFlow, so ``--help`` and wrong flags are answered at once.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from trial_image.flags import from_command_line
from trial_image.settings import Settings

TRIAL = "Every flag of python -m trial_image.train is one of this program's too."


def split_flags(argv: Sequence[str]) -> tuple[Path, Settings]:
    """Of ``trial_image.split``: the file to write, and which data."""
    parser = _parser("split", TRIAL)
    parser.add_argument("--output", required=True, type=Path, help="the .npz to write")
    own, rest = parser.parse_known_args(argv)
    return own.output, from_command_line(rest)


def final_flags(argv: Sequence[str]) -> tuple[argparse.Namespace, Settings]:
    """Of ``trial_image.final``: its own, and the best Trial's."""
    parser = _parser("final", TRIAL)
    parser.add_argument("--output", required=True, type=Path, help="the folder to write")
    parser.add_argument("--seeds", type=int, default=3, help="models to train")
    parser.add_argument("--like", type=Path, help="the folder of an AutoKeras search")
    parser.add_argument("--final_epochs", type=int, default=0, help="0: as many as were best")
    own, rest = parser.parse_known_args(argv)
    for name, least in (("seeds", 1), ("final_epochs", 0)):
        if (received := getattr(own, name)) < least:
            parser.error(f'--{name}: received "{received}": must be at least {least}')
    return own, from_command_line(rest)


def predict_flags(argv: Sequence[str]) -> argparse.Namespace:
    """Of ``trial_image.predict``: ``model``, ``dataset`` and ``output``."""
    parser = _parser("predict", "")
    parser.add_argument("--model", required=True, type=Path, help="the folder of the model")
    parser.add_argument("--dataset", required=True, type=Path, help="a file of trial_image.split")
    parser.add_argument("--output", required=True, type=Path, help="the .npz to write")
    return parser.parse_args(argv)


def _parser(program: str, text: str) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(
        prog=f"python -m trial_image.{program}", epilog=text, allow_abbrev=False
    )
