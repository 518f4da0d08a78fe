"""Phone tasks: what a person says and writes down, when the desk can be reached, and how the call ends.

A request that is to be phoned in takes no other channel. The person's reference number ends it; without one nothing was taken,
and then it is theirs to decide how it goes on.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec.structs import replace
from sqlalchemy import Connection, select

from bots.model import Frozen, Receipt, Shown, Status, Urgency
from jobs.attention import Task
from jobs.deadlines import decision_due, is_open, next_open
from jobs.events import Began, Intended, Moved, Phoned, Received, Standing
from jobs.fallback import TO_PHONE
from jobs.journal import Journal
from jobs.journal_schema import requests
from jobs.projection import decode_snapshot
from jobs.rule_schema import Desk
from jobs.rulebook import RuleBook
from jobs.state import Channel, Decision, Snapshot

NOT_TAKEN = "phone_failed"
"""Error code of a request whose call ended without a reference number."""
_LONGEST_REFERENCE = 64
_NAMED_ZONES = {"America/New_York": "ET"}
_WRITE_DOWN = "The reference number of the call or the request, who took it, the day and the time, and when they will decide."


class PhoneRefused(Exception):
    """The end of a call cannot be noted. ``sentence`` is for staff."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class CallSheet(Frozen):
    """One call to make. Free of health information: who calls has the request at hand."""

    request_id: str
    payer: str
    urgency: Urgency
    number: str
    desk: str
    hours: str
    open_now: bool | None
    """None where the desk's hours are not published."""
    call_from: datetime | None
    """When the desk is next open; now while it is."""
    when: str
    say: str
    write_down: str
    why: str
    portal: str = ""
    """The portal in whose place it is phoned in; "" for a request that is only ever phoned in."""


def is_phone_task(snapshot: Snapshot) -> bool:
    return snapshot.status is Status.NEEDS_PERSON and snapshot.error_code in (TO_PHONE, NOT_TAKEN)


def call_sheet(snapshot: Snapshot, rulebook: RuleBook, now: datetime) -> CallSheet:
    """What a person needs for this call. Raises ``KeyError`` for a number that is not in the directory."""
    request, route = snapshot.request, snapshot.route
    desk = rulebook.desk(_number(snapshot))
    return CallSheet(
        request_id=request.request_id,
        payer=request.payer.value,
        urgency=request.urgency,
        number=desk.number,
        desk=desk.desk,
        hours=desk.hours_text,
        open_now=is_open(desk, now),
        call_from=next_open(desk, now),
        when=when_to_call(desk, now),
        say=_say(snapshot, desk),
        write_down=_WRITE_DOWN,
        why=snapshot.reason,
        portal=route.portal if route and route.decision is Decision.PORTAL else "",
    )


def when_to_call(desk: Desk, now: datetime) -> str:
    """For people, in the desk's own time: ``now, until 18:00 ET`` or ``after 8:00 ET Monday``."""
    if isinstance(desk.hours, str):
        return "at any time" if desk.hours == "any_time" else "now; the desk's hours are not published"
    zone = _NAMED_ZONES.get(desk.time_zone, f"({desk.time_zone})")
    if is_open(desk, now):
        return f"now, until {desk.hours.closes.lstrip('0')} {zone}"
    opens = next_open(desk, now)
    assert opens is not None
    there, here = opens.astimezone(ZoneInfo(desk.time_zone)), now.astimezone(ZoneInfo(desk.time_zone))
    days = (there.date() - here.date()).days
    day = "today" if days == 0 else f"{there:%A}" if days < 7 else f"{there:%A %Y-%m-%d}"
    return f"after {there.hour}:{there:%M} {zone} {day}"


def with_hours(task: Task, snapshot: Snapshot, rulebook: RuleBook, now: datetime) -> Task:
    """The task of the queue with number, desk and the moment to call in its next action."""
    if not is_phone_task(snapshot):
        return task
    sheet = call_sheet(snapshot, rulebook, now)
    action = (
        f"Call {sheet.number} ({sheet.desk}) {sheet.when}. What to say: priorbot phone list. "
        f"Then: priorbot phone done {sheet.request_id} --reference NUMBER --by NAME"
    )
    return replace(task, next_action=action)


def list_calls(snapshots: Iterable[Snapshot], rulebook: RuleBook, now: datetime) -> list[CallSheet]:
    """Open phone tasks: urgent first, then those whose desk can be reached first, then as they came."""
    sheets = [call_sheet(each, rulebook, now) for each in snapshots if is_phone_task(each)]
    rank = {Urgency.EMERGENT: 0, Urgency.URGENT: 1, Urgency.STANDARD: 2}
    return sorted(sheets, key=lambda sheet: (rank[sheet.urgency], sheet.call_from or now))


