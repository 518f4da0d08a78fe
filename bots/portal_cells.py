"""What a page's texts mean, and how a request's values are written for a page: the same for every portal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar

from bots.compare import parse_date, parse_number
from bots.errors import AnswerMissing, BadReading, NotListed, PageChanged
from bots.model import AuthRequest, CaseSummary, LineReading, Status, Units
from bots.page import PageView
from bots.pagemap import PortalMap

if TYPE_CHECKING:
    from bots.visit import Visit


MARK_LENGTH = 6


_DECIDED = frozenset({Status.APPROVED, Status.PARTIALLY_APPROVED, Status.MODIFIED, Status.DENIED})
_LAGS = frozenset({Status.SUBMITTED, Status.PENDED_REVIEW, Status.PENDED_CLINICAL, Status.NOTIFICATION_RECEIVED})
"""Headers that may stand over lines that are decided already. Any other (void, cancelled, expired) takes the lines with it."""


class Cells:
    """The part of a portal that reads cells and writes values, by the formats and words of its selector file."""

    slug: ClassVar[str]
    session: Visit
    map: PortalMap
    now: Callable[[], datetime]
    answered: dict[str, str]
    said: list[dict[str, str]]
    """What `bots.interview` said, as the review page's table ``answers`` must show it."""

    @property
    def view(self) -> PageView:
        return self.session.view

    # --- what is asked -------------------------------------------------------------------------------------------

    def our_reference(self, request: AuthRequest) -> str:
        """What the portal's own-reference field carries: our request id.

        One that is too long for the field is cut and marked, so that two ids with the same beginning stay two.
        """
        whole, length = request.request_id, self.map.formats.our_reference_length
        if len(whole) <= length:
            return whole
        mark = sha256(whole.encode()).hexdigest()[:MARK_LENGTH].upper()
        return f"{whole[: length - MARK_LENGTH - 1]}-{mark}"

    def expected_lines(self, request: AuthRequest) -> list[dict[str, str]]:
        """The service lines as the review page must show them."""
        return [
            {
                "service_code": line.service_code,
                "modifiers": " ".join(line.modifiers),
                "units": str(line.units),
                "unit_type": line.unit_type,
                "from_date": line.from_date.isoformat(),
                "to_date": line.to_date.isoformat(),
            }
            for line in request.lines
        ]

    def expected_tables(self, request: AuthRequest) -> dict[str, list[dict[str, str]]]:
        """Further tables of the review page: their rows as they must be shown."""
        return {"answers": self.said} if self.said else {}

    def expected_documents(self, request: AuthRequest) -> list[dict[str, str]]:
        return [{"name": PurePath(document.path).name} for document in request.attachments]

    def expected_answers(self) -> dict[str, str]:
        """The answers as the review page must show them: every question that it can show, with "" where none was answered."""
        asked = {key for page in self.map.pages.values() for key in page.read_back if key.startswith("q_")}
        return {key: self.answered.get(key, "") for key in sorted(asked)}

    def asked(self, request: AuthRequest, *names: str) -> dict[str, str]:
        """The request's own values by the names that review pages use (ISO dates), for `Portal.expected`."""
        values = {
            "member_id": request.member.id,
            "member_dob": request.member.dob.isoformat(),
            "service_category": request.service_category,
            "urgency": request.urgency,
            "certification": request.certification,
            "from_date": request.from_date.isoformat(),
            "to_date": request.to_date.isoformat(),
            "requesting_npi": request.requesting.npi,
            "servicing_name": request.servicing.name,
            "servicing_npi": request.servicing.npi,
            "facility_name": request.facility.name,
            "facility_npi": request.facility.npi,
            "contact_name": request.contact.name,
            "contact_phone": request.contact.phone,
            "contact_fax": request.contact.fax,
            "our_reference": self.our_reference(request),
            "notes": request.notes,
            "place_of_service": request.place_of_service,
            "request_kind": request.request_kind,
            "admission_date": request.admission_date.isoformat() if request.admission_date else "",
        }
        return {name: values[name] for name in names}

    def numbered(self, name: str, values: Sequence[str]) -> dict[str, str]:
        """Values for this page's fields ``name_1``, ``name_2`` and so on. Raises `NotListed` for more than the page has."""
        if values and f"{name}_{len(values)}" not in self.map.pages[self.view.here].fields:
            raise NotListed(self.slug, what=name)
        return {f"{name}_{place}": value for place, value in enumerate(values, 1)}

    def which(self, request: AuthRequest, question: str, texts: Sequence[str]) -> int:
        """The place of the text that is meant. Of several only the request's own answer to ``question`` tells how it begins.

        Raises `AnswerMissing`, and `NotListed` when the answer fits none or several.
        """
        wanted = request.answers.get(question, "")
        if len(texts) > 1 and not wanted:
            raise AnswerMissing(self.slug, question=question)
        fits = [place for place, text in enumerate(texts) if text.casefold().startswith(wanted.casefold())]
        if len(fits) != 1:
            raise NotListed(self.slug, what=question)
        return fits[0]

    def needed(self, name: str, value: str) -> str:
        """What the portal wants and the request may not have (`AnswerMissing`)."""
        if not value:
            raise AnswerMissing(self.slug, question=name)
        return value

    # --- what is shown --------------------------------------------------------------------------------------------

    def covers(self, cells: Mapping[str, str], day: date, page: str) -> bool:
        """Whether a row's time (``from_date``, ``to_date``; what is not shown is open) has this day."""
        first, last = (self.date(cells.get(name, ""), page) for name in ("from_date", "to_date"))
        return (first or day) <= day <= (last or day)

    def date_text(self, day: date) -> str:
        """A day as the portal writes it."""
        return day.strftime(self.map.formats.date)

    def date(self, text: str, page: str) -> date | None:
        """The portal's date; None when it shows none. A text that is no date is a `BadReading`."""
        if not text.strip():
            return None
        found = parse_date(text, self.map.formats.date)
        if found is None:
            raise BadReading(self.slug, page=page, what="a date that is none")
        return found

    def number(self, text: str, page: str) -> Decimal | None:
        """The portal's amount; None when it shows none. A text that is no amount is a `BadReading`."""
        if not text.strip():
            return None
        found = parse_number(text)
        if found is None:
            raise BadReading(self.slug, page=page, what="an amount that is none")
        return found

    def status(self, word: str) -> Status:
        """The portal's word, never guessed: what the selector file does not list is `Status.UNKNOWN`."""
        return self.map.words.status.get(word, Status.UNKNOWN)

    def eligible(self, word: str) -> bool:
        """Whether an eligibility word lets a request through; a word that is not listed is a changed page."""
        meaning = self.map.words.eligibility.get(word)
        if meaning is None:
            raise PageChanged(self.slug, page=self.view.here, key="eligibility", what="an unknown word", version=self.map.version)
        return meaning == "eligible"

    def summary(self, cells: Mapping[str, str], page: str) -> CaseSummary:
        """One list row (columns named as `CaseSummary`'s fields, ``status``) as a summary."""
        first = self.date(cells.get("from_date", ""), page)
        return CaseSummary(
            portal=self.slug,
            reference_no=cells["reference_no"],
            authorization_no=cells.get("authorization_no", ""),
            member_id=cells.get("member_id", ""),
            service_codes=tuple(cells.get("service_codes", "").replace(",", " ").split()),
            from_date=first,
            to_date=self.date(cells.get("to_date", ""), page) or (first if self.map.formats.one_day_cases else None),
            status_raw=cells["status"],
            status=self.status(cells["status"]),
            our_reference=cells.get("our_reference", ""),
            updated=cells.get("updated", ""),
        )

    def units(self, cells: Mapping[str, str], page: str) -> Units:
        """One line of units (columns named as `Units`' fields, ``status``). Without the payer's date it is a `BadReading`."""
        as_of = self.date(cells["as_of"], page)
        if as_of is None:
            raise BadReading(self.slug, page=page, what="units without an as-of date")
        return Units(
            portal=self.slug,
            authorization_no=cells["authorization_no"],
            member_id=cells["member_id"],
            service_code=cells["service_code"],
            from_date=self.date(cells["from_date"], page),
            to_date=self.date(cells["to_date"], page),
            requested=self.number(cells["requested"], page),
            approved=self.number(cells["approved"], page),
            used=self.number(cells["used"], page),
            remaining=self.number(cells.get("remaining", ""), page),
            as_of=as_of,
            status_raw=cells["status"],
            observed_at=self.now(),
        )

    def case_status(self, header: Status, lines: list[LineReading]) -> Status:
        """What the line items say, where the header lags behind all of them or is ahead of one that is still open (Q31); else the
        header."""
        words = {line.status for line in lines}
        pended = [status for status in (Status.PENDED_CLINICAL, Status.PENDED_REVIEW) if status in words]
        if header in _DECIDED and pended:
            return pended[0]
        if header not in _DECIDED | _LAGS or not words or not words <= _DECIDED:
            return header
        return words.pop() if len(words) == 1 else Status.PARTIALLY_APPROVED

    def case_line(self, cells: Mapping[str, str]) -> LineReading:
        return LineReading(
            service_code=cells.get("service_code", ""),
            modifiers=tuple(cells.get("modifiers", "").replace(",", " ").split()),
            units_requested=self.number(cells.get("units_requested", ""), "case"),
            units_approved=self.number(cells.get("units_approved", ""), "case"),
            from_date=self.date(cells.get("from_date", ""), "case"),
            to_date=self.date(cells.get("to_date", ""), "case"),
            status_raw=cells.get("status", ""),
            status=self.status(cells.get("status", "")),
            reason=cells.get("reason", ""),
            valid_from=self.date(cells.get("valid_from", ""), "case"),
            valid_to=self.date(cells.get("valid_to", ""), "case"),
            site=cells.get("site", ""),
        )
