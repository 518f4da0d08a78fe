"""Who allowed a bot on a live portal, and until when. Without it only addresses of this machine are opened.

Source: design, section 1, no. 6; portal licences forbid use by others and overuse (seed 4), some payers register bots yearly.
"""

from __future__ import annotations

import ipaddress
import re
from datetime import date, timedelta
from typing import Annotated
from urllib.parse import urlsplit

from msgspec import Meta

from bots.errors import NotPermitted
from bots.model import Frozen

LONGEST = timedelta(days=365)


class Permission(Frozen):
    """The ``[portals.SLUG.permission]`` entry: one person's word, written down."""

    granted_by: Annotated[str, Meta(description="Who at the payer or portal allowed the bot: name, role, organisation.")]
    reference: Annotated[
        str, Meta(description="Where that is written: contract, registration number or letter, so that another person finds it.")
    ]
    valid_until: Annotated[date, Meta(description="Last day on which it holds. At most 365 days after granted_on.")]
    granted_on: Annotated[
        date | None, Meta(description="Day on which it was given. Left out, the 365 days count from the day of use.")
    ] = None

    def days_left(self, today: date) -> int:
        """Days on which it still holds after today; 0 on its last day, negative once it has ended."""
        return (self.valid_until - today).days

    def why_not(self, today: date) -> str:
        """Why this entry does not hold today, in a few words; "" when it does."""
        if not self.granted_by.strip() or not self.reference.strip():
            return "the entry does not say who granted it and where that is written"
        if self.granted_on is not None and self.granted_on > today:
            return f"it begins on {self.granted_on.isoformat()}"
        if self.valid_until < today:
            return f"it ended on {self.valid_until.isoformat()}"
        if self.valid_until - (self.granted_on or today) > LONGEST:
            return f"it runs for more than {LONGEST.days} days; ask for it again each year"
        return ""


def require_permission(slug: str, base_url: str, permission: Permission | None, today: date) -> None:
    """Returns when the portal may be opened: on this machine always, elsewhere with a permission in force and over https.

    ``today`` is the practice's own calendar day. Raises `NotPermitted` before anything was opened.
    """
    if is_loopback(base_url):
        return
    if permission is None:
        raise NotPermitted(slug, why="no entry")
    if why := permission.why_not(today):
        raise NotPermitted(slug, why=why)
    if not base_url.lower().startswith("https://"):
        raise NotPermitted(slug, why="its address does not begin with https://")


def is_loopback(url: str) -> bool:
    """Whether ``url`` certainly stays on this machine: 127.0.0.0/8, ::1, localhost or a name below localhost.

    Browsers and Python read odd addresses differently (a backslash, a user name before the host, spaces), so an address with
    any such thing is not loopback, whatever it seems to say.
    """
    if not re.fullmatch(r"https?://[A-Za-z0-9.\-\[\]:]+(?:[/?#][!-\[\]-~]*)?", url, re.IGNORECASE | re.ASCII):
        return False
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
        if parts.port == 0:
            return False
    except ValueError:
        return False
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
