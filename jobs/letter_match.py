"""Whether a letter may bring a request up to date by itself. Pure.

Only a letter whose every field is certain and agrees with exactly one open request may. What the request knows already (member,
service, days, units asked for, the payer's number) must be read as that; what only the letter knows (authorization number, day
of the decision, units of a part, reason) must be certain by itself (`bots.fax.letter_reading.FieldRead.is_certain`). Everything
else is a person's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal

import msgspec

from bots.fax.inbound import WHY
from bots.fax.letter_reading import NEEDED, FieldRead, LetterRead
from bots.fax.letter_template import plain
from bots.fax.letter_values import NOTHING
from bots.member_ids import bare_id
from bots.model import AuthRequest, Frozen, LineReading, Reading, ServiceLine, Status
from jobs.follow import impossible
from jobs.letter_events import LetterState
from jobs.state import AWAITED, DECIDED, GRANTED, PAYER_WORDS, Channel, Snapshot

OLDEST = timedelta(days=60)
"""A decision that was made longer ago than this is looked at by a person."""

SENTENCES = {
    "payer": "No payer's letterhead could be read.",
    "not_by_itself": "All its fields are certain. Letters change nothing here before somebody has looked ([fax] letters).",
    "page_missing": "A page of the letter is missing.",
    "page_of_another": "One of its pages may belong to another letter.",
    "our_pages": "It carries pages of a packet that we sent.",
    "second_number": "It seems to hold more than one authorization number.",
    "second_service": "It seems to hold more than one service.",
    "member_unclear": "The member's id could not be read with certainty.",
    "not_ours": "It is about a patient of whom nothing was asked of this payer. Give it to whom it belongs, or tell the sender.",
    "no_request": "No request of this patient fits it.",
    "several_requests": "More than one request of this patient fits it.",
    "several_lines": "Its request has several service lines.",
    "not_sent": "Its request was not sent by us, or that is uncertain: settle that first (priorbot verify).",
    "decided": "Its request was decided before, otherwise than the letter says.",
    "days_differ": "Its days are not those that were asked for.",
    "units_differ": "Its units do not fit what was asked for.",
    "number_differs": "Its authorization number is not the one that is known.",
    "too_old": "The decision is older than the request, too old, or from the future.",
    "impossible": "What it says cannot be true of its request.",
    "ocr_failed": "The program that reads letters failed on it.",
    "reading_failed": "PriorBot ran into a mistake of its own while reading it; give its id to your IT person.",
    "no_letter": "Every page is blank, or a cover.",
}
"""Why a letter waits, by its constant word; a field's own word means that it was not read with certainty."""


def sentence_of(reason: str) -> str:
    """One plain sentence for a reason; those of a file that is no fax are in `bots.fax.inbound`."""
    return SENTENCES.get(reason) or WHY.get(reason) or f"Not read with certainty: {reason.replace('_', ' ')}."


class Verdict(Frozen):
    """What becomes of a letter. ``reading`` is what it says of ``request_id``, where it may be believed."""

    state: LetterState
    request_id: str = ""
    reasons: tuple[str, ...] = ()
    reading: Reading | None = None
    fingerprint: str = ""
    impossible: str = ""
    """What cannot be true, in a few words: an alert of the request."""


def judge(letter: LetterRead, requests: Iterable[Snapshot], now: datetime, letter_id: str) -> Verdict:
    """What becomes of one letter, among all requests of its payer. Never raises."""
    reasons = list(letter.doubts)
    if letter.bar_codes:
        reasons.append("our_pages")
    if letter.payer is None or "member_id" not in letter.fields:
        return _waits(*(reasons or ["member_unclear"]))
    missing = [field for field in NEEDED if field not in letter.fields]
    if missing:
        maybe = [each.request.request_id for each in requests if _is_of_member(letter, each.request, FieldRead.may_be)]
        return _waits(*reasons, *missing, request_id=maybe[0] if len(maybe) == 1 else "")
    mine = [each for each in requests if _is_of_member(letter, each.request, FieldRead.confirms)]
    if not mine:
        return _waits(*reasons, "not_ours" if letter.fields["member_id"].is_agreed else "member_unclear")
    fitting = [each for each in mine if _fits(letter, each)]
    if len(fitting) != 1:
        return _waits(*reasons, "several_requests" if fitting else "no_request")
    return _of(letter, fitting[0], now, letter_id, reasons)


def _waits(*reasons: str, request_id: str = "", wrong: str = "") -> Verdict:
    known = tuple(dict.fromkeys(reasons))
    return Verdict(state=LetterState.WAITING, reasons=known, request_id=request_id, impossible=wrong)


