"""Authorization Manager's outcomes (see `kit.Profile`)."""

from __future__ import annotations

from profiles.carepartners import ToolProfile

from bots.model import Payer


class AuthorizationManager(ToolProfile):
    slug = "authorization_manager"
    payer = Payer.BCBSMA
    plain, twins_tag, inactive = "bc_plain", "bc_twin", "bc_inactive"


PROFILE = AuthorizationManager()
