"""The kinds of disagreement between the ledger and the portals: name, severity, next action, owner. One row is one kind."""

from __future__ import annotations

from enum import StrEnum

from bots.model import Frozen


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Owner(StrEnum):
    """Who in a practice must act."""

    FRONT_DESK = "front desk"
    CLINICIAN = "clinician"
    IT = "IT person"


class Kind(Frozen):
    name: str
    severity: Severity
    next_action: str
    owner: Owner


_KINDS = (
    Kind(
        name="missing_on_portal",
        severity=Severity.ERROR,
        next_action="Look the case up by hand on the portal, and call the payer with the reference number if it is not there.",
        owner=Owner.FRONT_DESK,
    ),
    Kind(
        name="unknown_on_portal",
        severity=Severity.WARNING,
        next_action="Find out who keyed this case by hand; until then do not submit the same service again.",
        owner=Owner.FRONT_DESK,
    ),
    Kind(
        name="number_differs",
        severity=Severity.ERROR,
        next_action="Compare the two numbers on the portal, and use the portal's number for the claim.",
        owner=Owner.FRONT_DESK,
    ),
    Kind(
        name="number_twice",
        severity=Severity.ERROR,
        next_action="Two requests stand for one case: decide by hand which one it is.",
        owner=Owner.FRONT_DESK,
    ),
    Kind(
        name="approved_less",
        severity=Severity.WARNING,
        next_action="Plan with the approved units, or ask the clinician whether to ask for the rest.",
        owner=Owner.CLINICIAN,
    ),
    Kind(
        name="units_impossible",
        severity=Severity.ERROR,
        next_action="Look at the units on the portal by hand; the last good value is kept.",
        owner=Owner.FRONT_DESK,
    ),
    Kind(
        name="denied_without_reason",
        severity=Severity.WARNING,
        next_action="Ask the payer for the reason: a denial must name it. Then decide on an appeal.",
        owner=Owner.CLINICIAN,
    ),
    Kind(
        name="status_unknown",
        severity=Severity.WARNING,
        next_action="Read the portal's word by hand, and have it added to the portal's words.",
        owner=Owner.IT,
    ),
    Kind(
        name="stale_reading",
        severity=Severity.WARNING,
        next_action="Read it again: priorbot status, and priorbot units. If it stays so, look at the portal by hand.",
        owner=Owner.IT,
    ),
)
KINDS: dict[str, Kind] = {kind.name: kind for kind in _KINDS}
