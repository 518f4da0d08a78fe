"""What a portal says of a member's coverage, and of the limits of a service."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from bots.model import Frozen


class BenefitLimit(Frozen):
    """How much of a service a member's plan pays for in a time, as the portal shows it; ``as_of`` is the payer's date."""

    in_network: bool
    period: str = ""
    unit: str = ""
    """Period and unit in the portal's own words."""
    limit: Decimal
    used: Decimal
    remaining: Decimal
    as_of: date


class Eligibility(Frozen):
    """A member's coverage on a day, and the limits of a service, as a portal itself said it, with the pages that said so.

    ``service_date``: the day that was asked about. ``to_date`` None: no end is shown. ``copay`` (in network),
    ``authorization_raw`` and all that ends in ``_raw`` are the portal's own words; `Requirement` says what holds for a code.
    """

    portal: str
    service_date: date
    service_type: str
    is_active: bool
    status_raw: str
    plan: str = ""
    from_date: date | None = None
    to_date: date | None = None
    copay: str = ""
    authorization_raw: str = ""
    limits: tuple[BenefitLimit, ...] = ()
    evidence: tuple[str, ...]
    """Names of the encrypted pages in the home's ``receipts/``."""
    observed_at: datetime
