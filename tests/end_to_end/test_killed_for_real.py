"""Killed with SIGKILL at every step of the commit protocol, in the real browser, and started again: accepted exactly once."""

from __future__ import annotations

import signal
import sys
from typing import Any

import pytest

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(sys.platform != "linux", reason="not on this system: processes that are waited for by a handle"),
]
FIRST, SECOND = "HUSKY-001", "HUSKY-003"


@pytest.mark.parametrize(
    ("point", "arrived", "code"),
    [
        ("before_intent", 0, 0),
        ("after_intent", 0, 5),
        ("after_accepted", 1, 5),
        ("before_receipt", 1, 5),
        ("after_receipt", 1, 0),
    ],
)
def test_killed_and_started_again_each_request_is_accepted_once(practice: Any, point: str, arrived: int, code: int) -> None:
    """``code``: how the next run over the same file ends; 5 where nobody can know whether the request arrived."""
    practice.move_in("cc-desk1")
    practice.write_file(FIRST, SECOND)
    killed = practice.submit(kill=point)
    assert killed.code == -signal.SIGKILL
    practice.end_children()
    assert len(practice.accepted()) == arrived
    assert len(practice.world.truth("sessions")) == 1  # nobody signed it out

    again = practice.submit()
    assert again.code == code
    assert SECOND in practice.accepted()  # the one that was not begun waits for nobody
    assert practice.logins() == ["ok"]  # seat and session were taken over, no password typed
    assert practice.world.truth("sessions") == []

    practice.check_settled(practice.settle(again), FIRST, SECOND)