def _is_of_member(letter: LetterRead, request: AuthRequest, says: Callable[[FieldRead, str], bool]) -> bool:
    return any(says(letter.fields["member_id"], known) for known in {request.member.id, bare_id(request)})


def _fits(letter: LetterRead, snapshot: Snapshot) -> bool:
    """Whether the letter's service and, where the payer has given one, its number are those of the request."""
    code, number = letter.fields.get("service_code"), letter.fields.get("reference_no")
    known = _number_of(snapshot)
    return (
        code is not None
        and any(code.confirms(each) for each in snapshot.request.codes)
        and (not known or (number is not None and number.confirms(known)))
    )


def _number_of(snapshot: Snapshot) -> str:
    """The payer's own number of the case; "" where a fax was sent and the payer has told none."""
    receipt = snapshot.receipt
    return receipt.reference_no if receipt is not None and snapshot.channel is not Channel.FAX else ""


def _of(letter: LetterRead, snapshot: Snapshot, now: datetime, letter_id: str, reasons: list[str]) -> Verdict:
    """The verdict on a letter of this request."""
    request = snapshot.request
    if snapshot.receipt is None or snapshot.status not in AWAITED | PAYER_WORDS:
        return _waits(*reasons, "not_sent", request_id=request.request_id)
    if len(request.lines) != 1:
        return _waits(*reasons, "several_lines", request_id=request.request_id)
    reasons += _unsure(letter, snapshot, now)
    if reasons:
        return _waits(*reasons, request_id=request.request_id)
    values = {field: read.value for field, read in letter.fields.items()}
    reading = make_reading(values, letter.said, snapshot, now, letter_id)
    if says_the_same(snapshot, reading):
        return Verdict(state=LetterState.DUPLICATE, request_id=request.request_id)
    if snapshot.status in DECIDED:
        return _waits("decided", request_id=request.request_id)
    if wrong := impossible(snapshot, reading, now):
        return _waits("impossible", request_id=request.request_id, wrong=wrong)
    return Verdict(
        state=LetterState.UPDATED,
        request_id=request.request_id,
        reading=reading,
        fingerprint=fingerprint_of(letter.payer.value if letter.payer else "", values),
    )


# --- field by field ------------------------------------------------------------------------------------------------


def _unsure(letter: LetterRead, snapshot: Snapshot, now: datetime) -> Iterator[str]:
    """Each field that is not certain, or does not agree with the request."""
    fields, request = letter.fields, snapshot.request
    line = request.lines[0]
    yield from (field for field in NEEDED if field not in fields or not fields[field].value)
    yield from _known(fields, request, line)
    status = _status(fields)
    if status is None:
        yield "decision"
        return
    yield from _when(fields, snapshot, now)
    yield from _number(fields, snapshot, status)
    yield from _units(fields, line, status)
    if status is not Status.APPROVED and not _is_whole_text(fields.get("reason")):
        yield "reason"


def _known(fields: dict[str, FieldRead], request: AuthRequest, line: ServiceLine) -> Iterator[str]:
    """Fields that must be what the request says."""
    member = request.member
    name = " ".join(sorted(plain(f"{member.first_name} {member.last_name}")))
    for field, known in (("member_dob", member.dob.isoformat()), ("member_name", name), ("service_code", line.service_code)):
        if field in fields and not fields[field].confirms(known):
            yield field
    for field, day in (("first_day", line.from_date), ("last_day", line.to_date)):
        if field in fields and not fields[field].confirms(day.isoformat()):
            yield "days_differ" if fields[field].is_agreed else field
    if "units_requested" in fields and not fields["units_requested"].confirms(_amount(line.units)):
        yield "units_differ" if fields["units_requested"].is_agreed else "units_requested"


def _status(fields: dict[str, FieldRead]) -> Status | None:
    """The decision, where every reading that understood one says the same and two of one place do."""
    said = fields.get("decision")
    if said is None or len(said.votes) != 1 or not said.confirms(said.value):
        return None
    return Status(said.value)


def _when(fields: dict[str, FieldRead], snapshot: Snapshot, now: datetime) -> Iterator[str]:
    """The day of the decision: certain by itself, and possible."""
    read = fields.get("decided_on")
    if read is None or not read.is_certain(fields.get("letter_date")):
        yield "decided_on"
        return
    day = date.fromisoformat(read.value)
    sent = (snapshot.submitted_at or snapshot.accepted_at).date()
    if not max(sent - timedelta(days=1), now.date() - OLDEST) <= day <= now.date() + timedelta(days=1):
        yield "too_old"


