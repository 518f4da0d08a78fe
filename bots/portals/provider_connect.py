"""ProviderConnect, behavioral health of HUSKY members: what its steps mean.

One provider has several service addresses; which one is meant, and every clinical answer, comes from the request or a person. An
evaluation is registered: the portal gives units and dates of its own, and those asked must be the same. Each step leaves a
clinical draft behind, so an unfinished one is thrown away. Sources: CHNCT's page (seed 0); guides of the CT BHP (2019 to 2021).
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from bots.ability import CASEWORK, Ability
from bots.errors import AnswerMissing, MemberNotFound, NotListed, ProviderNotFound, SeveralMatches
from bots.model import AuthRequest, CaseSummary, Units
from bots.portal import Portal

UNITS_BACK = timedelta(days=730)
"""How long ago an authorization may have ended whose units are read where no member is named."""


class ProviderConnect(Portal):
    slug = "provider_connect"
    does = CASEWORK | {Ability.UNITS}

    async def search_cases(self, request: AuthRequest) -> list[CaseSummary]:
        await self.view.goto("cases_of_member", member_id=request.member.id)
        return await self.summaries("cases")

    async def cases_since(self, since: date) -> list[CaseSummary]:
        """The list is asked by service dates; nothing is requested after its service, so what was entered since is among them."""
        await self.view.goto("cases_since", since=self.date_text(since))
        page, rows = self.view.here, [row async for rows in self.view.list_pages("cases") for row in rows]
        return [self.summary(row.cells, page) for row in rows if (self.date(row["entered"], page) or since) >= since]

    async def open_case(self, reference_no: str) -> None:
        await self.view.goto("case", reference_no=reference_no)

    async def discard(self, request: AuthRequest) -> None:
        await self.view.goto("drafts")
        ours = (self.our_reference(request), request.member.id)
        for _ in await self.view.table("drafts"):
            if left := [row for row in await self.view.table("drafts") if (row["our_reference"], row["member_id"]) == ours]:
                await self.view.choose("drafts", left[0], to=["delete_draft"])
                await self.view.press("delete")

    async def draft(self, request: AuthRequest) -> None:
        await self._member(request)
        await self._address(request)
        await self._header(request)
        await self.view.fill(**self.numbered("diagnosis", request.diagnosis_codes))
        if await self.view.press("next") == "clinical":
            self.answered |= await self.view.answer(request.answers)
            await self.view.press("next")
        await self._services(request)
        who = request.contact
        await self.view.fill(contact_name=who.name, contact_phone=who.phone, contact_fax=who.fax, notes=request.notes)
        await self.view.press("next")

    async def _member(self, request: AuthRequest) -> None:
        view, member = self.view, request.member
        await view.goto("member_search")
        await view.fill(member_id=member.id, member_dob=self.date_text(member.dob))
        seen = await view.press("search")
        if seen == "twins":
            if not member.first_name:
                raise SeveralMatches(self.slug, what="members")
            await view.fill(first_name=member.first_name)
            seen = await view.press("search")
        if seen != "member":
            raise MemberNotFound(self.slug)
        await self.check_member(request)
        await view.press("enter_request")
        await view.press("next")

    async def _address(self, request: AuthRequest) -> None:
        view, npi, named = self.view, self._npi(request), request.answers.get("service_address", "")
        await view.fill(npi=npi)
        await view.press("find")
        rows = [row for row in await view.table("addresses") if row["npi"] == npi and named in ("", row["location"])]
        if len(rows) > 1 or await view.offers("more"):
            raise AnswerMissing(self.slug, question="service_address")
        none = NotListed(self.slug, what="service_address") if named else ProviderNotFound(self.slug)
        row = self.only(rows, "service addresses", none)
        self._location = row["location"]
        await view.choose("addresses", row, to=["address"], navigates=False)
        await view.press("next")

    async def _header(self, request: AuthRequest) -> None:
        await self.view.fill(
            level_of_service=request.service_category,
            level_of_care=request.service_category,
            from_date=self.date_text(request.from_date),
            certification=request.certification,
            urgency=request.urgency,
            our_reference=self.our_reference(request),
        )
        self.answered = await self.view.answer(request.answers)
        if request.attachments:
            await self.view.attach("document", [Path(document.path) for document in request.attachments])
            await self.view.press("upload")
            await self.check_documents(request)
        await self.view.press("next")

    async def _services(self, request: AuthRequest) -> None:
        """A registration has no boxes for units and dates: what it gives is compared with what is asked on the review page."""
        typed = self.numbered("service_code", request.codes) | {"requesting_npi": request.requesting.npi}
        for n, line in enumerate(request.lines, 1):
            typed |= {f"from_{n}": self.date_text(line.from_date), f"to_{n}": self.date_text(line.to_date)}
            typed |= {f"units_{n}": str(line.units)} | self.numbered(f"modifier_{n}", line.modifiers)
        offered = self.map.pages[self.view.here].fields
        await self.view.fill(**{name: value for name, value in typed.items() if name in offered})
        await self.view.press("next")

    def _npi(self, request: AuthRequest) -> str:
        """Who renders the service: the servicing provider, or the requesting one where none is named."""
        return request.servicing.npi or request.requesting.npi

    def expected(self, request: AuthRequest) -> dict[str, str]:
        named = self.asked(
            request, "member_id", "member_dob", "from_date", "service_category", "certification", "urgency", "notes"
        )
        named |= self.asked(request, "our_reference", "requesting_npi", "contact_name", "contact_phone", "contact_fax")
        return {**named, "servicing_npi": self._npi(request), "service_address": self._location, **self.expected_answers()}

    async def units_of(self, member_ids: tuple[str, ...]) -> list[Units]:
        """Visits requested, approved and used stand on the page of each authorization."""
        found = []
        for number in await self._on_file(member_ids):
            await self.open_case(number)
            read = await self.view.read_all(self.map.pages["case"].reads)
            if read["authorization_no"]:
                found += [self.units(read | row.cells, "case") for row in await self.view.table("lines")]
        return [units for units in found if units.approved]

    async def _on_file(self, member_ids: tuple[str, ...]) -> list[str]:
        """Numbers on file for these members; of all members that the list has, when empty."""
        found = []
        for member_id in member_ids:
            await self.view.goto("cases_of_member", member_id=member_id)
            found += await self.summaries("cases")
        if not member_ids:
            await self.view.goto("cases_since", since=self.date_text(self.today() - UNITS_BACK))
            found += await self.summaries("cases")
        return [case.reference_no for case in found]
