"""What is left of an event when its time is over: ids, statuses, codes of services, amounts and dates, and nobody. Pure.

Taken out is what names the person (member id, names, birth date), why care was asked for (diagnoses, drug, answers, notes,
documents), and every text in free words, be it a payer's, a person's or made of theirs. Each such text reads ``removed`` and the
day on which it went. Hashes of documents stay, so that a copy elsewhere can still be proved.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import assert_never

from msgspec.structs import replace

from bots.eligibility import Eligibility
from bots.model import AuthRequest, Drug, Member, PortalLetter, Reading, Units
from jobs import events as happened
from jobs.book_events import BooksCompared
from jobs.event_base import Standing
from jobs.events import AnyBody
from jobs.fax.happened import FaxEnded, FaxHandedOver, FaxIntended, FaxNotFound, FaxQueued, FaxWaits
from jobs.fax_number_events import FaxNumberEvent
from jobs.letter_events import LetterEvent
from jobs.removal_events import PersonRemoved
from jobs.service_events import ServiceEvent
from jobs.state import Route

REMOVED = "removed"
NO_BIRTH_DATE = date.min
"""Stands where the birth date was; no member has it."""


def is_removed(text: str) -> bool:
    return text.startswith(f"{REMOVED} ")


def emptied(body: AnyBody, on: date) -> AnyBody:
    """The same event without the person; equal to the event itself where it holds nothing of one, or was emptied before."""
    word = f"{REMOVED} {on}"
    if isinstance(body, happened.RequestEvent):
        return _of_request(body, word)
    if isinstance(body, happened.AttemptEvent):
        return _of_attempt(body, word)
    if isinstance(body, happened.FaxEvent):
        return _of_fax(body, word)
    if isinstance(body, BooksCompared):
        return replace(body, unknown=tuple(replace(case, member_id=_text(case.member_id, word)) for case in body.unknown))
    if isinstance(body, happened.PortalEvent | happened.FaxLineEvent | FaxNumberEvent | LetterEvent | ServiceEvent):
        return body  # of portals, lines, numbers and the service: nothing of a patient by its making
    assert_never(body)


def _of_request(body: happened.RequestEvent, word: str) -> AnyBody:
    match body:
        case happened.Accepted() | happened.Corrected():
            return replace(body, request=_request(body.request, word))
        case happened.Routed():
            return replace(body, route=_route(body.route, word), standing=_standing(body.standing, word))
        case happened.Moved():
            return replace(body, standing=_standing(body.standing, word))
        case happened.ReadingTaken():
            return replace(body, reading=_reading(body.reading, word), standing=_standing(body.standing, word))
        case happened.UnitsTaken():
            return replace(body, units=tuple(_units(body.units, word)))
        case happened.LettersTaken():
            return replace(body, letters=tuple(_letters(body.letters, word)))
        case happened.CoverageTaken():
            return replace(body, said=_coverage(body.said, word))
        case happened.CoverageNotTold():
            return replace(body, reason=_text(body.reason, word))
        case happened.Alerted():
            return replace(body, reason=_text(body.reason, word), next_action="")
        case happened.Phoned():
            return replace(body, spoke_with=_text(body.spoke_with, word), reason=_text(body.reason, word))
        case happened.Checked() | PersonRemoved():
            return body
        case _:
            assert_never(body)


def _of_attempt(body: happened.AttemptEvent, word: str) -> AnyBody:
    match body:
        case happened.Intended():
            fields = {name: _text(text, word) for name, text in body.shown.fields.items()}
            return replace(body, shown=replace(body.shown, fields=fields))
        case happened.Received():
            return replace(body, reason=_text(body.reason, word))
        case happened.Doubted():
            return replace(body, standing=_standing(body.standing, word))
        case happened.Began() | happened.Looked() | happened.Ended():
            return body
        case _:
            assert_never(body)


def _of_fax(body: happened.FaxEvent, word: str) -> AnyBody:
    match body:
        case FaxQueued() | FaxHandedOver():
            return replace(body, standing=_standing(body.standing, word))
        case FaxWaits() | FaxEnded():
            return replace(body, said=_text(body.said, word), standing=_standing(body.standing, word))
        case FaxIntended() | FaxNotFound():
            return body
        case _:
            assert_never(body)


# --- parts -----------------------------------------------------------------------------------------------------------


def _text(text: str, word: str) -> str:
    """An empty text stays empty, and one that was removed keeps its day."""
    return text if not text or is_removed(text) else word


def _request(request: AuthRequest, word: str) -> AuthRequest:
    member = request.member
    nobody = Member(
        id=_text(member.id, word),
        dob=NO_BIRTH_DATE,
        last_name=_text(member.last_name, word),
        first_name=_text(member.first_name, word),
    )
    return replace(
        request,
        member=nobody,
        diagnosis_codes=(),
        drug=Drug(name=_text(request.drug.name, word)) if request.drug else None,
        answers={},
        attachments=tuple(replace(each, path=_text(each.path, word)) for each in request.attachments),
        notes=_text(request.notes, word),
    )


def _standing(standing: Standing, word: str) -> Standing:
    return replace(standing, reason=_text(standing.reason, word), next_action="")


def _route(route: Route, word: str) -> Route:
    return replace(route, reason=_text(route.reason, word))


def _reading(reading: Reading, word: str) -> Reading:
    lines = (replace(line, reason=_text(line.reason, word), site=_text(line.site, word)) for line in reading.lines)
    return replace(
        reading,
        member_id=_text(reading.member_id, word),
        status_reason=_text(reading.status_reason, word),
        lines=tuple(lines),
    )


def _units(units: Iterable[Units], word: str) -> Iterable[Units]:
    return (replace(each, member_id=_text(each.member_id, word)) for each in units)


def _letters(letters: Iterable[PortalLetter], word: str) -> Iterable[PortalLetter]:
    return (replace(each, title=_text(each.title, word)) for each in letters)


def _coverage(said: Eligibility, word: str) -> Eligibility:
    return replace(
        said,
        status_raw=_text(said.status_raw, word),
        plan=_text(said.plan, word),
        copay=_text(said.copay, word),
        authorization_raw=_text(said.authorization_raw, word),
        limits=(),
    )
