"""What the doctor says of a cluster that lacks nothing."""

from __future__ import annotations

import pytest

from katib_experiments.cluster.doctor import findings

pytestmark = pytest.mark.cluster


def test_it_is_all_green(real, namespace):
    assert {each.level for each in findings(real, namespace)} == {"ok"}