def phone_done(
    journal: Journal,
    request_id: str,
    *,
    reference_no: str,
    who: str,
    rulebook: RuleBook,
    spoke_with: str = "",
    same_call: bool = False,
) -> Snapshot:
    """The desk has taken the request under ``reference_no``: it is submitted on the channel phone, and on no other ever.

    ``same_call``: one call covered several requests under one number. Raises `PhoneRefused`, `jobs.journal.NoSuchRequest`.
    """
    reference_no = reference_no.strip()
    _check_name(who)
    if not reference_no.isprintable() or len(reference_no) > _LONGEST_REFERENCE or not any(map(str.isdigit, reference_no)):
        raise PhoneRefused(
            "That is no reference number: it needs a digit and at most 64 characters. Nothing was noted. "
            "Enter what the desk gave, or that it took nothing: priorbot phone failed"
        )
    with journal.write() as write:
        now = write.snapshot(request_id)
        _check_open(now, write.rows.open_attempt(request_id) is not None)
        owner = _owner(write.connection, reference_no)
        if owner and not same_call:
            raise PhoneRefused(
                f"That reference number was entered for request {owner}. Nothing was noted. Compare the two, and add --same-call "
                "when one call covered both."
            )
        attempt = f"a{write.next_seq:012}"
        receipt = Receipt(portal="", reference_no=reference_no, received_at=write.at)
        write.append(
            request_id,
            Began(attempt_id=attempt, channel=Channel.PHONE, portal="", account="", fence=0),
            Intended(attempt_id=attempt, shown=Shown(portal="", page="phone", selectors_version="", fields={})),
            Phoned(who=who, number=_number(now), reference_no=reference_no, spoke_with=spoke_with),
            Received(
                attempt_id=attempt,
                receipt=receipt,
                reason=f"{who} phoned it in.",
                decision_due=decision_due(now.request, write.at, rulebook=rulebook),
            ),
        )
        return write.snapshot(request_id)


def phone_failed(journal: Journal, request_id: str, *, who: str, why: str = "") -> Snapshot:
    """The desk has certainly taken nothing. The person may call again, or give the request back (`Journal.release`).

    Raises `PhoneRefused`, `jobs.journal.NoSuchRequest`.
    """
    _check_name(who)
    with journal.write() as write:
        now = write.snapshot(request_id)
        _check_open(now, write.rows.open_attempt(request_id) is not None)
        standing = Standing(
            status=Status.NEEDS_PERSON,
            error_code=NOT_TAKEN,
            reason=f"{who} called {_number(now)}, and the desk took nothing{f': {why}' if why else ''}.",
            next_action=f"Call again, or let it begin its way anew: priorbot queue --release {request_id}",
        )
        write.append(request_id, Phoned(who=who, number=_number(now), reason=why), Moved(standing=standing))
        return write.snapshot(request_id)


def _number(snapshot: Snapshot) -> str:
    return snapshot.route.other_number if snapshot.route else ""


def _check_name(who: str) -> None:
    if not any(char.isalpha() for char in who):
        raise PhoneRefused("--by needs the name of the person who called. Nothing was noted. Give it in quotes.")


def _check_open(now: Snapshot, has_attempt: bool) -> None:
    if has_attempt or not is_phone_task(now):
        raise PhoneRefused(
            "That request is not to be phoned in, or its call was noted already. Nothing was noted. See: priorbot phone list"
        )


def _owner(connection: Connection, reference_no: str) -> str:
    """The request that was phoned in under that number; "" when none was."""
    query = select(requests.c.request_id, requests.c.snapshot).where(requests.c.reference_no == reference_no)
    for request_id, text in connection.execute(query):
        if decode_snapshot(text).channel is Channel.PHONE:
            return str(request_id)
    return ""


def _say(snapshot: Snapshot, desk: Desk) -> str:
    request, route = snapshot.request, snapshot.route
    down = f" {route.portal} cannot be used for it now." if route and route.decision is Decision.PORTAL else ""
    lines = len(request.lines)
    asked = f"{request.request_kind.value} ({request.service_category.value}), {request.urgency.value}".replace("_", " ")
    own = f"You have a request to submit by telephone: {asked}, {lines} service line{'s' if lines > 1 else ''}.{down}"
    return f"{own} {desk.say}".strip()
