"""eviCore, high-tech radiology of HUSKY members: what its steps mean.

All but home is reached by the menu. A request is one patient, one day and up to ten codes; an approval is good for its codes and
site only. Sources: CHNCT's page (seed 0); public guides of eviCore and of health plans.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from bots.errors import NotEligible, NotListed, ProviderNotFound
from bots.interview import interview
from bots.limits import Limits
from bots.model import AuthRequest, CaseSummary, Certification, Provider
from bots.portal import Portal


class Evicore(Portal):
    slug = "evicore"
    limits = Limits(codes=10, one_day=True, attested=True, certifications=(Certification.INITIAL,))

    async def search_cases(self, request: AuthRequest) -> list[CaseSummary]:
        await self.view.goto("home")
        await self.view.press("look_up")
        born = self.date_text(request.member.dob)
        await self.view.fill(npi=request.requesting.npi, member_id=request.member.id, member_dob=born)
        await self.view.press("by_patient")
        return await self.summaries("cases")

    async def cases_since(self, since: date) -> list[CaseSummary]:
        await self.view.goto("home")
        await self.view.press("summary")
        await self.view.fill(received_from=self.date_text(since))
        await self.view.press("filter")
        return await self.summaries("cases")

    async def open_case(self, reference_no: str) -> None:
        await self.view.goto("home")
        await self.view.press("look_up")
        await self.view.fill(number=reference_no)
        await self.view.press("by_number")

    async def discard(self, request: AuthRequest) -> None:
        for number in sorted(self.drafts):
            await self.view.goto("home")
            await self.view.press("in_progress")
            for row in [row for row in await self.view.table("drafts") if row["draft_no"] == number]:
                await self.view.choose("drafts", row, to=["discard"])
                await self.view.press("discard")
            self.drafts.discard(number)

    async def draft(self, request: AuthRequest) -> None:
        self.answered, self.site_npi = {}, ""
        await self.view.goto("home")
        await self.view.press("new_request")
        await self._provider(request)
        await self.view.fill(program="radiology", **self.asked(request, "contact_name", "contact_phone", "contact_fax"))
        await self.view.press("next")
        await self._patient(request)
        await self._service(request)
        await self.view.press("next")
        await self.view.fill(**self._urgency(request))
        await self.view.press("next")
        if request.attachments:
            await self.view.attach("document", [Path(document.path) for document in request.attachments])
            await self.view.press("upload")
            await self.check_documents(request)
        await self._questions(request)
        await self.view.fill(attested="yes")

    async def _listed(self, who: Provider) -> list[str]:
        texts = await self.view.choices("provider")
        return [text for text in texts if text.startswith(who.npi) and who.name.casefold() in text.casefold()]

    async def _provider(self, request: AuthRequest) -> None:
        view, question = self.view, "requesting_address"
        if not await self._listed(request.requesting):
            await view.press("add_practitioner")
            await view.fill(npi=request.requesting.npi)
            await view.press("search")
            await view.fill(page_size="all")
            rows = await view.table("locations")
            place = self.which(request, question, [f"{row['address']}, {row['city']}" for row in rows])
            await view.choose("locations", rows[place], to=["start"])
        listed = await self._listed(request.requesting)
        if len(listed) != 1:
            raise ProviderNotFound(self.slug)
        await view.fill(provider=listed[0])
        addresses = await view.choices("address")
        await view.fill(address=addresses[self.which(request, question, addresses)])
        await view.choices("plan")
        await view.fill(plan=request.payer)
        await view.press("next")

    async def _patient(self, request: AuthRequest) -> None:
        view, member, day, born = self.view, request.member, request.from_date, self.date_text(request.member.dob)
        await view.fill(service_date=self.date_text(day), member_id=member.id, member_dob=born)
        seen = await view.press("search")
        if seen == "matches":
            rows = [row for row in await view.table("members") if (row["member_id"], row["member_dob"]) == (member.id, born)]
            rows = [row for row in rows if self.covers(row.cells, day, seen)]
            seen = await view.choose("members", self.only(rows, "times of coverage", NotEligible(self.slug)), to=["service"])
        self.began(await view.read("draft_no"))
        if seen == "fax_needed":
            await view.fill(fax=self.needed("contact_fax", request.contact.fax))
            await view.press("save")

    async def _service(self, request: AuthRequest) -> None:
        view, unknown = self.view, NotListed(self.slug, what="diagnosis")
        for count, line in enumerate(request.lines, 1):
            await view.fill(exam=line.service_code, modifiers=" ".join(line.modifiers), units=str(line.units))
            await view.add_row("add_exam", "lines", count)
        for count, code in enumerate(request.diagnosis_codes, 1):
            await view.fill(diagnosis=code)
            await view.press("find")
            rows = [row for row in await view.table("matches") if row["code"] == code.replace(".", "")]
            await view.choose("matches", self.only(rows, "diagnoses", unknown), to=["service"], navigates=False)
            await view.added("add_exam", "diagnoses", count)
        seen = await view.press("next")
        if seen == "existing":
            seen = await view.press("next")
        if seen == "site":
            self.site_npi = request.facility.npi
            await view.fill(npi=request.facility.npi)
            await view.press("search")
            site = self.only(await view.table("sites"), "sites", NotListed(self.slug, what="facility_npi"))
            await view.choose("sites", site, to=["gate"])

    def _urgency(self, request: AuthRequest) -> dict[str, str]:
        reason = request.answers.get("urgent_reason", "")
        return {"routine": "no", "urgent_reason": reason} if request.is_urgent else {"routine": "yes", "urgent_reason": ""}

    async def _questions(self, request: AuthRequest) -> None:
        view = self.view
        await view.press("next")
        self.said = await interview(view, request)
        await view.fill(notes=request.notes)
        if await view.press("next") == "referral":
            self.answered = await view.answer(request.answers)
            await view.press("next")
        if view.here == "not_met":
            await view.press("go_on")

    def expected(self, request: AuthRequest) -> dict[str, str]:
        same = ("member_id", "member_dob", "requesting_npi", "contact_name", "contact_phone", "contact_fax", "notes")
        other = {"plan": request.payer, "service_date": request.from_date.isoformat(), "site_npi": self.site_npi}
        return {**self.asked(request, *same), **other, **self._urgency(request), **self.expected_answers()}
