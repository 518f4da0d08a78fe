"""Authorization Manager of Blue Cross Blue Shield of Massachusetts, through Provider Central: what its steps mean.

The tool opens by the button of its page under eTools, which is missing where access was not granted. It knows members' ids
without prefix and suffix, those of the Federal Employee Program with their R; of a multiple birth the first name tells who is
meant. Its requirement search by code may end a request as not required: the page that says so is kept. A notification that is
revised is the follow-up of an admission: its discharge comes onto the case. Sources: seed 2; the plan's own pages.
"""

from __future__ import annotations

from bots.ability import CASEWORK, Ability
from bots.compare import parse_date
from bots.errors import NoBaseCase, NotOneRequest, NotRequiredHere, SeveralMatches
from bots.limits import Limits
from bots.member_ids import bare_id
from bots.model import AuthRequest, CaseSummary, Certification, RequestKind
from bots.portals.utilization import UtilizationTool


class AuthorizationManager(UtilizationTool):
    slug = "authorization_manager"
    limits = Limits(codes=12, certifications=(Certification.INITIAL, Certification.RENEWAL, Certification.REVISED))
    does = CASEWORK | {Ability.REQUIREMENT}
    review_pages = ("review", "review_discharge")

    def id_on_pages(self, request: AuthRequest) -> str:
        return bare_id(request)

    async def open_tool(self) -> None:
        await self.view.goto("etool")
        await self.view.press("open_tool")

    async def to_member(self, request: AuthRequest) -> None:
        view, member = self.view, request.member
        await self.open_tool()
        await view.press(request.request_kind)
        known = {"member_id": self.id_on_pages(request), "member_dob": self.date_text(member.dob)}
        await view.fill(**known)
        if await view.press("find_member") == "multiple_birth":
            if not member.first_name:
                raise SeveralMatches(self.slug, what="members")
            await view.fill(**known, first_name=member.first_name)
            await view.press("find_again")

    async def to_requirement(self, request: AuthRequest) -> None:
        await self.to_member(request)
        await self.check_member(request)
        await self.view.press("next")
        await self.check_requirement(request)

    async def check_requirement(self, request: AuthRequest) -> None:
        """Every code; where only some need an authorization, the others have to be left out by a person."""
        view, codes = self.view, list(dict.fromkeys(request.codes))
        if view.here != "requirement":  # only asked of prior authorizations
            return
        await view.fill(codes=" ".join(codes))
        await view.press("look_up")
        said = self.map.pages["requirements"].tables["requirements"].words["requirement"]
        found = {row["service_code"]: row["requirement"] for row in await view.table("requirements")}
        if set(found) != set(codes) or not set(found.values()) <= set(said.values()):
            raise self.view.differs(["requirement"])
        if set(found.values()) == {said["no"]}:
            raise NotRequiredHere(self.slug)
        if said["no"] in found.values():
            raise NotOneRequest(self.slug, limit="codes that need an authorization")
        await view.press("next")

    # --- the follow-up of an admission ------------------------------------------------------------------------------

    @staticmethod
    def is_discharge(request: AuthRequest) -> bool:
        revised = request.certification is Certification.REVISED
        return revised and request.request_kind is RequestKind.INPATIENT_NOTIFICATION

    async def search_cases(self, request: AuthRequest) -> list[CaseSummary]:
        """For a discharge: the admissions that have one already."""
        cases = await super().search_cases(request)
        return cases if not self.is_discharge(request) else [case for case in cases if await self._is_discharged(case, request)]

    async def _is_discharged(self, case: CaseSummary, request: AuthRequest) -> bool:
        if not set(case.service_codes) & set(request.codes):
            return False
        await self.open_case(case.reference_no)
        return await self.view.sees("discharged")

    async def draft(self, request: AuthRequest) -> None:
        if not self.is_discharge(request):
            await super().draft(request)
            return
        view, self.answered = self.view, {}
        admissions = await super().search_cases(request)
        admissions = [case for case in admissions if set(case.service_codes) & set(request.codes)]
        if len(admissions) > 1:
            raise SeveralMatches(self.slug, what="admissions")
        if not admissions:
            raise NoBaseCase(self.slug)
        self.base = admissions[0].reference_no
        await self.open_case(self.base)
        await view.press("add_discharge")
        told = self._told(request)
        day = parse_date(told["discharge_date"], "%Y-%m-%d")
        await view.fill(
            discharge_date=self.date_text(day) if day else self.needed("discharge_date", ""),
            disposition=told["disposition"],
            diagnosis="".join(request.diagnosis_codes[:1]),
            our_reference=self.our_reference(request),
        )
        await view.press("next")

    def _told(self, request: AuthRequest) -> dict[str, str]:
        """The day (ISO) and what became of the patient, which only the request may say."""
        return {name: self.needed(name, request.answers.get(name, "")) for name in ("discharge_date", "disposition")}

    def expected(self, request: AuthRequest) -> dict[str, str]:
        if not self.is_discharge(request):
            return super().expected(request)
        asked = self.asked(request, "member_dob", "our_reference")
        return {**asked, "member_id": self.id_on_pages(request), "base": self.base, **self._told(request)}

    def expected_lines(self, request: AuthRequest) -> list[dict[str, str]]:
        return [] if self.is_discharge(request) else super().expected_lines(request)
