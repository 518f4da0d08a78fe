"""The utilization tool that opens inside a plan's portal (CarePartners, Blue Cross): one flow, two selector files.

A plan's module says how the tool is reached and how its member is found; from the member's details on the steps are these. The
tool is one page in a frame of a window of its own. Requests, referrals and admission notices are entered on the same screens.
Sources: seeds 1 and 2; Blue Cross's pages on Authorization Manager; what is not told there is in the shape of similar tools.
"""

from __future__ import annotations

from abc import abstractmethod
from datetime import date
from pathlib import Path

from bots.errors import BadReading
from bots.limits import Limits
from bots.model import AuthRequest, CaseSummary, Certification, RequestKind
from bots.portal_changes import LaterDocuments


class UtilizationTool(LaterDocuments):
    limits = Limits(codes=12, certifications=(Certification.INITIAL, Certification.RENEWAL))

    @abstractmethod
    async def open_tool(self) -> None:
        """To a page of the tool that leads to what is on file."""

    @abstractmethod
    async def to_member(self, request: AuthRequest) -> None:
        """To the page ``member_found`` of the tool, for this kind of request."""

    # --- what is on file --------------------------------------------------------------------------------------------

    async def _to_search(self) -> None:
        """What is left of a broken screen offers nothing: then the tool is opened anew."""
        if not await self.view.offers("requests"):
            await self.open_tool()
        if self.view.here != "search":
            await self.view.press("requests")

    async def search_cases(self, request: AuthRequest) -> list[CaseSummary]:
        await self._to_search()
        await self.view.fill(find_member=self.id_on_pages(request))
        await self.view.press("find")
        return await self.summaries("cases")

    async def cases_since(self, since: date) -> list[CaseSummary]:
        """By all providers at once, for all their patients."""
        await self._to_search()
        await self.view.fill(find_provider="all", find_since=self.date_text(since))
        await self.view.press("find")
        return await self.summaries("cases")

    async def open_case(self, reference_no: str) -> None:
        await self._to_search()
        await self.view.fill(find_number=reference_no)
        await self.view.press("find")
        missing = BadReading(self.slug, page="results", what="it does not know the number")
        row = self.only(await self.view.table("cases"), "requests", missing)
        await self.view.choose("cases", row, to=["case"], navigates=False)

    async def to_case_documents(self, reference_no: str) -> bool:
        """A decided case has no place for them."""
        await self.open_case(reference_no)
        return await self.view.arrive("case_documents", "case") == "case_documents"

    # --- a new request ----------------------------------------------------------------------------------------------

    async def discard(self, request: AuthRequest) -> None:
        for number in sorted(self.drafts):
            await self._to_search()
            for row in [row for row in await self.view.table("drafts") if row["draft_no"] == number]:
                await self.view.choose("drafts", row, to=["search"], navigates=False)
            self.drafts.discard(number)

    async def draft(self, request: AuthRequest) -> None:
        self.answered = {}
        await self.to_member(request)
        await self.check_member(request)
        await self.view.press("next")
        await self.check_requirement(request)
        await self._details(request)
        await self._services(request)
        await self._clinical(request)

    async def check_requirement(self, request: AuthRequest) -> None:
        """To the page ``request``; where the tool first looks up whether an authorization is required, this may be the end."""

    async def _details(self, request: AuthRequest) -> None:
        view, contact = self.view, request.contact
        await view.fill(
            service_category=request.service_category,
            urgency=request.urgency,
            place_of_service=request.place_of_service,
            from_date=self.date_text(request.from_date),
            to_date=self.date_text(request.to_date),
            admission_date=self.date_text(request.admission_date) if request.admission_date else "",
            requesting_npi=request.requesting.npi,
            servicing_npi=request.servicing.npi,
            facility_npi=request.facility.npi,
            contact_name=contact.name,
            contact_phone=contact.phone,
            contact_fax=contact.fax,
            our_reference=self.our_reference(request),
        )
        if request.request_kind is RequestKind.PRIOR_AUTH:
            await view.fill(certification=request.certification)
        if await view.press("next") == "late":
            self.answered = await view.answer(request.answers)
            await view.press("next")

    async def _services(self, request: AuthRequest) -> None:
        view = self.view
        self.began(await view.read("draft_no"))
        for count, code in enumerate(request.diagnosis_codes, 1):
            await view.fill(diagnosis=code)
            await view.add_row("add_diagnosis", "diagnoses", count)
        for count, line in enumerate(request.lines, 1):
            await view.fill(
                procedure=line.service_code,
                modifiers=" ".join(line.modifiers),
                units=str(line.units),
                unit_type=line.unit_type,
                line_from=self.date_text(line.from_date),
                line_to=self.date_text(line.to_date),
            )
            await view.add_row("add_line", "lines", count)
        if await view.press("next") == "criteria":
            self.answered |= await view.answer(request.answers)
            await view.press("complete")

    async def _clinical(self, request: AuthRequest) -> None:
        if request.attachments:
            await self.view.attach("document", [Path(document.path) for document in request.attachments])
            await self.check_documents(request)
        await self.view.fill(notes=request.notes)
        await self.view.press("next")

    def expected(self, request: AuthRequest) -> dict[str, str]:
        names = "member_dob service_category urgency place_of_service from_date to_date admission_date requesting_npi"
        names += " servicing_npi facility_npi contact_name contact_phone contact_fax our_reference notes"
        is_prior_auth = request.request_kind is RequestKind.PRIOR_AUTH
        own = {
            "member_id": self.id_on_pages(request),
            "request_kind": request.request_kind,
            "certification": request.certification if is_prior_auth else "",
        }
        return self.asked(request, *names.split()) | own | self.expected_answers()
