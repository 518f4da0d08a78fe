"""Two PriorBots submit the same file at the same moment: each request is accepted once."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.browser
TWO = ("HUSKY-001", "HUSKY-003")


@pytest.mark.parametrize("accounts", [("cc-desk1",), ("cc-desk1", "cc-desk2")])
def test_the_same_file_submitted_twice_at_once(practice: Any, accounts: tuple[str, ...]) -> None:
    practice.move_in(*accounts)
    practice.write_file(*TWO)
    runs = practice.at_once(("submit", str(practice.file)), ("submit", str(practice.file)))
    assert [run.code for run in runs] == [0, 0]
    assert set(practice.accepted()) == set(TWO)
    practice.check_settled(practice.submit(), *TWO)
    assert practice.world.truth("sessions") == []
    assert set(practice.logins()) == {"ok"}
