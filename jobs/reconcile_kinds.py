"""The kinds of disagreement between the ledger and the payers: name, severity, next action, owner. One row is one kind."""

from __future__ import annotations

from enum import StrEnum

from bots.model import Frozen


class Severity(StrEnum):
    INFO = "info"
    """Nobody need act; it stands there to be seen."""
    WARNING = "warning"
    ERROR = "error"


class Owner(StrEnum):
    """Who in a practice must act."""

    FRONT_DESK = "front desk"
    CLINICIAN = "clinician"
    IT = "IT person"
    NOBODY = "nobody"


class Kind(Frozen):
    name: str
    severity: Severity
    next_action: str
    owner: Owner


_DESK, _CLINICIAN, _IT = Owner.FRONT_DESK, Owner.CLINICIAN, Owner.IT
_ERROR, _WARNING, _INFO = Severity.ERROR, Severity.WARNING, Severity.INFO

_TABLE: tuple[tuple[str, Severity, Owner, str], ...] = (
    # What is as it should be; counted, never in exceptions.csv.
    ("matched", _INFO, Owner.NOBODY, "Nothing: ledger and portal say the same."),
    ("changed", _INFO, Owner.NOBODY, "Nothing: the ledger takes it over with the next priorbot status."),
    # Which case is whose.
    (
        "missing_on_portal",
        _ERROR,
        _DESK,
        "Look the case up by hand on the portal, and call the payer with the reference number if it is not there.",
    ),
    (
        "unknown_on_portal",
        _WARNING,
        _DESK,
        "Find out who keyed this case by hand. If it is ours: priorbot reconcile adopt. Do not submit the same service again.",
    ),
    ("number_differs", _ERROR, _DESK, "Compare the two numbers on the portal, and use the portal's number for the claim."),
    ("number_twice", _ERROR, _DESK, "Two requests stand for one case: decide by hand which one it is."),
    ("on_two_channels", _ERROR, _DESK, "The same service went two ways: call the payer and have one of the two cancelled."),
    ("duplicate", _ERROR, _DESK, "The payer has the same service twice: have one of the two cases cancelled."),
    ("member_differs", _ERROR, _DESK, "Do not use this number: look on the portal whose case it is, and call the payer."),
    ("ambiguous", _WARNING, _DESK, "Compare these lines with the portal by hand: they cannot be told apart."),
    # What was decided.
    ("approved_less", _WARNING, _CLINICIAN, "Plan with the approved units, or ask the clinician whether to ask for the rest."),
    ("dates_shifted", _WARNING, _DESK, "Move the visits into the portal's dates, or ask the payer to correct the dates."),
    ("expired", _WARNING, _CLINICIAN, "Ask for a renewal if the service goes on: priorbot units --propose FILE."),
    ("status_against_lines", _WARNING, _DESK, "Go by the service lines, and ask the payer what the case's own word means."),
    ("status_unknown", _WARNING, _IT, "Read the portal's word by hand, and have it added to the portal's words."),
    (
        "denied_without_reason",
        _WARNING,
        _CLINICIAN,
        "Ask the payer for the reason: a denial must name it. Then decide on an appeal.",
    ),
    ("decided_late", _INFO, _DESK, "Keep it for the payer's service report: the decision came after its deadline."),
    ("decision_overdue", _WARNING, _DESK, "Call the payer: the deadline for its decision has passed."),
    ("letter_differs", _ERROR, _DESK, "Read the letter beside the portal's page, and ask the payer which of them holds."),
    ("letter_unmatched", _WARNING, _DESK, "Find by hand which request the letter belongs to."),
    # Units.
    ("units_impossible", _ERROR, _DESK, "Look at the units on the portal by hand; the last good value is kept."),
    (
        "units_falling",
        _WARNING,
        _DESK,
        "Find out which claim was taken back; plan with the portal's figure once that is known.",
    ),
    ("units_differ", _WARNING, _DESK, "Ask the payer which is right: the case and the units page name different approved units."),
    ("unit_kind_differs", _WARNING, _DESK, "Do not subtract: the units page counts in another kind of unit than was asked for."),
    # Whether what was read can be believed.
    (
        "stale_reading",
        _WARNING,
        _IT,
        "Read it again: priorbot status, and priorbot units. If it stays so, look at the portal by hand.",
    ),
    ("reading_from_future", _ERROR, _IT, "Check this computer's clock and the portal's page; the last good reading is kept."),
    ("list_not_read", _WARNING, _IT, "Run: priorbot portal check. Until the list is read, nothing can be seen to be missing."),
    ("list_empty", _ERROR, _IT, "Look at the list on the portal by hand; the empty one was not believed."),
    ("list_cut_off", _ERROR, _IT, "Look at the list on the portal by hand; it was not believed as a whole."),
    ("clock_set_back", _ERROR, _IT, "Put this computer's clock right; until then the journal's own last moment counts as now."),
)
KINDS: dict[str, Kind] = {
    name: Kind(name=name, severity=severity, owner=owner, next_action=action) for name, severity, owner, action in _TABLE
}
AGREEING = frozenset({"matched", "changed"})
"""Kinds that are no exception."""
