"""CarePartners of Connecticut: what its steps mean.

Eligibility comes first; from the member's page the utilization tool opens for one kind of request. Of a member whose doctor is in
APN-CT the portal leads on to Optum Pro instead, which the selector file knows and `bots.errors.Redirected` tells. The account has
to be logged out: else it stays closed for 15 minutes. Sources: seeds 1 and 3; the plan's portal pages of 2025.
"""

from __future__ import annotations

from bots.model import AuthRequest
from bots.portals.utilization import UtilizationTool


class CarePartners(UtilizationTool):
    slug = "carepartners"

    async def open_tool(self) -> None:
        await self.view.goto("home")
        await self.view.press("open_tool")

    async def to_member(self, request: AuthRequest) -> None:
        view, member = self.view, request.member
        await view.goto("eligibility")
        await view.fill(
            member_id=member.id, member_dob=self.date_text(member.dob), service_date=self.date_text(request.from_date)
        )
        await view.press("search")
        await self.check_member(request)
        if await view.press(request.request_kind) == "leaving":
            await view.press("go_on")
