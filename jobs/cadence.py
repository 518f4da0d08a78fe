"""How often an open case is looked at: the closer its decision is due, the more often. Pure.

The lengths are ours, no payer's: the time that is left, divided by eight, within `CLOSEST` and `WIDEST`. An expedited request
(72 hours) is so looked at every few hours on its first day and every half hour on its last, a standard one (7 days) twice a
day at first. Payers ask not to be asked more often than that makes sense (field, section 4a).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from jobs.case_lists import is_open
from jobs.state import Snapshot

CLOSEST = timedelta(minutes=30)
WIDEST = timedelta(hours=12)
LATE = timedelta(hours=2)
"""While a decision is overdue; after `GIVEN_UP` more the payer is late anyway, and once in `WIDEST` is enough."""
GIVEN_UP = timedelta(days=7)
SHARE = 8
BATCH = 0.75
"""Who is looked at anyway takes along those whose time is three quarters over: one sign-in, one list."""


def interval(due: datetime | None, now: datetime) -> timedelta:
    """The longest time between two looks at a case whose decision is due then (None: not known)."""
    if due is None:
        return WIDEST
    left = due - now
    if left < -GIVEN_UP:
        return WIDEST
    return LATE if left < timedelta(0) else min(WIDEST, max(CLOSEST, left / SHARE))


def cases_due(snapshots: list[Snapshot], now: datetime) -> set[str]:
    """Ids of the open cases of one portal that are to be looked at now; empty when none's time has come."""
    ages = {}
    for each in snapshots:
        if is_open(each):
            since = each.last_checked or each.submitted_at or each.accepted_at
            ages[each.request.request_id] = (now - since) / interval(each.decision_due, now)
    if not any(age >= 1 for age in ages.values()):
        return set()
    return {request_id for request_id, age in ages.items() if age >= BATCH}
