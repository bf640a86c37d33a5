"""What ends a Trial with a message and an exit code of its own, beside wrong flags and data."""

from __future__ import annotations


class OutputError(Exception):
    """A result cannot be left where it should be; the text is meant for the user."""
