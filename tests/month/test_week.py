"""A week of the month (`tests/month/run.py`): over the change of the clocks and the day on which units are read, with an outage
that outlasts its wait, a stop, a kill, a password that somebody changed by hand and one that the portal wants changed."""

from __future__ import annotations

import pytest
import structlog.testing
from month import Month, live
from month_oracle import differences
from month_plan import a_week
from month_report import figures
from month_service import without_waiting_for_the_disk

from jobs import journal_schema

NOBODY_ELSE = 1
"""The one password that was refused is the one that somebody had changed by hand; it was typed once."""


@pytest.mark.long
def test_at_the_end_of_a_week_the_ledger_is_the_payers_truth_and_every_tick_ran_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_schema, "_set_up_sqlite", without_waiting_for_the_disk(journal_schema._set_up_sqlite))

    def judge(month: Month) -> None:
        assert differences(month) == []
        told = figures(month, [])
        assert told["portals opened"] == "11"
        assert told["passwords refused"] == str(NOBODY_ELSE)
        units_page = month.payers.accounts["husky_secure", "hs1"]
        assert len({password for password, ok, _ in units_page.tries if ok}) == 3, "changed by its age, and when it was asked for"
        assert month.count_ticks("again") >= 1, "the kill left something in the middle"
        channels = {each.channel for taken in month.payers.taken.values() for each in taken}
        assert channels >= {"portal", "fax"}

    with structlog.testing.capture_logs():
        live(a_week(a_day=10, seed=1), judge)
