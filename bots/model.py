"""What is asked of a payer and what the payer answers.

Immutable values, shared by every room. Dates are ``datetime.date``; instants are aware ``datetime`` in UTC; ids and codes
are text from end to end (leading zeros survive). Names are the field's own (X12 278 005010X217, CPT/HCPCS, NPI).
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, dataclass_transform

import msgspec


class Payer(StrEnum):
    HUSKY = "husky"
    CAREPARTNERS = "carepartners"
    BCBSMA = "bcbsma"


class Coverage(StrEnum):
    HUSKY_A = "husky_a"
    HUSKY_B = "husky_b"
    HUSKY_C = "husky_c"
    HUSKY_D = "husky_d"
    HUSKY_LIMITED = "husky_limited"
    CAREPARTNERS_HMO = "carepartners_hmo"
    CAREPARTNERS_PPO = "carepartners_ppo"
    BCBSMA_COMMERCIAL = "bcbsma_commercial"
    BCBSMA_MEDICARE_ADVANTAGE = "bcbsma_medicare_advantage"
    BCBSMA_MEDEX = "bcbsma_medex"
    BCBSMA_FEP = "bcbsma_fep"
    BCBSMA_EMPLOYEE = "bcbsma_employee"
    BLUECARD = "bluecard"


class RequestKind(StrEnum):
    PRIOR_AUTH = "prior_auth"
    REFERRAL = "referral"
    INPATIENT_NOTIFICATION = "inpatient_notification"
    APPEAL = "appeal"
    CLAIM = "claim"


class Certification(StrEnum):
    """UM02 certification type, as the field says it."""

    INITIAL = "initial"
    RENEWAL = "renewal"
    EXTENSION = "extension"
    REVISED = "revised"
    CANCEL = "cancel"


class ServiceCategory(StrEnum):
    RADIOLOGY_HIGH_TECH = "radiology_high_tech"
    BEHAVIORAL_HEALTH_INPATIENT = "behavioral_health_inpatient"
    BEHAVIORAL_HEALTH_HOME_HEALTH = "behavioral_health_home_health"
    BEHAVIORAL_HEALTH_OUTPATIENT = "behavioral_health_outpatient"
    DME = "dme"
    MEDICAL_SUPPLIES = "medical_supplies"
    THERAPY_PT = "therapy_pt"
    THERAPY_OT = "therapy_ot"
    THERAPY_ST = "therapy_st"
    HOME_HEALTH = "home_health"
    OUTPATIENT_SURGERY = "outpatient_surgery"
    OUTPATIENT_MEDICAL = "outpatient_medical"
    INPATIENT = "inpatient"
    SNF_REHAB = "snf_rehab"
    DRUG_PART_B = "drug_part_b"
    DRUG_PART_D = "drug_part_d"
    NICU = "nicu"
    IVF = "ivf"
    AMBULANCE = "ambulance"


class Urgency(StrEnum):
    STANDARD = "standard"
    URGENT = "urgent"
    EMERGENT = "emergent"


class UnitType(StrEnum):
    UNITS = "units"
    VISITS = "visits"
    HOURS = "hours"
    DAYS = "days"
    ITEMS = "items"


class MedicareParts(StrEnum):
    NONE = "none"
    A = "a"
    B = "b"
    AB = "ab"


class Known(StrEnum):
    """A yes/no fact that may be unknown; unknown is a person's, never a guess."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class PcpNetwork(StrEnum):
    APN_CT = "apn_ct"
    OTHER = "other"
    UNKNOWN = "unknown"


class Status(StrEnum):
    """The ledger's status words (design, section 4). The portal's own word is always kept beside it as ``status_raw``."""

    NEW = "new"
    WAITING = "waiting"
    NEEDS_PERSON = "needs_person"
    UNCERTAIN = "uncertain"
    REJECTED = "rejected"
    NOT_REQUIRED = "not_required"
    SUBMITTED = "submitted"
    FAXED = "faxed"
    PENDED_REVIEW = "pended_review"
    PENDED_CLINICAL = "pended_clinical"
    APPROVED = "approved"
    PARTIALLY_APPROVED = "partially_approved"
    MODIFIED = "modified"
    DENIED = "denied"
    CANCELLED = "cancelled"
    VOID = "void"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    CONTACT_PAYER = "contact_payer"
    NOT_ELIGIBLE = "not_eligible"
    DUPLICATE = "duplicate"
    NOTIFICATION_RECEIVED = "notification_received"
    UNKNOWN = "unknown"


