"""eviCore, high-tech radiology of HUSKY members: what its steps mean.

One address for everything, so all but home is reached by the menu. A request is one patient, one date of service and up to ten
procedure codes; an approval is good for the shown codes and site only. A request in progress stays on the portal, so one that
is not sent is discarded. Sources: CHNCT's page (seed 0); eviCore's and health plans' public guides (portals.md, section 2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from bots.errors import AnswerMissing, AttestationMissing, NotEligible, NotListed, NotOneRequest, ProviderNotFound
from bots.model import AuthRequest, CaseSummary, Certification, ServiceLine
from bots.portal import Portal

MAX_CODES = 10


class Evicore(Portal):
    slug = "evicore"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._in_progress: set[str] = set()
        self._answers: list[dict[str, str]] = []
        self._site = ""

    # --- what is there ---------------------------------------------------------------------------------------------

    async def _menu(self, action: str) -> None:
        await self.view.goto("home")
        await self.view.press(action)

    async def search_cases(self, request: AuthRequest) -> list[CaseSummary]:
        await self._menu("look_up")
        born = self.date_text(request.member.dob)
        await self.view.fill(npi=request.requesting.npi, member_id=request.member.id, member_dob=born)
        await self.view.press("by_patient")
        return await self.summaries("cases")

    async def cases_since(self, since: date) -> list[CaseSummary]:
        await self._menu("summary")
        await self.view.fill(received_from=self.date_text(since))
        await self.view.press("filter")
        return await self.summaries("cases")

    def summary(self, cells: Mapping[str, str], page: str) -> CaseSummary:
        """A case without an end is for its date of service only."""
        found = super().summary(cells, page)
        return replace(found, to_date=found.to_date or found.from_date)

    async def open_case(self, reference_no: str) -> None:
        await self._menu("look_up")
        await self.view.fill(number=reference_no)
        await self.view.press("by_number")

    async def discard(self, request: AuthRequest) -> None:
        while self._in_progress:
            await self._menu("in_progress")
            left = [row for row in await self.view.table("drafts") if row["draft_no"] in self._in_progress]
            self._in_progress = {row["draft_no"] for row in left[1:]}
            if left:
                await self.view.choose("drafts", left[0], to=["discard"])
                await self.view.press("discard")

    # --- a new request ---------------------------------------------------------------------------------------------

    async def draft(self, request: AuthRequest) -> None:
        self._fits(request)
        await self._menu("new_request")
        await self._provider(request)
        contact = request.contact
        await self.view.fill(program="radiology", contact_name=contact.name, contact_phone=contact.phone, contact_fax=contact.fax)
        await self.view.press("next")
        await self._patient(request)
        await self._exams(request)
        await self._site_of(request)
        await self.view.press("next")
        await self._urgency(request)
        await self._documents(request)
        await self._questions(request)
        await self.view.fill(attested="yes")

    def _fits(self, request: AuthRequest) -> None:
        if not request.attested_by:
            raise AttestationMissing(self.slug)
        if request.certification is not Certification.INITIAL:
            raise NotListed(self.slug, what="certification")
        if len(request.lines) > MAX_CODES:
            raise NotOneRequest(self.slug, limit="ten procedure codes")
        if len({line.from_date for line in request.lines}) > 1 or len(set(request.codes)) < len(request.lines):
            raise NotOneRequest(self.slug, limit="one date of service, and each procedure code once,")

    async def _provider(self, request: AuthRequest) -> None:
        view, who = self.view, request.requesting
        listed = [text for text in await view.choices("provider") if text.startswith(who.npi)]
        if not listed:
            await self._add_practitioner(request)
            listed = [text for text in await view.choices("provider") if text.startswith(who.npi)]
        if len(listed) != 1 or who.name.casefold() not in listed[0].casefold():
            raise ProviderNotFound(self.slug)
        await view.fill(provider=listed[0])
        addresses = await view.choices("address")
        await view.fill(address=addresses[self._place(request, addresses)])
        await view.choices("plan")
        await view.fill(plan=request.payer)
        await view.press("next")

    async def _add_practitioner(self, request: AuthRequest) -> None:
        view = self.view
        await view.press("add_practitioner")
        await view.fill(npi=request.requesting.npi)
        await view.press("search")
        await view.fill(page_size="all")
        rows = await view.table("locations")
        place = self._place(request, [f"{row['address']}, {row['city']}" for row in rows])
        await view.choose("locations", rows[place], to=["start"])

    def _place(self, request: AuthRequest, addresses: Sequence[str]) -> int:
        """Which of the provider's addresses is meant; of several only the request's own answer tells."""
        wanted = request.answers.get("requesting_address", "")
        if len(addresses) > 1 and not wanted:
            raise AnswerMissing(self.slug, question="requesting_address")
        fits = [place for place, text in enumerate(addresses) if text.casefold().startswith(wanted.casefold())]
        if len(fits) != 1:
            raise NotListed(self.slug, what="requesting_address")
        return fits[0]

    async def _patient(self, request: AuthRequest) -> None:
        view, member, first = self.view, request.member, request.from_date
        born = self.date_text(member.dob)
        await view.fill(service_date=self.date_text(first), member_id=member.id, member_dob=born)
        seen = await view.press("search")
        if seen == "matches":
            rows = [row for row in await view.table("members") if (row["member_id"], row["member_dob"]) == (member.id, born)]
            covered = [
                row
                for row in rows
                if (self.date(row["from_date"], seen) or first) <= first <= (self.date(row["to_date"], seen) or first)
            ]
            seen = await view.choose("members", self.only(covered, "times of coverage", NotEligible(self.slug)), to=["service"])
        if seen == "fax_needed":
            if not request.contact.fax:
                raise AnswerMissing(self.slug, question="contact_fax")
            await view.fill(fax=request.contact.fax)
            await view.press("save")
        self._in_progress.add(await view.read("draft_no"))

    async def _exams(self, request: AuthRequest) -> None:
        view = self.view
        for count, line in enumerate(request.lines, 1):
            await self._type_exam(line)
            await view.add_row("add_exam", "lines", count)
        for count, code in enumerate(request.diagnosis_codes, 1):
            await view.fill(diagnosis=code)
            if await view.press("find") == "no_diagnosis":
                raise NotListed(self.slug, what="diagnosis")
            rows = [row for row in await view.table("matches") if row["code"] == code.replace(".", "")]
            await view.choose(
                "matches", self.only(rows, "diagnoses", NotListed(self.slug, what="diagnosis")), to=["service"], navigates=False
            )
            await view.added("add_exam", "diagnoses", count)

    async def _type_exam(self, line: ServiceLine) -> None:
        await self.view.fill(exam=line.service_code, modifiers=" ".join(line.modifiers), units=str(line.units))

    async def _site_of(self, request: AuthRequest) -> None:
        """From the exams to the notice that nothing before it can be edited; the pages between come only for some requests."""
        view, self._site = self.view, ""
        seen = await view.press("next")
        if seen == "existing":
            seen = await view.press("next")
        if seen == "site":
            if not request.facility.npi:
                raise AnswerMissing(self.slug, question="facility_npi")
            await view.fill(npi=request.facility.npi)
            await view.press("search")
            rows = [row for row in await view.table("sites") if row["npi"] == request.facility.npi]
            row = self.only(rows, "sites", NotListed(self.slug, what="facility_npi"))
            await view.choose("sites", row, to=["gate"])
            self._site = request.facility.npi

    async def _urgency(self, request: AuthRequest) -> None:
        reason = request.answers.get("urgent_reason", "") if request.is_urgent else ""
        if request.is_urgent and not reason:
            raise AnswerMissing(self.slug, question="urgent_reason")
        await self.view.fill(routine="no" if request.is_urgent else "yes", urgent_reason=reason)
        await self.view.press("next")

    async def _documents(self, request: AuthRequest) -> None:
        if request.attachments:
            await self.view.attach("document", [Path(document.path) for document in request.attachments])
            await self.view.press("upload")
            await self.check_documents(request)

    async def _questions(self, request: AuthRequest) -> None:
        """One question after another until there is none; what each exam is asked is answered for that exam."""
        view, self._answers = self.view, []
        seen = await view.press("next")
        while seen == "question":
            exam, number, text = (await view.read_all(("exam", "number", "text"))).values()
            about = f"{exam}." if len(request.lines) > 1 else ""
            answers = {name.removeprefix(about): value for name, value in request.answers.items() if name.startswith(about)}
            answered = await view.answer(answers, about=about)
            if len(answered) != 1:
                raise AnswerMissing(self.slug, question=f"{about}{number} {text}")
            ((key, value),) = answered.items()
            said = self.map.pages["question"].fields[key].words.get(value, value)
            self._answers.append({"exam": exam, "question": number, "answer": said})
            seen = await view.press("next")
        await view.fill(notes=request.notes)
        if await view.press("next") == "referral":
            number = request.answers.get("referral_number", "")
            await view.fill(has_referral="yes" if number else "", referral_number=number)
            await view.press("next")
        if view.here == "not_met":
            await view.press("go_on")

    def expected_tables(self, request: AuthRequest) -> dict[str, list[dict[str, str]]]:
        return {"answers": self._answers}

    def expected(self, request: AuthRequest) -> dict[str, str]:
        names = ("member_id", "member_dob", "requesting_npi", "contact_name", "contact_phone", "contact_fax", "notes")
        return {
            **self.asked(request, *names),
            "plan": request.payer,
            "service_date": request.from_date.isoformat(),
            "routine": "no" if request.is_urgent else "yes",
            "urgent_reason": request.answers.get("urgent_reason", "") if request.is_urgent else "",
            "referral_number": request.answers.get("referral_number", ""),
            "site_npi": self._site,
        }
