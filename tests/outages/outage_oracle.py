"""What must be true after an outage, told by the far ends, by the portals themselves and by the rules written a second time.

When an outage had shown itself the portals tell (`Sky.shown`): each urgent request is held to that. PriorBot's own breaker is
looked at for figures only: how often it met an outage, and how often it probed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from outage_practice import PORTALS, Practice
from plain_rules import expected

from bots.model import AuthRequest
from jobs.events import BreakerClosed, BreakerOpened, Doubted

WITHIN = timedelta(minutes=5)
"""An urgent request has left on an allowed way so long after the portal had shown that it is down."""
_EASTERN = ZoneInfo("America/New_York")
_OFFICE_HOURS = {"1.800.440.5071", "1-888-556-7048"}
"""Numbers whose desks the rules say are there Mon-Fri 8-18."""


@dataclass
class Verdict:
    """``wrong``: what must not be, in words without health information; empty when all is well."""

    requests: int = 0
    urgent: int = 0
    at_portals: int = 0
    faxed: int = 0
    phoned: int = 0
    with_a_person: int = 0
    unclear_clicks: int = 0
    outages_met: int = 0
    probes: int = 0
    slowest_urgent: float = 0.0
    """Seconds from when the portal had shown that it is down, or from the arrival after that, until the last urgent one left."""
    most_in_a_minute: int = 0
    """Submissions on one portal within a minute of the first quarter of an hour after its return."""
    wrong: list[str] | None = None


def judge(practice: Practice) -> Verdict:
    """Holds what came out of the far ends against what had to."""
    taken = [(portal, request_id, at) for portal, request_id, at in _accepted(practice)]
    ends: Counter[str] = Counter(request_id for _, request_id, _ in taken)
    ends.update(request_id for request_id, _, _ in practice.line.arrived())
    ends.update(request_id for request_id, _, _ in practice.far.phoned)
    verdict = Verdict(
        requests=len(practice.arrivals),
        urgent=sum(each.request.is_urgent for each in practice.arrivals),
        at_portals=len(taken),
        faxed=len(practice.line.arrived()),
        phoned=len(practice.far.phoned),
        unclear_clicks=practice.sky.clicks_hit,
        wrong=[f"{request_id} went out {count} times" for request_id, count in ends.items() if count > 1],
    )
    wrong = verdict.wrong
    assert wrong is not None
    known = {each.request.request_id: each for each in practice.arrivals}
    for request_id in known.keys() - ends.keys():
        now = practice.journal.snapshot(request_id)
        if not (now.reason and now.next_action):
            wrong.append(f"{request_id} is lost: {now.status}")
        verdict.with_a_person += 1
    wrong += _channels(practice, taken)
    wrong += _urgent(practice, verdict, taken)
    verdict.most_in_a_minute = _herd(practice, taken)
    if not practice.journal.rebuild():
        wrong.append("the journal's rows are not what its events say")
    wrong += practice.truth.troubles()
    return verdict


def _accepted(practice: Practice) -> list[tuple[str, str, datetime]]:
    rows = practice.truth._db.execute("SELECT portal, request_id, at FROM accepted ORDER BY seq").fetchall()
    return [(row[0], row[1], datetime.fromisoformat(row[2])) for row in rows]


def _channels(practice: Practice, taken: list[tuple[str, str, datetime]]) -> list[str]:
    """Each on a channel and number that the rules allow, and not before its time."""
    known = {each.request.request_id: each for each in practice.arrivals}
    wrong = []
    for portal, request_id, _ in taken:
        decision, where, _, rule = _rule(known[request_id].request, known[request_id].at)
        if (decision, where) != ("portal", portal):
            wrong.append(f"{request_id} is on {portal}, against {rule}")
    for way, ended in (("fax", practice.line.arrived()), ("phone", practice.far.phoned)):
        for request_id, number, at in ended:
            decision, where, other, rule = _rule(known[request_id].request, known[request_id].at)
            if decision == way:
                if where != number:
                    wrong.append(f"{request_id}: {way} {number}, and {rule} says {where}")
            elif other is None or other[:2] != (way, number):
                wrong.append(f"{request_id}: {way} {number}, and {rule} says {other}")
            elif not _was_down(practice, where, at - timedelta(hours=other[2]), at):
                wrong.append(f"{request_id}: {way} at {at}, and {where} was not down {other[2]} hours before")
            if way == "phone" and number in _OFFICE_HOURS and not _in_office_hours(at):
                wrong.append(f"{request_id}: called while nobody was there")
    return wrong


def _was_down(practice: Practice, portal: str, since: datetime, at: datetime) -> bool:
    """Some outage had begun by then: within the last two hours before it counted as one, or the person came round to it."""
    return any(each.portal == portal and each.since <= since for each in practice.sky.downs if each.since <= at)


def _in_office_hours(at: datetime) -> bool:
    there = at.astimezone(_EASTERN)
    return there.weekday() < 5 and 8 <= there.hour < 18


def _rule(request: AuthRequest, arrived: datetime) -> tuple[str, str, tuple[str, str, int] | None, str]:
    return expected(request, arrived.date())


def _urgent(practice: Practice, verdict: Verdict, taken: list[tuple[str, str, datetime]]) -> list[str]:
    """Every urgent request that may leave at once had left in time, each time that its portal had shown that it is down."""
    left = {request_id: at for _, request_id, at in taken}
    left |= {request_id: at for request_id, _, at in practice.line.arrived()}
    left |= practice.far.first_seen
    _count_outages(practice, verdict)
    spans = {portal: practice.sky.shown(portal) for portal in PORTALS}
    unclear = {each.request_id for each in practice.journal.events() if isinstance(each.body, Doubted)}
    wrong = []
    for arrival in practice.arrivals:
        request = arrival.request
        decision, portal, other, _ = _rule(request, arrival.at)
        if not request.is_urgent or decision != "portal" or other is None or other[2] or request.request_id in unclear:
            continue
        gone = left.get(request.request_id, datetime.max.replace(tzinfo=arrival.at.tzinfo))
        for opened, closed in spans.get(portal, ()):
            begins = max(opened, arrival.at)
            if begins >= min(closed, gone):
                continue
            took = min(closed, gone) - begins
            if closed > begins + WITHIN and gone > begins + WITHIN:
                wrong.append(f"{request.request_id} left {gone - begins} after {portal} had shown that it is down")
            verdict.slowest_urgent = max(verdict.slowest_urgent, took.total_seconds())
    return wrong


def _count_outages(practice: Practice, verdict: Verdict) -> None:
    """How often the breaker opened, and how often a probe found that it must stay so."""
    down: set[str] = set()
    for event in practice.journal.events(""):
        if isinstance(event.body, BreakerOpened):
            verdict.probes += event.body.portal in down
            verdict.outages_met += event.body.portal not in down
            down.add(event.body.portal)
        elif isinstance(event.body, BreakerClosed):
            down.discard(event.body.portal)


def _herd(practice: Practice, taken: list[tuple[str, str, datetime]]) -> int:
    """The most that one portal got within a minute, of the quarter of an hour after its breaker had closed."""
    closed = [(event.body.portal, event.at) for event in practice.journal.events("") if isinstance(event.body, BreakerClosed)]
    most = 0
    for portal, back in closed:
        times = sorted(at for where, _, at in taken if where == portal and back <= at < back + timedelta(minutes=15))
        most = max([most, *(sum(first <= at < first + timedelta(minutes=1) for at in times) for first in times)])
    return most