class _KeywordOnly(msgspec.StructMeta):
    """Makes every struct keyword-only: msgspec does not hand ``kw_only`` down to subclasses."""

    def __new__(mcls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **config: Any) -> _KeywordOnly:
        return super().__new__(mcls, name, bases, namespace, **{"kw_only": True, **config})


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Frozen(msgspec.Struct, metaclass=_KeywordOnly, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """An immutable value that reads and writes itself as JSON through msgspec."""


class Member(Frozen):
    id: str
    dob: date
    last_name: str = ""
    first_name: str = ""


class Provider(Frozen):
    """A provider or a facility. ``npi`` passes its check digit; ``name`` is a last name for a requesting provider."""

    name: str = ""
    npi: str = ""


class Contact(Frozen):
    name: str = ""
    phone: str = ""
    fax: str = ""


class Drug(Frozen):
    name: str
    strength: str = ""
    quantity: str = ""
    days_supply: str = ""


class Attachment(Frozen):
    """A clinical document, read and checked at intake. ``path`` is absolute; ``sha256`` is of the bytes that were checked."""

    path: str
    sha256: str
    size: int
    pages: int = 0


class ServiceLine(Frozen):
    service_code: str
    units: Decimal
    unit_type: UnitType = UnitType.UNITS
    modifiers: tuple[str, ...] = ()
    from_date: date
    to_date: date


class AuthRequest(Frozen):
    """One request for one patient to one payer: a prior authorization, a referral or a notification, with its lines."""

    request_id: str
    payer: Payer
    coverage: Coverage
    request_kind: RequestKind = RequestKind.PRIOR_AUTH
    certification: Certification = Certification.INITIAL
    service_category: ServiceCategory
    urgency: Urgency = Urgency.STANDARD
    member: Member
    medicare_parts: MedicareParts = MedicareParts.NONE
    medicare_covers_service: Known = Known.UNKNOWN
    pcp_network: PcpNetwork = PcpNetwork.UNKNOWN
    requesting: Provider
    servicing: Provider = Provider()
    servicing_in_network: Known = Known.UNKNOWN
    facility: Provider = Provider()
    diagnosis_codes: tuple[str, ...] = ()
    lines: tuple[ServiceLine, ...]
    place_of_service: str = ""
    admission_date: date | None = None
    drug: Drug | None = None
    answers: dict[str, str] = {}
    attachments: tuple[Attachment, ...] = ()
    contact: Contact = Contact()
    attested_by: str = ""
    notes: str = ""

    @property
    def from_date(self) -> date:
        """First day of service over all lines."""
        return min(line.from_date for line in self.lines)

    @property
    def to_date(self) -> date:
        """Last day of service over all lines."""
        return max(line.to_date for line in self.lines)

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(line.service_code for line in self.lines)

    @property
    def is_urgent(self) -> bool:
        return self.urgency is not Urgency.STANDARD


class LineReading(Frozen):
    """One line item of a case as the portal shows it. Amounts are in the line's own unit kind; ``None`` = not shown."""

    service_code: str
    modifiers: tuple[str, ...] = ()
    units_requested: Decimal | None = None
    units_approved: Decimal | None = None
    from_date: date | None = None
    to_date: date | None = None
    status_raw: str = ""
    status: Status = Status.UNKNOWN
    reason: str = ""
    valid_from: date | None = None
    """First day of this line's own authorization, where the portal gives each line its own days besides those of the service."""
    valid_to: date | None = None
    site: str = ""
    """The only facility at which this line is authorized; "" when the portal ties it to none."""

    @property
    def remark(self) -> str:
        """The reason, and the site that the line is tied to."""
        return "; ".join(filter(None, [self.reason, f"only at {self.site}" if self.site else ""]))


class CaseSummary(Frozen):
    """One row of a portal's list of cases: what `find_existing` and the follow-up sweep read before any case page.

    ``our_reference`` is our request id where the portal has a field that carries it and shows it in the list.
    """

    portal: str
    reference_no: str
    authorization_no: str = ""
    member_id: str = ""
    service_codes: tuple[str, ...] = ()
    from_date: date | None = None
    to_date: date | None = None
    status_raw: str = ""
    status: Status = Status.UNKNOWN
    our_reference: str = ""
    updated: str = ""
    """When the portal says that anything about the case changed last, as it writes it; "" where its list does not say that."""

    def overlaps(self, code: str, first: date, last: date) -> bool:
        """Whether it has this code in these days; a day that is not shown is open."""
        return code in self.service_codes and (self.from_date or first) <= last and first <= (self.to_date or last)


class Receipt(Frozen):
    """What the portal's confirmation said. A draft number is never a ``reference_no``."""

    portal: str
    reference_no: str
    authorization_no: str = ""
    status_raw: str = ""
    status: Status = Status.SUBMITTED
    received_at: datetime
    adopted: bool = False
    evidence: str = ""
    """Name of the encrypted page in the home's ``receipts/``."""


class Requirement(Frozen):
    """Whether an authorization is required, as a portal itself said it, on which of its pages and when."""

    portal: str
    page: str
    required: bool
    evidence: str
    """Name of the encrypted page in the home's ``receipts/``."""
    observed_at: datetime


class Reading(Frozen):
    """A case as its page showed it at one moment. The header is never read alone: ``lines`` hold what was decided."""

    portal: str
    reference_no: str
    authorization_no: str = ""
    member_id: str = ""
    status_raw: str = ""
    status: Status = Status.UNKNOWN
    status_reason: str = ""
    lines: tuple[LineReading, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None
    submitted_at: datetime | None = None
    decided_on: date | None = None
    observed_at: datetime
    listed_as: str = ""
    """What the list that was read just before said of the case (`jobs.case_lists.mark`); "" when there was none."""
    letter: str = ""
    """The faxed letter that said it (``priorbot fax letters``); "" when the portal's page did."""


class PortalLetter(Frozen):
    """A letter of a case. ``letter_id`` tells it apart from the case's other letters; ``dated`` is the portal's day."""

    portal: str
    reference_no: str
    letter_id: str
    title: str
    dated: date | None = None
    evidence: str = ""
    """Name of the encrypted file in the home's ``receipts/``; "" when the portal does not open it (a voided letter)."""


class Units(Frozen):
    """Units of one authorization line as the payer's page showed them; ``as_of`` is the payer's date, not ours."""

    portal: str
    authorization_no: str
    member_id: str
    service_code: str
    unit_type: UnitType = UnitType.UNITS
    from_date: date | None = None
    to_date: date | None = None
    requested: Decimal | None = None
    approved: Decimal | None = None
    used: Decimal | None = None
    remaining: Decimal | None = None
    as_of: date
    status_raw: str = ""
    observed_at: datetime


class Shown(Frozen):
    """What the portal's review page showed before the commit: field name -> the page's own text, already compared equal."""

    portal: str
    page: str
    selectors_version: str
    fields: dict[str, str]