def _number(fields: dict[str, FieldRead], snapshot: Snapshot, status: Status) -> Iterator[str]:
    """The authorization number: the one that is known, or certain by itself."""
    read = fields.get("authorization_no")
    if status not in GRANTED:
        if read is not None and set(read.votes) - {NOTHING}:
            yield "authorization_no"
        return
    known = snapshot.reading.authorization_no if snapshot.reading else ""
    if read is None or NOTHING in read.votes:
        yield "authorization_no"
    elif known:
        if not read.confirms(known):
            yield "number_differs" if read.is_agreed else "authorization_no"
    elif not read.is_certain():
        yield "authorization_no"


def _units(fields: dict[str, FieldRead], line: ServiceLine, status: Status) -> Iterator[str]:
    """The units that were approved: all, some or none of those asked for."""
    read = fields.get("units_approved")
    if status is Status.PENDED_CLINICAL:
        return
    whole = {Status.APPROVED: line.units, Status.DENIED: Decimal(0)}.get(status)
    if read is None:
        yield "units_approved"
    elif whole is not None:
        if not read.confirms(_amount(whole)):
            yield "units_differ" if read.is_agreed else "units_approved"
    elif not read.is_certain():
        yield "units_approved"
    elif not 0 < int(read.value) < line.units:
        yield "units_differ"
    elif "units_denied" in fields and not fields["units_denied"].confirms(_amount(line.units - int(read.value))):
        yield "units_denied"


def _is_whole_text(read: FieldRead | None) -> bool:
    """Whether a sentence is certain by itself, at each of its places, and has its beginning and its end.

    Nothing in a sentence can be compared with the request, so it needs what a number needs: three readings once agreed on a word
    that a streak had changed (``docs/letters.md``).
    """
    return (
        read is not None
        and read.is_agreed
        and all(place.is_clean and place.is_sure for place in read.places)
        and read.value[:1].isupper()
        and read.value[-1:] in ".!?"
    )


def _amount(units: Decimal) -> str:
    return f"{units.normalize():f}"


# --- what it comes to ------------------------------------------------------------------------------------------------


def make_reading(values: dict[str, str], said: str, snapshot: Snapshot, now: datetime, letter_id: str) -> Reading:
    """The letter as a reading of its request's case. ``values`` are those of `bots.fax.letter_template.KINDS`.

    Raises ``ValueError`` or ``KeyError`` when a value that the decision needs is missing or none.
    """
    request, receipt = snapshot.request, snapshot.receipt
    line, status = request.lines[0], Status(values["decision"])
    first, last = date.fromisoformat(values["first_day"]), date.fromisoformat(values["last_day"])
    granted = status in GRANTED
    number = values.get("authorization_no", "")
    if granted and number in ("", NOTHING):
        raise KeyError("authorization_no")
    approved = None if status is Status.PENDED_CLINICAL else Decimal(values["units_approved"])
    reason = values.get("reason", "") if status is not Status.APPROVED else ""
    return Reading(
        portal=receipt.portal if receipt else "",
        reference_no=receipt.reference_no if receipt else "",
        authorization_no=number if granted else "",
        member_id=request.member.id,
        status_raw=said,
        status=status,
        status_reason=reason,
        lines=(
            LineReading(
                service_code=line.service_code,
                modifiers=line.modifiers,
                units_requested=line.units,
                units_approved=approved,
                from_date=line.from_date,
                to_date=line.to_date,
                status_raw=said,
                status=status,
                reason=reason,
            ),
        ),
        valid_from=first if granted else None,
        valid_to=last if granted else None,
        decided_on=date.fromisoformat(values["decided_on"]) if status in DECIDED else None,
        observed_at=now,
        listed_as=snapshot.reading.listed_as if snapshot.reading else "",
        letter=letter_id,
    )


def says_the_same(snapshot: Snapshot, reading: Reading) -> bool:
    """Whether the request's last reading said what this one says."""
    before = snapshot.reading
    return before is not None and _gist(before) == _gist(reading) and snapshot.status is reading.status


def _gist(reading: Reading) -> object:
    lines = [(line.service_code, line.units_approved or Decimal(0)) for line in reading.lines]
    wanted = reading.status_reason if reading.status is Status.PENDED_CLINICAL else ""
    return reading.status, reading.authorization_no, lines, reading.valid_from, reading.valid_to, wanted


def fingerprint_of(payer: str, values: dict[str, str]) -> str:
    """Of what a letter says, not of how it looks: 64 hexadecimal digits (SHA-256)."""
    return hashlib.sha256(msgspec.json.encode([payer, sorted(values.items())])).hexdigest()
