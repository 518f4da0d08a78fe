"""Pre-service review of BlueCard members: what its steps mean.

The first three characters of the member's id lead to the home plan's landing page. What can be done there differs from plan to
plan: a form, or only a telephone number, which makes it a person's. There is no account and no history. Sources: the payer's page
on prior authorization (seed 2); public guides of Blue plans (BCBSNE-EPA, BCBSM-EPA).
"""

from __future__ import annotations

from pathlib import Path

from bots.ability import WITHOUT_HISTORY
from bots.errors import PortalSaysPhone
from bots.limits import Limits
from bots.model import AuthRequest, Certification, Member, RequestKind
from bots.portal import Portal

PREFIX_LENGTH = 3


class BlueCard(Portal):
    slug = "bluecard"
    does = WITHOUT_HISTORY
    limits = Limits(certifications=(Certification.INITIAL,), kinds=(RequestKind.PRIOR_AUTH,))

    async def open_case_of(self, reference_no: str, member: Member | None) -> None:
        if member is None:
            await self.open_case(reference_no)  # which says that there is no way
            return
        await self.view.goto("status")
        await self.view.fill(reference_no=reference_no, member_id=member.id, member_dob=self.date_text(member.dob))
        await self.view.press("show")

    async def draft(self, request: AuthRequest) -> None:
        view, born = self.view, self.date_text(request.member.dob)
        await view.goto("router")
        await view.fill(requesting_npi=request.requesting.npi, prefix=request.member.id[:PREFIX_LENGTH])
        if await view.press("route") == "phone_only":
            raise PortalSaysPhone(self.slug, number=await view.read("phone"))
        await view.press("enter")
        same = ("member_id", "urgency", "servicing_npi", "facility_npi", "contact_name", "contact_phone", "contact_fax")
        await view.fill(**self.asked(request, *same, "our_reference", "notes"), member_dob=born)
        await view.fill(**self.numbered("diagnosis", request.diagnosis_codes), **self._lines(request))
        await view.press("next")
        if request.attachments:
            await view.attach("document", [Path(document.path) for document in request.attachments])
            await view.press("add")
            await self.check_documents(request)
        await view.press("next")

    def _lines(self, request: AuthRequest) -> dict[str, str]:
        """One row of the form for each line; more than it has is `NotListed`."""
        lines = request.lines
        return {
            **self.numbered("service_code", [line.service_code for line in lines]),
            **self.numbered("modifiers", [" ".join(line.modifiers) for line in lines]),
            **self.numbered("units", [str(line.units) for line in lines]),
            **self.numbered("from", [self.date_text(line.from_date) for line in lines]),
            **self.numbered("to", [self.date_text(line.to_date) for line in lines]),
        }

    def expected(self, request: AuthRequest) -> dict[str, str]:
        same = ("member_id", "member_dob", "requesting_npi", "urgency", "servicing_npi", "facility_npi")
        return self.asked(request, *same, "contact_name", "contact_phone", "contact_fax", "our_reference", "notes")
