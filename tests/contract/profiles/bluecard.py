"""BlueCard's outcomes (see `kit.Profile`), at the home plan that has a form. Nobody signs in, and no list shows what was sent."""

from __future__ import annotations

from datetime import date
from typing import Any

from kit import Kit, Profile

from bots.model import AuthRequest, Coverage, Member, Payer, Provider, Status
from fixtures.clock import today


class BlueCard(Profile):
    slug = "bluecard"
    unclear = (*Profile.unclear, ("drop_confirmation", 1), ("session_lost", 0), ("system_error", 0))
    statuses = {
        "In Review": Status.PENDED_REVIEW,
        "Clinical Information Needed": Status.PENDED_CLINICAL,
        "Approved": Status.APPROVED,
        "Partially Approved": Status.PARTIALLY_APPROVED,
        "Not Approved": Status.DENIED,
        "Withdrawn": Status.WITHDRAWN,
    }

    def request(self, kit: Kit, number: int = 40, **changes: Any) -> AuthRequest:
        """Equipment for a member of the plan that has a form."""
        who = kit.members("bluecard_plain")
        values: dict[str, Any] = {
            "payer": Payer.BCBSMA,
            "coverage": Coverage.BLUECARD,
            "member": member(who[number % len(who)]),
            "facility": Provider(npi="1349355507"),
            "lines": (kit.line("E0601", today(), modifiers=("RR",)), kit.line("E0470", today(), 2)),
            "answers": {},
            "notes": "Synthetic; for a test only",
        }
        return kit.request(number, **{**values, **changes})

    def twin(self, kit: Kit) -> AuthRequest:
        return self.request(kit, member=member(kit.members("bluecard_twin")[0]))

    def not_eligible(self, kit: Kit) -> AuthRequest:
        return self.request(kit, member=member(kit.members("bluecard_NA")[0]))

    def rejected(self, kit: Kit) -> AuthRequest:
        """With a code that the plan does not know."""
        return self.request(kit, lines=(kit.line("E9999", today()),))

    def examples(self, kit: Kit) -> dict[str, str]:
        asked, on_file = super().examples(kit), [row["reference_no"] for row in kit.accepted()]
        return {**asked, "prefix": asked["member_id"][:3], "reference_no": on_file[-1] if on_file else ""}


def member(row: dict[str, Any]) -> Member:
    return Member(id=row["id"], dob=date.fromisoformat(row["dob"]), last_name=row["last_name"], first_name=row["first_name"])


PROFILE = BlueCard()
