"""What a file of payer rules may say: the strict shape of ``jobs/rules/<payer>.yaml``.

Three kinds of things stand there as data: the directory (each fax and phone number typed once), the rules (what a request is
like -> where it goes), and the clocks. Values are lists of the words of ``bots.model``; a key or word that is not known here
is an error when the file is loaded. What the conditions mean is in ``jobs.conditions``, who reads which section in
``RuleFile``.
"""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum
from typing import Annotated, Generic, Literal, TypeAlias, TypeVar

from msgspec import UNSET, Meta, UnsetType

from bots.model import (
    Certification,
    Coverage,
    Frozen,
    Known,
    MedicareParts,
    Payer,
    PcpNetwork,
    RequestKind,
    ServiceCategory,
    Status,
    Urgency,
)
from bots.passwords import PasswordPolicy
from jobs.state import Decision

T = TypeVar("T")

Text: TypeAlias = Annotated[str, Meta(min_length=1)]
RuleId: TypeAlias = Annotated[str, Meta(pattern=r"^[HCB][A-Z]?[0-9]+$")]
Some: TypeAlias = Annotated[tuple[T, ...], Meta(min_length=1)]
"""A list with at least one entry: an emptied list must not turn into 'any'."""


# --- Conditions ----------------------------------------------------------------------------------------------------


class AgeRange(Frozen):
    """Completed years of age; a birth date after the day in question is in no range."""

    at_least: int | UnsetType = UNSET
    under: int | UnsetType = UNSET


class DateRange(Frozen):
    on_or_after: date | UnsetType = UNSET
    before: date | UnsetType = UNSET


class AskedFor(StrEnum):
    """What a payer's request for more clinical documents is about."""

    CONCURRENT_REVIEW = "concurrent_review"
    OTHER = "other"


class Condition(Frozen):
    """Holds when every key that is written holds; a list holds when the request has one of its words. ``{}`` always holds."""

    coverage: Some[Coverage] | UnsetType = UNSET
    request_kind: Some[RequestKind] | UnsetType = UNSET
    certification: Some[Certification] | UnsetType = UNSET
    service_category: Some[ServiceCategory] | UnsetType = UNSET
    urgency: Some[Urgency] | UnsetType = UNSET
    medicare_parts: Some[MedicareParts] | UnsetType = UNSET
    medicare_covers_service: Some[Known] | UnsetType = UNSET
    pcp_network: Some[PcpNetwork] | UnsetType = UNSET
    servicing_in_network: Some[Known] | UnsetType = UNSET

    age_on_from_date: AgeRange | UnsetType = UNSET
    """The member's age on the first day of service."""
    from_date: DateRange | UnsetType = UNSET
    attached_form: Some[Text] | UnsetType = UNSET
    """A document of one of these kinds (file's ``forms``) is attached."""
    clock_missed: Some[Text] | UnsetType = UNSET
    """The last day of one of these practice clocks (file's ``clocks``) lies before today."""

    portal: Some[Text] | UnsetType = UNSET
    """The request is routed to one of these portals (a slug, or a name of ``portal_choices``)."""
    decided_by: Some[RuleId] | UnsetType = UNSET
    """The rule that chose the portal."""
    error: Some[Text] | UnsetType = UNSET
    """The portal's answer, as a code of ``bots.errors``."""
    asked_for: Some[AskedFor] | UnsetType = UNSET

    any_of: Some[Condition] | UnsetType = UNSET
    none_of: Some[Condition] | UnsetType = UNSET


# --- Decisions -----------------------------------------------------------------------------------------------------


class Wait(StrEnum):
    """How long a request is kept for its portal before the other way is taken."""

    AT_ONCE = "at_once"
    STANDARD = "standard"
    """``standard_wait_hours`` of the payer, whatever the urgency."""
    STANDARD_UNLESS_URGENT = "standard_unless_urgent"
    """Urgent and emergent requests at once, standard ones after ``standard_wait_hours``."""


class Down(Frozen):
    """The other way while the portal is down: a directory name, and when. What a rule leaves open, an outage rule fills in."""

    fax: Text | UnsetType = UNSET
    phone: Text | UnsetType = UNSET
    wait: Wait | UnsetType = UNSET


