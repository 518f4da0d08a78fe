"""How requests leave their portals: onto their other way while a portal is down, and from there into the fax queue.

Nothing here opens a browser: it may run every minute, whatever the work on the portals is doing at that moment.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import structlog
from sqlalchemy import select

from bots.errors import BotError, PortalDown
from bots.model import Status
from jobs.events import Moved, Routed
from jobs.fallback import fax_task
from jobs.fax.book import to_fax
from jobs.journal_schema import requests
from jobs.office import Office, Outcome
from jobs.portal_state import BreakerState, PortalStates
from jobs.state import Snapshot
from jobs.submit import outage_way


async def leave_due(office: Office) -> tuple[Outcome, ...]:
    """Everything whose rule lets it leave a portal that is down, by now, leaves; and what is to be faxed enters the fax queue.

    For every minute of the service. On which a worker works at this moment stays with it.
    """
    outcomes = []
    for breaker in office.states.breakers():
        if breaker.state is BreakerState.CLOSED:
            continue
        for snapshot in office.journal.due(breaker.portal):
            then = outage_way(office, snapshot, breaker.portal, PortalDown.code)
            if isinstance(then, Routed) and office.attempts.put_to_rest(snapshot.request.request_id, then):
                outcomes.append(_outcome(office, snapshot))
    return (*outcomes, *await leave_by_fax(office))


async def leave_by_fax(office: Office) -> tuple[Outcome, ...]:
    """The one place where requests go into the fax queue, by whichever rule; without a queue a person faxes them."""
    leaving = to_fax(office.journal)
    if not leaving:
        return ()
    if office.take_faxes is None:
        for snapshot in leaving:
            _by_hand(office, snapshot)
    else:
        try:
            await office.take_faxes()
        except BotError as error:  # they stay as they are, and the next minute's look takes them
            structlog.get_logger().error("fax_not_queued", error_code=error.code, count=len(leaving))
    return tuple(_outcome(office, snapshot) for snapshot in leaving)


def wake_probers(office: Office, *, only: Collection[str] | None = None, portals: Collection[str] | None = None) -> None:
    """One request (of ``only``) of each portal (of ``portals``) falls due whose time to be probed has come."""
    for breaker in office.states.breakers():
        if portals is None or breaker.portal in portals:
            office.states.wake_prober(breaker.portal, only)


def next_moment(office: Office) -> datetime | None:
    """When there is something to do next on portals, as far as the journal knows: now, a request's time, or that of a probe for
    which a request waits; else None."""
    if to_fax(office.journal):
        return office.now()
    down = {each.portal: each.probe_at for each in office.states.breakers() if each.state is not BreakerState.CLOSED}
    if down:
        query = select(requests.c.portal).where(
            requests.c.portal.in_(down), requests.c.status == Status.WAITING.value, requests.c.waiting_until != ""
        )
        with office.journal.read() as connection:
            waited_for = set(connection.execute(query.distinct()).scalars())
        down = {portal: at for portal, at in down.items() if portal in waited_for}
    return min((at for at in (office.journal.next_due(), *down.values()) if at is not None), default=None)


def is_portal_down(states: PortalStates) -> bool:
    """Whether requests may have to leave a portal by now (`leave_due`)."""
    return any(breaker.state is not BreakerState.CLOSED for breaker in states.breakers())


def _by_hand(office: Office, snapshot: Snapshot) -> None:
    route, request_id = snapshot.route, snapshot.request.request_id
    assert route is not None, "only a routed request is to be faxed"
    with office.journal.write() as write:
        if write.snapshot(request_id) == snapshot:
            standing = fax_task(route.other_number, route.other_rule_ids, snapshot.reason)
            write.append(request_id, Moved(standing=standing))


def _outcome(office: Office, snapshot: Snapshot) -> Outcome:
    now = office.journal.snapshot(snapshot.request.request_id)
    outcome = Outcome(
        request_id=now.request.request_id,
        portal=now.route.portal if now.route else "",
        status=now.status,
        error_code=now.error_code,
        reason=now.reason,
    )
    office.progress(outcome)
    return outcome
