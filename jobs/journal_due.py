"""Which requests are due on a portal, as questions to the database. Built once: the service asks them every minute."""

from __future__ import annotations

from sqlalchemy import and_, bindparam, exists, func, or_, select

from bots.model import Status
from jobs.journal_schema import attempts, breakers, requests
from jobs.state import OPEN_ATTEMPT, AttemptState

_SENT = exists().where(
    attempts.c.request_id == requests.c.request_id,
    attempts.c.state.in_([state.value for state in OPEN_ATTEMPT - {AttemptState.DRAFTING}]),
)
_WAITS = and_(requests.c.status == Status.WAITING.value, requests.c.waiting_until != "")
_IS_DUE = and_(or_(requests.c.status == Status.NEW.value, and_(_WAITS, requests.c.waiting_until <= bindparam("now"))), ~_SENT)
"""New, or its waiting is over; and nothing was sent that may have been accepted."""
_PROBED = exists().where(
    breakers.c.portal == requests.c.portal,
    breakers.c.state != "closed",
    # Further ahead than a probe is ever set: the clock was put back since then.
    or_(breakers.c.probe_at <= bindparam("now"), breakers.c.probe_at > bindparam("longest")),
)

DUE = select(requests.c.snapshot).where(requests.c.portal == bindparam("portal"), _IS_DUE).order_by(requests.c.accepted_seq)
"""``now``, ``portal``: the requests to be submitted there now, in the order in which they were accepted."""
PORTALS_DUE = select(requests.c.portal).where(requests.c.portal != "", or_(_IS_DUE, and_(_WAITS, _PROBED))).distinct()
"""``now``, ``longest``: portals for which something is due, or that are down, waited for, and to be tried again now."""
NEXT_DUE = select(func.min(requests.c.waiting_until)).where(_WAITS, requests.c.portal != "")
"""The moment until which the first request waits."""
IN_DOUBT = (
    select(attempts.c.attempt_id)
    .where(
        attempts.c.portal == bindparam("portal"),
        attempts.c.state.in_([AttemptState.INTENT.value, AttemptState.UNCERTAIN.value]),
    )
    .limit(1)
)
"""``portal``: an attempt there of which is not known whether it was accepted."""
