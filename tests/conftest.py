"""Property tests try the same examples everywhere, and are not timed: machines may be busy."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")
