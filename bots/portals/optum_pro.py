"""Optum Pro, for CarePartners' members whose doctor is in APN-CT: what its steps mean.

A patient is found by member id and birth date; who reviews the patient's requests stands in a card of its own. Servicing
providers and facilities that the directory does not have are typed in under "Not listed"; the requesting provider must be listed.
The portal keeps an unfinished request as a draft, so one is thrown away. Sources: CarePartners' notice for APN-CT (seed 3); the
help of One Healthcare ID; public FAQs of Optum's sister portals (portals.md, section 7).
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from bots.errors import MemberNotFound, ProviderNotFound
from bots.limits import Limits
from bots.model import AuthRequest, CaseSummary, Certification, Provider
from bots.portal import Portal

LOOK_BACK_DAYS = 720
"""The list shows 30 days unless asked, and 24 months at most; a few days are left for its own idea of today."""


class OptumPro(Portal):
    slug = "optum_pro"
    limits = Limits(attested=True, certifications=(Certification.INITIAL, Certification.RENEWAL, Certification.EXTENSION))
    _draft_no = ""

    async def search_cases(self, request: AuthRequest) -> list[CaseSummary]:
        await self.view.goto("cases_of_member", member_id=request.member.id, since=self._since(date.min))
        return await self.summaries("cases")

    async def cases_since(self, since: date) -> list[CaseSummary]:
        await self.view.goto("cases_since", since=self._since(since))
        return await self.summaries("cases")

    def _since(self, since: date) -> str:
        return self.date_text(max(since, self.today() - timedelta(days=LOOK_BACK_DAYS)))

    async def open_case(self, reference_no: str) -> None:
        await self.view.goto("case", reference_no=reference_no)

    async def discard(self, request: AuthRequest) -> None:
        if self._draft_no:
            await self.view.goto("home")
            for row in [row for row in await self.view.table("drafts") if row["draft_no"] == self._draft_no]:
                await self.view.choose("drafts", row, to=["home"])
            self._draft_no = ""

    async def draft(self, request: AuthRequest) -> None:
        await self._patient(request)
        await self._details(request)
        await self._providers(request)
        await self.view.press("next")
        if request.attachments:
            await self.view.attach("document", [Path(document.path) for document in request.attachments])
            await self.view.press("upload")
        await self.check_documents(request)
        await self.view.press("next")
        await self.view.press("acknowledge")
        await self.view.fill(attested="yes")  # in the name of `attested_by`, which the limits want

    async def _patient(self, request: AuthRequest) -> None:
        view = self.view
        await view.goto("patients")
        await view.fill(member_id=request.member.id, member_dob=self.date_text(request.member.dob))
        if await view.press("search") == "no_member":
            raise MemberNotFound(self.slug)
        await view.press("open_patient")
        await view.press("open_coverage")
        await self.check_member(request)
        await view.press("new_request")
        self._draft_no = await view.read("draft_no")

    async def _details(self, request: AuthRequest) -> None:
        view = self.view
        await view.fill(
            request_kind=request.request_kind,
            service_category=request.service_category,
            urgency=request.urgency,
            certification=request.certification,
            place_of_service=self.needed("place_of_service", request.place_of_service),
            from_date=self.date_text(request.from_date),
            to_date=self.date_text(request.to_date),
        )
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
        await view.press("next")

    async def _providers(self, request: AuthRequest) -> None:
        view, contact = self.view, request.contact
        await view.press("look_up_requesting")
        await self._choose(request.requesting, listed=True)
        if request.servicing.npi:
            await view.press("look_up_servicing")
            await self._choose(request.servicing)
        if request.facility.npi:
            await view.press("look_up_facility")
            await self._choose(request.facility)
        await view.fill(
            contact_name=contact.name,
            contact_phone=contact.phone,
            contact_fax=contact.fax,
            our_reference=self.our_reference(request),
            notes=request.notes,
        )

    async def _choose(self, wanted: Provider, *, listed: bool = False) -> None:
        """One provider, by NPI; one whom the directory does not have is entered as not listed, where the portal takes that."""
        view = self.view
        await view.fill(npi=wanted.npi)
        if await view.press("find") == "found_providers":
            rows = [row for row in await view.table("providers") if row["npi"] == wanted.npi]
            row = self.only(rows, "providers", ProviderNotFound(self.slug))
            await view.choose("providers", row, to=["providers"], navigates=False)
            return
        if listed:
            raise ProviderNotFound(self.slug)
        await view.fill(not_listed="yes")
        await view.fill(free_name=wanted.name, free_npi=wanted.npi)
        await view.press("save")

    def expected(self, request: AuthRequest) -> dict[str, str]:
        read_back = self.map.pages["review"].read_back
        return self.asked(request, *read_back)
