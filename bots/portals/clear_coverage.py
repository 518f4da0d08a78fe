"""HUSKY medical, Clear Coverage (2012 to 2020): what its steps mean.

Members are found by CT Medicaid id and birth date only; an eligibility word of NA ends the request. A requesting provider is
found by last name only and told apart by NPI. Sources: the prior-authorization page of CHNCT (seed 0); CHNCT's webinars of 2012.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from bots.errors import MemberNotFound, NotEligible, ProviderNotFound
from bots.model import AuthRequest, CaseSummary, ServiceLine
from bots.portal import Portal

LOOK_BACK_DAYS = 360
"""The portal refuses to look back more than 365 days; a few are left for its own idea of today."""


class ClearCoverage(Portal):
    slug = "clear_coverage"

    async def search_cases(self, request: AuthRequest) -> list[CaseSummary]:
        await self.view.goto("cases_of_member", member_id=request.member.id)
        return await self.summaries("cases")

    async def cases_since(self, since: date) -> list[CaseSummary]:
        earliest = self.today() - timedelta(days=LOOK_BACK_DAYS)
        await self.view.goto("cases_since", since=self.date_text(max(since, earliest)))
        return await self.summaries("cases")

    async def open_case(self, reference_no: str) -> None:
        await self.view.goto("case", reference_no=reference_no)

    async def draft(self, request: AuthRequest) -> None:
        await self._member(request)
        await self._service(request)
        await self._providers(request)
        await self._clinical(request)
        self.answered = await self.view.answer(request.answers)
        await self.view.press("complete")
        await self._documents(request)
        await self._contact(request)

    async def _member(self, request: AuthRequest) -> None:
        await self.view.goto("member_search")
        member, born = request.member, self.date_text(request.member.dob)
        await self.view.fill(member_id=member.id, member_dob=born)
        if await self.view.press("search") == "no_member":
            raise MemberNotFound(self.slug)
        row = self.only(await self.view.table("members"), "members", MemberNotFound(self.slug))
        if (row["member_id"], row["member_dob"]) != (member.id, born):
            raise self.view.differs(["member_id", "member_dob"])
        if not self.eligible(row["eligibility"]):
            raise NotEligible(self.slug)
        await self.view.choose("members", row, to=["service"])

    async def _service(self, request: AuthRequest) -> None:
        await self.view.fill(
            service_category=request.service_category,
            urgency=request.urgency,
            certification=request.certification,
            from_date=self.date_text(request.from_date),
            to_date=self.date_text(request.to_date),
        )
        await self.view.press("next")

    async def _providers(self, request: AuthRequest) -> None:
        view = self.view
        await view.press("look_up")
        await view.fill(last_name=request.requesting.name)
        if await view.press("search") == "no_provider":
            raise ProviderNotFound(self.slug)
        rows = [row for row in await view.table("providers") if row["npi"] == request.requesting.npi]
        row = self.only(rows, "providers", ProviderNotFound(self.slug))
        await view.choose("providers", row, to=["providers"], navigates=False)
        await view.fill(
            servicing_name=request.servicing.name,
            servicing_npi=request.servicing.npi,
            facility_name=request.facility.name,
            facility_npi=request.facility.npi,
        )
        await view.press("next")

    async def _clinical(self, request: AuthRequest) -> None:
        view = self.view
        for count, code in enumerate(request.diagnosis_codes, 1):
            await view.fill(diagnosis=code)
            await view.start_row("add_diagnosis")
            if count == len(request.diagnosis_codes):
                # The portal takes a moment to add it; the first service line is typed meanwhile.
                await self._type_line(request.lines[0])
            await view.added("add_diagnosis", "diagnoses", count)
        for count, line in enumerate(request.lines, 1):
            if count > 1 or not request.diagnosis_codes:
                await self._type_line(line)
            await view.add_row("add_line", "lines", count)
        await view.press("next")

    async def _type_line(self, line: ServiceLine) -> None:
        await self.view.fill(
            procedure=line.service_code,
            units=str(line.units),
            line_from=self.date_text(line.from_date),
            line_to=self.date_text(line.to_date),
            **{f"modifier_{place}": modifier for place, modifier in enumerate(line.modifiers, 1)},
        )

    async def _documents(self, request: AuthRequest) -> None:
        if request.attachments:
            await self.view.attach("document", [Path(document.path) for document in request.attachments])
            await self.view.press("upload")
            await self.check_documents(request)
        await self.view.press("next")

    async def _contact(self, request: AuthRequest) -> None:
        await self.view.fill(
            contact_name=request.contact.name,
            contact_phone=request.contact.phone,
            contact_fax=request.contact.fax,
            our_reference=self.our_reference(request),
            notes=request.notes,
        )
        await self.view.press("next")

    def expected(self, request: AuthRequest) -> dict[str, str]:
        person = self.asked(request, "member_id", "member_dob", "contact_name", "contact_phone", "contact_fax", "notes")
        asked = self.asked(request, "service_category", "urgency", "certification", "from_date", "to_date", "our_reference")
        asked |= self.asked(request, "requesting_npi", "servicing_name", "servicing_npi", "facility_name", "facility_npi")
        return {**person, **asked, **self.expected_answers()}
