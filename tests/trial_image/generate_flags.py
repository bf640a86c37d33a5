"""Write the table of flags in ``docs/trial.md`` anew, from the rows of the settings.

python -m tests.trial_image.generate_flags
"""

from __future__ import annotations

from pathlib import Path

from trial_image.flags import default_of
from trial_image.rules import ANY, rows, rule_of
from trial_image.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "trial.md"
BEGIN = (
    "<!-- Generated from trial_image/settings.py: python -m tests.trial_image.generate_flags -->\n"
)


def table() -> str:
    """A table per group of settings."""
    lines: list[str] = []
    for name, row in rows(Settings).items():
        if row.metadata["group"]:
            head = ["", f"### {row.metadata['group']}", "", "| flag | default | |", "|---|---|---|"]
            lines += head
        rule = rule_of(row)
        limits = "" if rule is ANY else f"; {rule.text}"
        default = default_of(row)
        cell = f"`{default}`" if default else ""
        lines.append(f"| `--{name}` | {cell} | {row.metadata['help']}{limits} |")
    return "\n".join(lines) + "\n"


def page(old: str) -> str:
    """The page ``old`` with the table of today; it ends the page."""
    return old.partition(BEGIN)[0] + BEGIN + table()


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
