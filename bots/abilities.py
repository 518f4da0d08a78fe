"""What a portal can be asked at all."""

from __future__ import annotations

from enum import StrEnum


class Ability(StrEnum):
    """What a portal can be asked. `bots.driver.PortalDriver` has a method for each."""

    SUBMIT = "submit"
    FIND = "find"
    LIST = "list"
    READ = "read"
    UNITS = "units"
    REQUIREMENT = "requirement"
    """It says whether an authorization is required, before one is asked for."""
    ELIGIBILITY = "eligibility"
    """It says whether a member is covered, and how much of a service's limit is left."""


CASEWORK = frozenset({Ability.SUBMIT, Ability.FIND, Ability.LIST, Ability.READ})
"""What most portals do."""
WITHOUT_HISTORY = frozenset({Ability.SUBMIT, Ability.READ})
"""What a portal does that shows a case only to those who know its number: nothing uncertain can be looked up there."""
