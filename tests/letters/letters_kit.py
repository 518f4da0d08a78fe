"""A journal that knows the requests which letters are about, and what a letter must have brought about."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from bots.fax.letter_fax import ReadFax, read_fax
from bots.model import (
    AuthRequest,
    Coverage,
    Member,
    Payer,
    Provider,
    Reading,
    Receipt,
    ServiceCategory,
    ServiceLine,
    Shown,
    Status,
)
from fixtures.fax_letters.cases import Case
from fixtures.fax_letters.make import TODAY, MadeFax, make_fax
from jobs import events as happened
from jobs.events import Standing
from jobs.journal import Journal
from jobs.state import Channel, Decision, Route

NOW = datetime.combine(TODAY, time(15), UTC)
_COVERAGE = {"husky": Coverage.HUSKY_A, "carepartners": Coverage.CAREPARTNERS_HMO, "bcbsma": Coverage.BCBSMA_COMMERCIAL}


def make_request(request_id: str, case: Case) -> AuthRequest:
    """The request that the case decides."""
    member_id = f"XXP{case.member_id}01" if case.payer == "bcbsma" else case.member_id
    return AuthRequest(
        request_id=request_id,
        payer=Payer(case.payer),
        coverage=_COVERAGE[case.payer],
        service_category=ServiceCategory.DME,
        member=Member(id=member_id, dob=case.dob, last_name=case.last_name, first_name=case.first_name),
        requesting=Provider(name="Sample", npi="1234567893"),
        lines=(
            ServiceLine(
                service_code=case.service_code,
                units=Decimal(case.units_requested),
                from_date=case.from_date,
                to_date=case.to_date,
            ),
        ),
    )


def submit(journal: Journal, request_id: str, case: Case) -> None:
    """Puts the request into the journal as submitted, with the payer's number."""
    request = make_request(request_id, case)
    sent = datetime.combine(case.submitted_on, time(14), UTC)
    attempt = f"{request_id}-1"
    route = Route(request_id=request_id, decision=Decision.PORTAL, portal=case.portal, rule_ids=("H5",))
    receipt = Receipt(portal=case.portal, reference_no=case.reference_no, received_at=sent)
    with journal.write() as write:
        write.append(
            request_id,
            happened.Accepted(request=request, fingerprint=request_id),
            happened.Routed(route=route, channel=Channel.PORTAL, standing=Standing(status=Status.NEW)),
            happened.Began(attempt_id=attempt, channel=Channel.PORTAL, portal=case.portal, account="desk", fence=1),
            happened.Intended(
                attempt_id=attempt, shown=Shown(portal=case.portal, page="review", selectors_version="1", fields={})
            ),
            happened.Received(attempt_id=attempt, receipt=receipt),
        )


def wrong_about(case: Case, reading: Reading) -> list[str]:
    """Every field of a reading that is not what the letter says."""
    granted = case.decision in ("approved", "partially_approved")
    pended = case.decision == "pended_clinical"
    line = reading.lines[0]
    known = {
        "status": (reading.status.value, case.decision),
        "authorization_no": (reading.authorization_no, case.authorization_no),
        "reference_no": (reading.reference_no, case.reference_no),
        "decided_on": (reading.decided_on, None if pended else case.decided_on),
        "valid_from": (reading.valid_from, case.valid_from if granted else None),
        "valid_to": (reading.valid_to, case.valid_to if granted else None),
        "service_code": (line.service_code, case.service_code),
        "units_approved": (line.units_approved, None if pended else Decimal(case.units_approved)),
        "reason": (_letters(reading.status_reason), _letters(case.reason)),
    }
    return [field for field, (read, true) in known.items() if read != true]


def _letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def read_made(seed: int, number: int) -> tuple[MadeFax, ReadFax]:
    made = make_fax(seed, number)
    return made, read_fax(made.content)


def later(days: int) -> datetime:
    return NOW + timedelta(days=days)
