"""PromptPA, CarePartners' Part D drugs: what its steps mean.

There is no account and no history: the number on the confirmation is shown once, and a request's status only to those who know
that number, the member's id and the birth date. The decision is faxed to the prescriber. Sources: the payer's prior
authorization page (seed 1); public guides of drug request portals.
"""

from __future__ import annotations

from pathlib import Path

from bots.ability import WITHOUT_HISTORY, Ability
from bots.errors import NotListed, ProviderNotFound
from bots.interview import interview
from bots.limits import Limits
from bots.model import AuthRequest, Certification, Drug, Member, RequestKind
from bots.portal import Portal


class PromptPa(Portal):
    slug = "promptpa"
    does = WITHOUT_HISTORY | {Ability.REQUIREMENT}
    limits = Limits(
        codes=1, attested=True, certifications=(Certification.INITIAL, Certification.RENEWAL), kinds=(RequestKind.PRIOR_AUTH,)
    )

    async def open_case_of(self, reference_no: str, member: Member | None) -> None:
        if member is None:
            await self.open_case(reference_no)  # which says that there is no way
            return
        await self.view.goto("status")
        await self.view.fill(reference_no=reference_no, member_id=member.id, member_dob=self.date_text(member.dob))
        await self.view.press("view")

    async def to_requirement(self, request: AuthRequest) -> None:
        """The page after the drug comes only where one is required."""
        view, member = self.view, request.member
        await view.goto("landing")
        await view.fill(submitter="prescriber", terms="yes")
        await view.press("start")
        first = self.needed("member_first_name", member.first_name)
        last = self.needed("member_last_name", member.last_name)
        await view.fill(member_id=member.id, first_name=first, last_name=last, member_dob=self.date_text(member.dob))
        await view.press("next")
        await self._drug(request)

    async def draft(self, request: AuthRequest) -> None:
        view = self.view
        await self.to_requirement(request)
        await self._prescriber(request)
        statement = {"statement": "yes"} if request.is_urgent else {}
        await view.fill(urgency=request.urgency, certification=request.certification, reason=self._reason(request), **statement)
        await view.press("next")
        for count, code in enumerate(request.diagnosis_codes, 1):
            await view.fill(diagnosis=code)
            await view.add_row("add_diagnosis", "diagnoses", count)
        await view.press("next")
        self.said = await interview(view, request)
        if request.attachments:
            await view.attach("document", [Path(document.path) for document in request.attachments])
            await view.press("upload")
            await self.check_documents(request)
        await view.fill(notes=request.notes)
        await view.press("next")
        await view.fill(attested="yes", signature=request.attested_by)

    async def _drug(self, request: AuthRequest) -> None:
        view, drug = self.view, self._asked_drug(request)
        await view.fill(drug=drug.name)
        await view.fill(
            strength=self.needed("drug_strength", drug.strength),
            quantity=drug.quantity,
            days_supply=drug.days_supply,
            from_date=self.date_text(request.from_date),
            directions=request.answers.get("drug_directions", ""),
        )
        self.answered = await view.answer(request.answers)
        await view.press("next")

    async def _prescriber(self, request: AuthRequest) -> None:
        view, who = self.view, request.requesting
        await view.fill(npi=who.npi)
        await view.press("find")
        rows = [row for row in await view.table("prescribers") if row["npi"] == who.npi]
        rows = [row for row in rows if row["name"].casefold().startswith(who.name.casefold())]
        await view.choose("prescribers", self.only(rows, "prescribers", ProviderNotFound(self.slug)), to=["prescriber"])
        await view.fill(
            contact_phone=self.needed("contact_phone", request.contact.phone),
            contact_fax=self.needed("contact_fax", request.contact.fax),
            contact_name=self.needed("contact_name", request.contact.name),
        )
        await view.press("next")

    def _asked_drug(self, request: AuthRequest) -> Drug:
        if request.drug is None:
            raise NotListed(self.slug, what="service_category")
        return request.drug

    @staticmethod
    def _reason(request: AuthRequest) -> str:
        """Which kind of exception is asked for, where the request says so; else it is what it is, a prior authorization."""
        return request.answers.get("drug_reason", request.request_kind)

    def expected_lines(self, request: AuthRequest) -> list[dict[str, str]]:
        drug = self._asked_drug(request)
        form = self.answered.get("q_drug_form", "")
        asked = {"drug": drug.name, "strength": drug.strength, "drug_form": form, "days_supply": drug.days_supply}
        return [{**asked, "units": drug.quantity}]

    def expected(self, request: AuthRequest) -> dict[str, str]:
        same = ("member_id", "member_dob", "requesting_npi", "contact_name", "contact_phone", "contact_fax", "urgency")
        told = {"reason": self._reason(request), "directions": request.answers.get("drug_directions", "")}
        return {**self.asked(request, *same, "certification", "from_date", "notes"), **told}
