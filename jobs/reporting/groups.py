"""What stands for what to a reader: statuses in groups, payers by name."""

from __future__ import annotations

from bots.model import Frozen, Payer, Status
from jobs.state import AWAITED, GRANTED, TAKEN_BACK


class Group(Frozen):
    """Statuses that mean the same to a reader; ``key`` is their colour's name in the page."""

    key: str
    label: str
    statuses: frozenset[Status]


GROUPS = (
    Group(
        key="person",
        label="Held up",
        statuses=frozenset(
            {
                Status.NEEDS_PERSON,
                Status.UNCERTAIN,
                Status.PENDED_CLINICAL,
                Status.CONTACT_PAYER,
                Status.UNKNOWN,
                Status.NOT_ELIGIBLE,
            }
        ),
    ),
    Group(key="ours", label="In our hands", statuses=frozenset({Status.NEW, Status.WAITING})),
    Group(key="payer", label="With the payer", statuses=AWAITED - {Status.CONTACT_PAYER, Status.UNKNOWN, Status.PENDED_CLINICAL}),
    Group(key="granted", label="Approved", statuses=GRANTED),
    Group(key="refused", label="Denied or rejected", statuses=frozenset({Status.DENIED, Status.REJECTED})),
    Group(key="ended", label="Ended without", statuses=TAKEN_BACK | {Status.NOT_REQUIRED, Status.EXPIRED}),
)
"""Every status stands in exactly one group (a test holds it)."""
GROUP_OF = {status: group for group in GROUPS for status in group.statuses}
PAYER_NAMES = {
    Payer.HUSKY: "HUSKY Health",
    Payer.CAREPARTNERS: "CarePartners of Connecticut",
    Payer.BCBSMA: "Blue Cross Blue Shield of MA",
}


def payer_name(slug: str) -> str:
    return PAYER_NAMES[Payer(slug)] if slug in PAYER_NAMES else slug