class Outcome(Frozen):
    """Where a request goes. Either ``decision`` or ``go_on`` (this rule is noted and the next ones are asked)."""

    decision: Decision | UnsetType = UNSET
    go_on: Text | UnsetType = UNSET
    portal: Text | UnsetType = UNSET
    number: Text | UnsetType = UNSET
    """Directory name, for fax and phone."""
    reason: Text | UnsetType = UNSET
    """For staff; without it the rule's text is the reason."""
    down: Down | UnsetType = UNSET
    may_redirect_to: Some[Text] | UnsetType = UNSET
    """Portals on which the flow may go on by itself; recorded, still one request."""


class Clinical(Frozen):
    """Where additional clinical documents go that the payer asked for."""

    fax: Text


class FormChoice(Frozen):
    """On which form a request is faxed: the name of a layout in ``bots/fax/forms``."""

    form: Text


# --- Rules ---------------------------------------------------------------------------------------------------------


class UnitsPage(Frozen):
    """Where units used are read. A reading of up to ``normal_age_days`` is normal, because the payer refreshes it that seldom."""

    portal: Text
    link: Text
    normal_age_days: int


class PasswordRule(PasswordPolicy):
    """What a portal's password must be."""

    portal: Text
    warn_days: Some[int]
    """Days before the end at which people are warned."""


class Conduct(Frozen):
    """Figures that other rooms go by."""

    clinical_while: Some[Status] | UnsetType = UNSET
    """Extra clinical documents are taken only while the case has one of these statuses."""
    units_page: UnitsPage | UnsetType = UNSET
    password: PasswordRule | UnsetType = UNSET


class Case(Frozen, Generic[T]):
    when: Condition
    then: T


class Rule(Frozen, Generic[T]):
    """One row of the payer's rules. It matches when ``when`` holds and it has ``then``, or a case that holds (first match)."""

    id: RuleId
    text: Text
    source: Text
    checked_on: date
    valid_from: date | UnsetType = UNSET
    valid_to: date | UnsetType = UNSET
    """Last day on which the rule holds."""
    when: Condition
    then: T | UnsetType = UNSET
    cases: Some[Case[T]] | UnsetType = UNSET
    conduct: Conduct | UnsetType = UNSET

    def in_force(self, day: date) -> bool:
        return is_between(day, self.valid_from, self.valid_to)

    @property
    def outcomes(self) -> tuple[T, ...]:
        """Everything that this rule can decide."""
        if not isinstance(self.then, UnsetType):
            return (self.then,)
        return () if isinstance(self.cases, UnsetType) else tuple(case.then for case in self.cases)

    @property
    def conditions(self) -> tuple[Condition, ...]:
        return (self.when, *(() if isinstance(self.cases, UnsetType) else (case.when for case in self.cases)))


def is_between(day: date, first: date | UnsetType, last: date | UnsetType) -> bool:
    """Both ends belong to it; an open end is no bound."""
    return (isinstance(first, UnsetType) or day >= first) and (isinstance(last, UnsetType) or day <= last)


# --- Directory, portals, clocks --------------------------------------------------------------------------------------


class Weekday(StrEnum):
    """In the order of ``date.weekday()``."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


class DeskHours(Frozen):
    """On these days from ``opens`` until before ``closes``, wall clock of the desk's time zone."""

    days: Some[Weekday]
    opens: Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
    closes: Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class NumberKind(StrEnum):
    FAX = "fax"
    PHONE = "phone"


class DirectoryEntry(Frozen):
    """A number as its source prints it. ``say``: what a person who phones says and asks."""

    number: Annotated[str, Meta(pattern=r"^(1[-.])?\d{3}[-.]\d{3}[-.]([\dA-Z]{4})$")]
    kind: NumberKind
    desk: Text
    hours: DeskHours | Literal["any_time", "unpublished"]
    source: Text
    say: Text | UnsetType = UNSET
    time_zone: Text | UnsetType = UNSET
    """Without it the file's."""


