"""eviCore, high-tech radiology of HUSKY members: what its steps mean.

One address for everything, so all but home is reached by the menu. A request is one patient, one date of service and up to ten
codes; an approval is good for its codes and site only. A request in progress stays on the portal, so one that is not sent is
discarded. Sources: CHNCT's page (seed 0); eviCore's and health plans' public guides (portals.md, section 2).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from msgspec.structs import replace

from bots.errors import AnswerMissing, NotEligible, NotListed, ProviderNotFound
from bots.interview import interview
from bots.limits import Limits
from bots.model import AuthRequest, CaseSummary, Certification
from bots.portal import Portal


class Evicore(Portal):
    slug = "evicore"
    limits = Limits(codes=10, one_day=True, attested=True, certifications=(Certification.INITIAL,))
    left: frozenset[str] = frozenset()
    """Numbers of our requests in progress."""
    said: list[dict[str, str]]
    site_npi: str

    async def menu(self, action: str) -> None:
        await self.view.goto("home")
        await self.view.press(action)

    async def search_cases(self, request: AuthRequest) -> list[CaseSummary]:
        await self.menu("look_up")
        born = self.date_text(request.member.dob)
        await self.view.fill(npi=request.requesting.npi, member_id=request.member.id, member_dob=born)
        await self.view.press("by_patient")
        return await self.summaries("cases")

    async def cases_since(self, since: date) -> list[CaseSummary]:
        await self.menu("summary")
        await self.view.fill(received_from=self.date_text(since))
        await self.view.press("filter")
        return await self.summaries("cases")

    def summary(self, cells: Mapping[str, str], page: str) -> CaseSummary:
        """A case without an end is for its date of service only."""
        found = super().summary(cells, page)
        return replace(found, to_date=found.to_date or found.from_date)

    async def open_case(self, reference_no: str) -> None:
        await self.menu("look_up")
        await self.view.fill(number=reference_no)
        await self.view.press("by_number")

    async def discard(self, request: AuthRequest) -> None:
        while self.left:
            await self.menu("in_progress")
            rows = [row for row in await self.view.table("drafts") if row["draft_no"] in self.left]
            if rows:
                await self.view.choose("drafts", rows[0], to=["discard"])
                await self.view.press("discard")
            self.left = frozenset(row["draft_no"] for row in rows[1:])

    async def draft(self, request: AuthRequest) -> None:
        self.answered, self.site_npi = {}, ""
        await self.menu("new_request")
        await self._provider(request)
        contact = request.contact
        await self.view.fill(program="radiology", contact_name=contact.name, contact_phone=contact.phone, contact_fax=contact.fax)
        await self.view.press("next")
        await self._patient(request)
        await self._exams(request)
        await self._site(request)
        await self.view.press("next")
        await self.view.fill(**self._urgency(request))
        await self.view.press("next")
        if request.attachments:
            await self.view.attach("document", [Path(document.path) for document in request.attachments])
            await self.view.press("upload")
            await self.check_documents(request)
        await self._questions(request)
        await self.view.fill(attested="yes")

    async def _provider(self, request: AuthRequest) -> None:
        view, who = self.view, request.requesting
        listed = [text for text in await view.choices("provider") if text.startswith(who.npi)]
        if not listed:
            await view.press("add_practitioner")
            await view.fill(npi=who.npi)
            await view.press("search")
            await view.fill(page_size="all")
            rows = await view.table("locations")
            place = self.which(request, "requesting_address", [f"{row['address']}, {row['city']}" for row in rows])
            await view.choose("locations", rows[place], to=["start"])
            listed = [text for text in await view.choices("provider") if text.startswith(who.npi)]
        if len(listed) != 1 or who.name.casefold() not in listed[0].casefold():
            raise ProviderNotFound(self.slug)
        await view.fill(provider=listed[0])
        addresses = await view.choices("address")
        await view.fill(address=addresses[self.which(request, "requesting_address", addresses)])
        await view.choices("plan")
        await view.fill(plan=request.payer)
        await view.press("next")

    async def _patient(self, request: AuthRequest) -> None:
        view, member, day = self.view, request.member, request.from_date
        born = self.date_text(member.dob)
        await view.fill(service_date=self.date_text(day), member_id=member.id, member_dob=born)
        seen = await view.press("search")
        if seen == "matches":
            rows = [row for row in await view.table("members") if (row["member_id"], row["member_dob"]) == (member.id, born)]
            rows = [row for row in rows if self.covers(row.cells, day, seen)]
            seen = await view.choose("members", self.only(rows, "times of coverage", NotEligible(self.slug)), to=["service"])
        self.left |= {await view.read("draft_no")}
        if seen == "fax_needed":
            if not request.contact.fax:
                raise AnswerMissing(self.slug, question="contact_fax")
            await view.fill(fax=request.contact.fax)
            await view.press("save")

    async def _exams(self, request: AuthRequest) -> None:
        view = self.view
        for count, line in enumerate(request.lines, 1):
            await view.fill(exam=line.service_code, modifiers=" ".join(line.modifiers), units=str(line.units))
            await view.add_row("add_exam", "lines", count)
        for count, code in enumerate(request.diagnosis_codes, 1):
            await view.fill(diagnosis=code)
            seen = await view.press("find")
            rows = [] if seen == "no_diagnosis" else await view.table("matches")
            rows = [row for row in rows if row["code"] == code.replace(".", "")]
            row = self.only(rows, "diagnoses", NotListed(self.slug, what="diagnosis"))
            await view.choose("matches", row, to=["service"], navigates=False)
            await view.added("add_exam", "diagnoses", count)

    async def _site(self, request: AuthRequest) -> None:
        """To the notice that nothing before it can be edited. What comes between depends on the patient and on the exams."""
        view = self.view
        seen = await view.press("next")
        if seen == "existing":
            seen = await view.press("next")
        if seen == "site":
            self.site_npi = request.facility.npi
            await view.fill(npi=self.site_npi)
            await view.press("search")
            rows = [row for row in await view.table("sites") if row["npi"] == self.site_npi]
            await view.choose("sites", self.only(rows, "sites", NotListed(self.slug, what="facility_npi")), to=["gate"])

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

    def expected_tables(self, request: AuthRequest) -> dict[str, list[dict[str, str]]]:
        return {"answers": self.said}

    def expected(self, request: AuthRequest) -> dict[str, str]:
        same = ("member_id", "member_dob", "requesting_npi", "contact_name", "contact_phone", "contact_fax", "notes")
        other = {"plan": request.payer, "service_date": request.from_date.isoformat(), "site_npi": self.site_npi}
        return {**self.asked(request, *same), **other, **self._urgency(request), **self.expected_answers()}
