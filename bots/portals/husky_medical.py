"""HUSKY medical, the portal since 2020-12-19: what its steps mean.

A request is entered on one page and kept by the portal from its first step on, so an unfinished one is thrown away. Twins are
told apart by first name, providers by NPI; the clinical criteria are answered in a window of their own. Extensions and added
services come onto their own case. Sources: CHNCT's announcement of 2020 and its FAQ; public help pages of ProAuth.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from bots.errors import AttestationMissing, MemberNotFound, SeveralMatches
from bots.model import AuthRequest, CaseSummary, LineReading, ServiceCategory, Status
from bots.portal_changes import ChangingPortal


class HuskyMedical(ChangingPortal):
    slug = "husky_medical"
    letters_page = "letters"

    async def search_cases(self, request: AuthRequest) -> list[CaseSummary]:
        await self.view.goto("cases_of_member", member_id=request.member.id)
        cases = await self.summaries("cases")
        return await self.changes(cases) if self.is_change(request) else cases

    async def cases_since(self, since: date) -> list[CaseSummary]:
        await self.view.goto("cases_since", since=self.date_text(since))
        return await self.summaries("cases")

    async def open_case(self, reference_no: str) -> None:
        await self.view.goto("case", reference_no=reference_no)
        await self.view.press("expand")

    async def open_letters(self, reference_no: str) -> None:
        await self.view.goto("letters", reference_no=reference_no)

    def case_status(self, header: Status, lines: list[LineReading]) -> Status:
        """The portal has one word for all that is undecided; a reason on an undecided line says what is still wanted."""
        status = super().case_status(header, lines)
        wanted = any(line.reason and line.status is Status.PENDED_REVIEW for line in lines)
        return Status.PENDED_CLINICAL if status is Status.PENDED_REVIEW and wanted else status

    async def discard(self, request: AuthRequest) -> None:
        for number in sorted(self.drafts):
            await self.view.goto("dashboard")
            for row in [row for row in await self.view.table("unfinished") if row["draft_no"] == number]:
                await self.view.choose("unfinished", row, to=["dashboard"])
            self.drafts.discard(number)

    async def draft(self, request: AuthRequest) -> None:
        if self.is_change(request):
            await self.begin_change(request)
            self.began(await self.view.read("draft_no"))
        else:
            await self._member(request)
            await self._prescreen(request)
            await self._details(request)
            for count, code in enumerate(request.diagnosis_codes[1:], 2):
                await self.view.fill(diagnosis=code)
                await self.view.add_row("add_diagnosis", "diagnoses", count)
        for count, line in enumerate(self.lines(request), 1):
            await self.view.fill(
                procedure=line.service_code,
                units=str(line.units),
                unit_type=line.unit_type,
                line_from=self.date_text(line.from_date),
                line_to=self.date_text(line.to_date),
                **self.numbered("modifier", line.modifiers),
            )
            await self.view.add_row("add_line", "lines", count)
        await self.view.press("next")
        await self._clinical(request)

    async def _member(self, request: AuthRequest) -> None:
        view, member = self.view, request.member
        inpatient = request.service_category is ServiceCategory.INPATIENT
        await view.goto("member", type="inpatient" if inpatient else "service")
        await view.fill(member_id=member.id, member_dob=self.date_text(member.dob))
        seen = await view.press("search")
        if seen == "twins":
            if not member.first_name:
                raise SeveralMatches(self.slug, what="members")
            await view.fill(first_name=member.first_name)
            seen = await view.press("search_again")
        if seen == "no_member":
            raise MemberNotFound(self.slug)
        await self.check_member(request)
        await view.press("next")
        self.began(await view.read("draft_no"))

    async def _prescreen(self, request: AuthRequest) -> None:
        await self.view.fill(
            service_category=request.service_category,
            place_of_service=request.place_of_service,
            diagnosis="".join(request.diagnosis_codes[:1]),
            procedure=request.lines[0].service_code,
            from_date=self.date_text(request.from_date),
            to_date=self.date_text(request.to_date),
        )
        await self.view.press("next")

    async def _details(self, request: AuthRequest) -> None:
        view, contact = self.view, request.contact
        await view.fill(urgency=request.urgency)
        if request.is_urgent:
            await view.arrive("attestation")
            if not request.attested_by:
                raise AttestationMissing(self.slug)
            await view.press("attest")
        await view.fill(
            certification=request.certification,
            all_providers="yes",
            requesting_npi=request.requesting.npi,
            servicing_npi=request.servicing.npi,
            facility_npi=request.facility.npi,
            admission_date=self.date_text(request.admission_date) if request.admission_date else "",
            contact_name=contact.name,
            contact_phone=contact.phone,
            contact_fax=contact.fax,
            our_reference=self.our_reference(request),
        )
        await view.press("next")

    async def _clinical(self, request: AuthRequest) -> None:
        view = self.view
        if await view.offers("open_criteria"):
            async with view.window("open_criteria") as criteria:
                if await criteria.read("member_id") != request.member.id:
                    raise criteria.differs(["member_id"])
                self.answered = await criteria.answer(request.answers)
                await criteria.press("complete")
            await view.arrive("criteria_completed")
        if self.is_change(request):
            await view.fill(our_reference=self.our_reference(request))
        await view.fill(notes=request.notes)
        if request.attachments:
            await view.attach("document", [Path(document.path) for document in request.attachments])
            await self.check_documents(request)
        await view.press("next")

    def expected(self, request: AuthRequest) -> dict[str, str]:
        if self.is_change(request):
            return self.expected_change(request)
        names = "member_id member_dob service_category place_of_service urgency certification from_date to_date requesting_npi"
        names += " servicing_npi facility_npi admission_date contact_name contact_phone contact_fax our_reference notes"
        criteria = {"criteria": "completed" if self.answered else "none"}
        return self.asked(request, *names.split()) | criteria | self.expected_answers()
