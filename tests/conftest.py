"""Property tests try the same examples on every machine, and are not timed: it may be a busy one."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")
