"""HylaFAX's words, one by one: what is not known is never taken for delivered, and never dialled again."""

from __future__ import annotations

import pytest

from bots.fax.lines.hylafax_words import STATES, reason_for
from bots.fax.model import FaxReason, FaxState

ONCE = "; too many attempts to dial"


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("Busy signal detected" + ONCE, FaxReason.BUSY),
        ("No answer from remote" + ONCE, FaxReason.NO_ANSWER),
        ("Ringback detected, no answer without CED" + ONCE, FaxReason.NO_ANSWER),
        ("No carrier detected" + ONCE, FaxReason.NO_CARRIER),
        ("No receiver protocol (T.30 T1 timeout)" + ONCE, FaxReason.NO_CARRIER),
        ("No local dialtone" + ONCE, FaxReason.NO_LINE),
        ("Can not lock modem device", FaxReason.NO_LINE),
        ("REJECT: Requested modem x is not registered", FaxReason.REJECTED),
        ("Document preparation failed: x", FaxReason.REJECTED),
        ("Job aborted by request", FaxReason.CANCELLED),
        ("Kill time expired", FaxReason.TIMED_OUT),
        ("COMREC invalid response received to PPS.; too many attempts to send", FaxReason.BROKEN_OFF),
        ("Failed to invent a new word", FaxReason.OTHER),
        ("", FaxReason.OTHER),
    ],
)
def test_a_status_means_what_the_table_says(status: str, reason: FaxReason) -> None:
    assert reason_for(status, pages_sent=0, dials=0) is reason


@pytest.mark.parametrize(
    "status", ["Busy signal detected", "No answer from remote", "No carrier detected", "Call aborted by user", "x"]
)
def test_when_pages_were_sent_the_call_broke_off_whatever_is_said(status: str) -> None:
    assert reason_for(status, pages_sent=1, dials=1) is FaxReason.BROKEN_OFF


def test_a_call_that_was_taken_back_while_it_was_made_may_have_brought_something() -> None:
    assert reason_for("Call aborted by user", pages_sent=0, dials=1) is FaxReason.BROKEN_OFF


def test_only_done_is_delivered() -> None:
    assert [word for word, state in STATES.items() if state is FaxState.DELIVERED] == ["DONE"]
    assert "UNDEFINED" not in STATES
