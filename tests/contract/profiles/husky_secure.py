"""The HUSKY secure portal's outcomes (see `kit.Profile`): it shows units and takes no requests."""

from __future__ import annotations

from typing import Any

from kit import Kit, Profile

from bots.model import AuthRequest


class HuskySecure(Profile):
    slug = "husky_secure"

    def request(self, kit: Kit, number: int = 40, **changes: Any) -> AuthRequest:
        """One that another portal would take."""
        return kit.request(number, **changes)


PROFILE = HuskySecure()
