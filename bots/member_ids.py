"""Members' ids as cards show them and as portals write them. Pure."""

from __future__ import annotations

import re

from bots.model import AuthRequest, Coverage, Payer

_CARD = re.compile(r"[A-Z0-9]{3}(?:(\d{9})\d{2}|([A-Z0-9]{7,14}))", re.ASCII)
"""A Blue Cross card: three letters or digits before the id, for most commercial members two digits after it (BCBSMA-AM2)."""


def bare_id(request: AuthRequest) -> str:
    """The member's id without what only the card shows: Blue Cross's tools know it so. A federal employee's R belongs to it."""
    card = _CARD.fullmatch(request.member.id) if request.payer is Payer.BCBSMA else None
    if card is None or request.coverage in (Coverage.BCBSMA_FEP, Coverage.BLUECARD):
        return request.member.id
    return card[1] or card[2]
