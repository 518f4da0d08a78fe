"""Authorization Manager's outcomes (see `kit.Profile`)."""

from __future__ import annotations

from kit import Kit
from msgspec.structs import replace
from profiles.carepartners import ToolProfile

from bots.model import AuthRequest, Payer


class AuthorizationManager(ToolProfile):
    slug = "authorization_manager"
    payer = Payer.BCBSMA
    plain, twins_tag, inactive = "bc_plain", "bc_twin", "bc_inactive"

    def not_required(self, kit: Kit) -> AuthRequest:
        """For an evaluation, of which its requirement search says so."""
        asked = self.request(kit)
        return replace(asked, lines=(replace(asked.lines[0], service_code="97161", modifiers=()),))


PROFILE = AuthorizationManager()