class Desk(Frozen):
    """A directory entry as the other rooms use it, complete with its payer, time zone and holidays."""

    name: str
    payer: Payer
    number: str
    kind: NumberKind
    desk: str
    hours: DeskHours | Literal["any_time", "unpublished"]
    time_zone: str
    holidays: tuple[str, ...]
    say: str = ""
    source: str

    @property
    def digits(self) -> str:
        """Ten digits as one dials them, letters turned into their keys."""
        return dial_digits(self.number)

    @property
    def hours_text(self) -> str:
        """For people: ``Mon-Fri 08:00-18:00 (America/New_York)``."""
        if isinstance(self.hours, str):
            return "at any time" if self.hours == "any_time" else "hours not published"
        days = [day.value.capitalize() for day in self.hours.days]
        span = f"{days[0]}-{days[-1]}" if len(days) > 2 and _in_a_row(self.hours.days) else ", ".join(days)
        return f"{span} {self.hours.opens}-{self.hours.closes} ({self.time_zone})"


def _in_a_row(days: tuple[Weekday, ...]) -> bool:
    places = [list(Weekday).index(day) for day in days]
    return places == list(range(places[0], places[0] + len(places)))


_KEYS = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "22233344455566677778889999")


def dial_digits(number: str) -> str:
    """The ten digits of a North American number, without the leading 1; letters become the digits on their keys."""
    return re.sub(r"\D", "", number.translate(_KEYS))[-10:]


class PortalUse(StrEnum):
    SUBMIT = "submit"
    UNITS = "units"
    ELIGIBILITY = "eligibility"


class PortalEntry(Frozen):
    """``help_desk``: directory name of whom staff ask about an account there. ``before``, for one that tells eligibility: the
    portals before whose requests it is asked."""

    what: Text
    use: PortalUse
    before: tuple[Text, ...] = ()
    help_desk: Text | UnsetType = UNSET


class FormSign(Frozen):
    """How an attached form is recognised: its file name, without case and punctuation, contains ``file_name_has``."""

    file_name_has: Annotated[str, Meta(pattern=r"^[a-z0-9]+$")]


class Owner(StrEnum):
    PAYER = "payer"
    PRACTICE = "practice"


class Starts(StrEnum):
    ACCEPTED = "accepted"
    """The instant at which the payer took the request."""
    FROM_DATE = "from_date"
    ADMISSION_DATE = "admission_date"
    """Where the request names none: the first day of service, which for an inpatient stay is the admission."""


class Clock(Frozen):
    """A deadline: a length from a start. Days may be negative (before the start) and end with the day; hours run on exactly."""

    label: Text
    owner: Owner
    rule: RuleId | UnsetType = UNSET
    when: Condition
    starts: Starts
    hours: int | UnsetType = UNSET
    calendar_days: int | UnsetType = UNSET
    business_days: int | UnsetType = UNSET
    source: Text
    valid_from: date | UnsetType = UNSET
    valid_to: date | UnsetType = UNSET


# --- The file ------------------------------------------------------------------------------------------------------


Calendars: TypeAlias = tuple[Annotated[str, Meta(pattern=r"^US(-[A-Z]{2})?$")], ...]
"""Holiday calendars: ``US`` the federal ones, ``US-CT`` those of the state as well."""


class RuleFile(Frozen):
    """One payer's file. Rules of a section are asked in the order in which they stand; the first match decides."""

    payer: Payer
    time_zone: Text
    holidays: Calendars
    """On these the desks are taken to be closed."""
    deadline_holidays: Calendars
    """Only these are left out when business days are counted: nobody publishes which others a payer keeps, and a day too few
    is early where a day too many is late."""
    portals: dict[str, PortalEntry]
    portal_choices: dict[str, Some[Text]] = {}
    """Name -> the portals of which ``priorbot.toml`` chooses one (key of the same name)."""
    forms: dict[str, FormSign] = {}
    directory: dict[str, DirectoryEntry]
    clocks: dict[str, Clock] = {}
    routing: tuple[Rule[Outcome], ...]
    """Request -> where it goes."""
    checks: tuple[Rule[Outcome], ...] = ()
    """Asked once a portal is chosen; a match takes the portal's place."""
    answers: tuple[Rule[Outcome], ...] = ()
    """What a portal's answer means."""
    outage: tuple[Rule[Down], ...] = ()
    """The portal is down."""
    additional_clinical: tuple[Rule[Clinical], ...] = ()
    fax_forms: tuple[Rule[FormChoice], ...] = ()
    """The request is faxed; where none matches, a person faxes it by hand."""
    conduct: tuple[Rule[Outcome], ...] = ()
    """Rules that decide nothing here; others go by their figures."""
