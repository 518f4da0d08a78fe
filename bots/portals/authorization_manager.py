"""Authorization Manager of Blue Cross Blue Shield of Massachusetts, through Provider Central: what its steps mean.

The tool opens by the button of its page under eTools, which is missing where access was not granted. It knows members' ids
without prefix and suffix, those of the Federal Employee Program with their R; of a multiple birth the first name tells who is
meant. Its requirement search by code may end a request as not required: the page that says so is kept. Sources: seed 2; the
plan's own pages.
"""

from __future__ import annotations

import re

from bots.errors import NotOneRequest, NotRequiredHere, ReadBackDiffers, SeveralMatches
from bots.model import AuthRequest, Coverage
from bots.portals.utilization import UtilizationTool

CARD_ID = re.compile(r"[A-Z0-9]{3}(\d{9})(?:\d{2})?", re.ASCII)
"""As a card shows it: prefix, id, suffix."""


class AuthorizationManager(UtilizationTool):
    slug = "authorization_manager"

    def id_on_pages(self, request: AuthRequest) -> str:
        """Without prefix and suffix; the R of a federal employee's belongs to the id."""
        card = CARD_ID.fullmatch(request.member.id)
        return card[1] if card and request.coverage is not Coverage.BCBSMA_FEP else request.member.id

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

    async def check_requirement(self, request: AuthRequest) -> None:
        """Every code; where only some need an authorization, the others have to be left out by a person."""
        view, codes = self.view, list(dict.fromkeys(request.codes))
        await view.fill(codes=" ".join(codes))
        await view.press("look_up")
        said = self.map.pages["requirements"].tables["requirements"].words["requirement"]
        found = {row["service_code"]: row["requirement"] for row in await view.table("requirements")}
        if set(found) != set(codes) or not set(found.values()) <= set(said.values()):
            raise ReadBackDiffers(self.slug, fields="requirement")
        if set(found.values()) == {said["no"]}:
            await self.keep("not_required", request)
            raise NotRequiredHere(self.slug)
        if said["no"] in found.values():
            raise NotOneRequest(self.slug, limit="codes that need an authorization")
        await view.press("next")
