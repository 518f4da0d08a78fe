"""What waits for a portal, while it goes down and when it comes back: who falls due at once, who probes, who goes on when.

Each function works within a write transaction of the breaker's own change, so that no process can end between the two.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import timedelta
from random import Random

from msgspec.structs import replace
from sqlalchemy import select

from bots.model import Status, Urgency
from jobs import events as happened
from jobs.events import Standing
from jobs.fallback import OUTAGES, standing_of
from jobs.journal_schema import requests
from jobs.journal_write import Write
from jobs.projection import decode_snapshot
from jobs.state import Channel, FallbackWay, Snapshot

GAP = timedelta(seconds=10)
"""Between two requests that a portal's return sets free, where our own limit does not ask for more."""
SPREAD_OVER = timedelta(hours=1)
"""Very many are set free within so long all the same, unless our own limit asks for more."""
_RANK = {Urgency.EMERGENT: 0, Urgency.URGENT: 1, Urgency.STANDARD: 2}


def wake_those_that_leave(write: Write, slug: str) -> None:
    """The portal is down: whatever may leave another way at once is due now, also what waits for a time or a person."""
    for snapshot in _waiting(write, slug):
        fallback = snapshot.route.fallback if snapshot.route else None
        if fallback is not None and fallback.decision is not FallbackWay.WAIT and fallback.wait_hours == 0:
            _due_now(write, snapshot)


def wake_one(write: Write, slug: str, only: Collection[str] | None) -> None:
    """One request (of ``only``) that waits for the portal is due now, unless one is anyway: it will tell how the portal is."""
    mine = [each for each in _waiting(write, slug) if only is None or each.request.request_id in only]
    if any(each.waiting_until is not None and each.waiting_until <= write.at for each in mine):
        return
    prober = next((each for each in mine if each.error_code in OUTAGES), None)
    if prober is not None:
        _due_now(write, prober)


def release_outage(write: Write, slug: str, most_per_hour: int) -> None:
    """The portal is back: what waited for it goes on by itself, urgent requests now and the others one after the other.

    The pauses between them are jittered by chance of a fixed seed, so that every process finds the same.
    """
    freed = [each for each in _waiting(write, slug) if each.error_code in OUTAGES]
    freed.sort(key=lambda each: _RANK[each.request.urgency])
    gap = _gap(len(freed), most_per_hour)
    for place, snapshot in enumerate(freed):
        jitter = Random(f"{slug}/{snapshot.request.request_id}").random()
        later = timedelta(0) if snapshot.request.is_urgent else gap * (place + jitter)
        standing = Standing(
            status=Status.WAITING,
            error_code="portal_back",
            reason=f"{slug} works again; the requests that waited for it go on one after the other.",
            waiting_until=write.at + later,
        )
        write.append(snapshot.request.request_id, happened.Moved(standing=standing))


def release_enabled(write: Write, slug: str) -> int:
    """A person has enabled the portal: what waited for that is new. Returns how many."""
    freed = [each for each in _waiting(write, slug) if each.waiting_until is None]
    for snapshot in freed:
        write.append(snapshot.request.request_id, happened.Moved(standing=Standing(status=Status.NEW)))
    return len(freed)


def _gap(count: int, most_per_hour: int) -> timedelta:
    gap = min(GAP, SPREAD_OVER / count) if count else GAP
    return max(gap, timedelta(hours=1) / most_per_hour) if most_per_hour > 0 else gap


def _due_now(write: Write, snapshot: Snapshot) -> None:
    if snapshot.waiting_until is None or snapshot.waiting_until > write.at:
        standing = replace(standing_of(snapshot), waiting_until=write.at)
        write.append(snapshot.request.request_id, happened.Moved(standing=standing))


def _waiting(write: Write, slug: str) -> Iterator[Snapshot]:
    """What waits and is meant for that portal still: what has left for a fax line or a telephone is none of it."""
    query = select(requests.c.snapshot).where(requests.c.portal == slug, requests.c.status == Status.WAITING.value)
    for text in write.connection.execute(query.order_by(requests.c.accepted_seq)).scalars().all():
        snapshot = decode_snapshot(text)
        if snapshot.channel is Channel.PORTAL:
            yield snapshot
