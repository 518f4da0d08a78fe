"""What a portal takes in one request: checked before anything is typed."""

from __future__ import annotations

from bots.errors import AttestationMissing, NotListed, NotOneRequest
from bots.model import AuthRequest, Certification, Frozen, RequestKind


class Limits(Frozen):
    """``codes``: how many service lines, each with a code of its own (0: as many as one likes, anyhow). ``one_day``: all lines
    begin on one day. ``attested``: somebody must attest. ``certifications``, ``kinds``: those that it has; none named: all."""

    codes: int = 0
    one_day: bool = False
    attested: bool = False
    certifications: tuple[Certification, ...] = ()
    kinds: tuple[RequestKind, ...] = ()

    def check(self, portal: str, request: AuthRequest) -> None:
        """Raises `AttestationMissing`, `NotListed` or `NotOneRequest`."""
        if self.attested and not request.attested_by:
            raise AttestationMissing(portal)
        if self.certifications and request.certification not in self.certifications:
            raise NotListed(portal, what="certification")
        if self.kinds and request.request_kind not in self.kinds:
            raise NotListed(portal, what="request_kind")
        if self.codes and len(request.lines) > self.codes:
            raise NotOneRequest(portal, limit=f"{self.codes} procedure code{'s' * (self.codes > 1)}")
        if self.codes and len(set(request.codes)) < len(request.lines):
            raise NotOneRequest(portal, limit="one line for each procedure code")
        if self.one_day and len({line.from_date for line in request.lines}) > 1:
            raise NotOneRequest(portal, limit="one date of service")
