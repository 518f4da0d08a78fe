"""Some weeks of a practice as a journal, without a browser: synthetic people, decisions, outages, units, adopted cases.

For the tests of the report and for ``report_time.py``, which measures it. Everything follows from ``seed``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from bots.model import (
    AuthRequest,
    Coverage,
    LineReading,
    Member,
    Payer,
    Provider,
    Reading,
    Receipt,
    ServiceCategory,
    ServiceLine,
    Shown,
    Status,
    Units,
    Urgency,
)
from jobs import events as happened
from jobs.events import AnyBody, Standing
from jobs.journal import Journal
from jobs.state import AttemptState, Channel, Decision, Route

HOUR = timedelta(hours=1)
NOW = datetime(2026, 11, 22, 14, 5, tzinfo=UTC)
_WAYS = (
    (Payer.HUSKY, Coverage.HUSKY_A, "clear_coverage", "H5", ServiceCategory.DME),
    (Payer.HUSKY, Coverage.HUSKY_C, "evicore", "H2", ServiceCategory.RADIOLOGY_HIGH_TECH),
    (Payer.CAREPARTNERS, Coverage.CAREPARTNERS_HMO, "carepartners", "C7", ServiceCategory.OUTPATIENT_SURGERY),
    (Payer.BCBSMA, Coverage.BCBSMA_COMMERCIAL, "authorization_manager", "B4", ServiceCategory.THERAPY_PT),
)
_CODES = ("E0114", "70551", "27447", "97110", "A4253")
_DENIALS = ("Not medically necessary", "Clinical information was not received", "Out of network, plan exception not met", "")
_APPROVALS = ("Meets criteria", "", "", "Meets InterQual criteria")

Happening = tuple[datetime, str, AnyBody]


def write_history(journal: Journal, set_clock: Callable[[datetime], None], count: int, *, days: int = 30, seed: int = 7) -> None:
    """Puts ``count`` requests of the last ``days`` days before `NOW` into an empty journal, hour by hour."""
    hours: defaultdict[datetime, list[Happening]] = defaultdict(list)
    random = Random(seed)
    for number in range(count):
        for at, request_id, body in _life(number, random, days):
            if at <= NOW:
                hours[at.replace(minute=0, second=0, microsecond=0)].append((at, request_id, body))
    for at, body in _outages():
        hours[at.replace(minute=0, second=0, microsecond=0)].append((at, "", body))
    for hour in sorted(hours):
        set_clock(hour)
        with journal.write() as write:
            for _, request_id, body in sorted(hours[hour], key=lambda one: one[0]):
                write.append(request_id, body)
    set_clock(NOW)


def _outages() -> Iterator[tuple[datetime, AnyBody]]:
    hour = NOW.replace(minute=0)
    for slug, began, ended in (
        ("evicore", hour - 100 * HOUR, hour - 71 * HOUR),
        ("carepartners", hour - 60 * HOUR, hour - 57 * HOUR),
        ("carepartners", hour - 5 * HOUR, None),
    ):
        yield (
            began,
            happened.BreakerOpened(
                portal=slug, error_code="portal_down", down_since=began, probe_at=began + timedelta(minutes=5)
            ),
        )
        if ended:
            yield ended, happened.BreakerClosed(portal=slug, down_since=began)


def _life(number: int, random: Random, days: int) -> Iterator[Happening]:
    request_id = f"R-{number:06}"
    payer, coverage, portal, rule, category = _WAYS[random.choices(range(4), (4, 2, 2, 3))[0]]
    born = NOW - random.random() * days * timedelta(days=1)
    urgency = random.choices(tuple(Urgency), (8, 1.5, 0.5))[0]
    request = _request(request_id, payer, coverage, category, urgency, born, random)
    yield born, request_id, happened.Accepted(request=request, fingerprint=request_id)
    route = Route(request_id=request_id, decision=Decision.PORTAL, portal=portal, rule_ids=(rule,))
    fate = random.random()
    if fate < 0.02:
        standing = Standing(
            status=Status.NEEDS_PERSON,
            error_code="fax_by_hand",
            reason="Elective inpatient goes by fax.",
            next_action="Fax this request to 203.265.3994 (rule H7). PriorBot will not submit it as well.",
        )
        yield born, request_id, happened.Routed(route=route, channel=Channel.FAX, standing=standing)
        return
    yield born, request_id, happened.Routed(route=route, channel=Channel.PORTAL, standing=Standing(status=Status.NEW))
    sent = born + random.random() * 3 * HOUR
    attempt_id = f"a{number:012}"
    began = happened.Began(attempt_id=attempt_id, channel=Channel.PORTAL, portal=portal, account="desk1", fence=1)
    yield sent, request_id, began
    if fate < 0.06:
        why = "member_not_found" if fate < 0.04 else "attachment_refused"
        yield sent, request_id, happened.Ended(attempt_id=attempt_id, state=AttemptState.REJECTED, error_code=why)
        standing = Standing(
            status=Status.REJECTED,
            error_code=why,
            reason="The portal does not know this member.",
            next_action="Compare id and birth date with the card, correct the row and submit it again.",
        )
        yield sent, request_id, happened.Moved(standing=standing)
        return
    adopted = fate < 0.09
    if not adopted:
        shown = Shown(portal=portal, page="review", selectors_version="1", fields={})
        yield sent, request_id, happened.Intended(attempt_id=attempt_id, shown=shown)
    limit = 72 * HOUR if urgency is not Urgency.STANDARD else 168 * HOUR
    at_once = not adopted and random.random() < 0.25
    receipt = Receipt(
        portal=portal,
        reference_no=f"{portal[:2].upper()}{number:010}",
        received_at=sent,
        status=Status.APPROVED if at_once else Status.SUBMITTED,
        adopted=adopted,
    )
    yield (
        sent + timedelta(minutes=1),
        request_id,
        happened.Received(attempt_id=attempt_id, receipt=receipt, decision_due=None if payer is Payer.BCBSMA else sent + limit),
    )
    yield from _answers(request, portal, receipt, sent, limit, at_once, random)


def _answers(
    request: AuthRequest, portal: str, receipt: Receipt, sent: datetime, limit: timedelta, at_once: bool, random: Random
) -> Iterator[Happening]:
    request_id = request.request_id
    decided = sent + (HOUR if at_once else max(2 * HOUR, limit * min(1.4, random.lognormvariate(-0.9, 0.6))))
    look = sent + 2 * HOUR
    while look < min(decided, NOW):
        if random.random() < 0.1:
            word = Status.PENDED_CLINICAL if random.random() < 0.15 else Status.PENDED_REVIEW
            yield look, request_id, _reading(request, portal, receipt, word, look, random)
        else:
            yield look, request_id, happened.Checked()
        look += 12 * HOUR
    word = Status.APPROVED if at_once else random.choices(tuple(_ENDS), tuple(_ENDS.values()))[0]
    yield decided, request_id, _reading(request, portal, receipt, word, decided, random)
    if word is Status.APPROVED and random.random() < 0.3:
        yield decided + HOUR, request_id, happened.UnitsTaken(units=_units(request, portal, decided, random))


_ENDS = {Status.APPROVED: 70, Status.PARTIALLY_APPROVED: 6, Status.MODIFIED: 4, Status.DENIED: 14, Status.CONTACT_PAYER: 2}


def _reading(
    request: AuthRequest, portal: str, receipt: Receipt, word: Status, at: datetime, random: Random
) -> happened.ReadingTaken:
    is_denied, is_final = word is Status.DENIED, word in _ENDS
    reason = random.choice(_DENIALS) if is_denied else (random.choice(_APPROVALS) if is_final else "")
    reading = Reading(
        portal=portal,
        reference_no=receipt.reference_no,
        status_raw=word.value.replace("_", " ").title(),
        status=word,
        status_reason=reason,
        lines=tuple(
            LineReading(
                service_code=line.service_code,
                units_approved=line.units if word is Status.APPROVED else None,
                status_raw=word.value.title(),
                status=word,
            )
            for line in request.lines
        ),
        valid_from=request.from_date if is_final and not is_denied else None,
        valid_to=request.to_date if is_final and not is_denied else None,
        decided_on=at.date() if is_final else None,
        observed_at=at,
    )
    return happened.ReadingTaken(reading=reading, standing=Standing(status=word))


def _units(request: AuthRequest, portal: str, at: datetime, random: Random) -> tuple[Units, ...]:
    return tuple(
        Units(
            portal=portal,
            authorization_no=f"A{request.request_id}",
            member_id=request.member.id,
            service_code=line.service_code,
            approved=line.units,
            used=Decimal(int(line.units * Decimal(str(round(random.random(), 2))))),
            as_of=min(at.date() + timedelta(days=3), NOW.date()),
            observed_at=at,
        )
        for line in request.lines
    )


def _request(
    request_id: str,
    payer: Payer,
    coverage: Coverage,
    category: ServiceCategory,
    urgency: Urgency,
    born: datetime,
    random: Random,
) -> AuthRequest:
    first = born.date() - timedelta(days=2)
    codes = random.sample(_CODES, random.choices((1, 2, 3), (7, 2, 1))[0])
    lines = tuple(
        ServiceLine(service_code=code, units=Decimal(random.randint(4, 60)), from_date=first, to_date=first + timedelta(days=60))
        for code in codes
    )
    person: dict[str, Any] = {"last_name": "Zzcanaryson", "first_name": "Qwertha", "dob": date(1980, 5, 17)}
    return AuthRequest(
        request_id=request_id,
        payer=payer,
        coverage=coverage,
        service_category=category,
        urgency=urgency,
        member=Member(id=f"{random.randint(0, 999_999_999):09}", **person),
        requesting=Provider(name="Sample", npi="1234567893"),
        lines=lines,
    )
