"""The payers' rules written down a second time, plainly: what the product's rules, and what is sent by them, are held against."""

from __future__ import annotations

from datetime import date

from bots.model import AuthRequest, Payer

WAIT = 24

Answer = tuple[str, str, tuple[str, str, int] | None, str]
"""Decision, portal or number, fallback (way, number, hours), the rule that decided."""

BEHAVIORAL = {"behavioral_health_inpatient", "behavioral_health_home_health", "behavioral_health_outpatient"}
THERAPIES = {"therapy_pt", "therapy_ot", "therapy_st"}

COVERAGES = {
    Payer.HUSKY: ["husky_a", "husky_b", "husky_c", "husky_d", "husky_limited"],
    Payer.CAREPARTNERS: ["carepartners_hmo", "carepartners_ppo"],
    Payer.BCBSMA: [
        "bcbsma_commercial",
        "bcbsma_medicare_advantage",
        "bcbsma_medex",
        "bcbsma_fep",
        "bcbsma_employee",
        "bluecard",
    ],
}


# --- The rules a second time -----------------------------------------------------------------------------------------


def person(rule: str) -> Answer:
    return "needs_person", "", None, rule


def expected(r: AuthRequest, as_of: date) -> Answer:
    if r.coverage not in COVERAGES[r.payer]:
        return person({"husky": "HP1", "carepartners": "CP1", "bcbsma": "BP1"}[r.payer])
    return {"husky": husky, "carepartners": carepartners, "bcbsma": bcbsma}[r.payer](r, as_of)


def husky(r: AuthRequest, as_of: date) -> Answer:
    category, radiology = r.service_category, r.service_category == "radiology_high_tech"
    if r.request_kind in ("appeal", "claim", "referral"):
        return person("HP2")
    if r.certification == "cancel":
        return person("HP3")
    if r.medicare_parts != "none" and not radiology and r.medicare_covers_service == "yes":
        return "not_required", "", None, "H1"
    if r.medicare_parts != "none" and not radiology and r.medicare_covers_service == "unknown":
        return person("H1")
    if radiology:
        birthday = (r.member.dob.month, r.member.dob.day)
        age = r.from_date.year - r.member.dob.year - (1 if (r.from_date.month, r.from_date.day) < birthday else 0)
        if r.medicare_parts in ("b", "ab") or (r.medicare_parts == "none" and 0 <= age < 19):
            return "not_required", "", None, "H2"
        if r.medicare_parts == "a" or age >= 19:
            return "portal", "evicore", ("phone", "1.800.575.4594", WAIT), "H2"
        return person("HP5")
    if category == "behavioral_health_inpatient":
        return "phone", "1.877.552.8247", None, "H3"
    if category in BEHAVIORAL:
        return "portal", "provider_connect", ("phone", "1.877.552.8247", WAIT), "H4"
    if category in {"dme", "medical_supplies", "home_health", "outpatient_surgery"} | THERAPIES:
        return medical_portal(r, as_of, "H5")
    if (category == "inpatient" or r.request_kind == "inpatient_notification") and r.urgency != "standard":
        return medical_portal(r, as_of, "H6")
    if category == "inpatient":
        return "fax", "203.265.3994", None, "H7"
    if category == "snf_rehab":
        return "fax", "203.774.0551", None, "H8"
    return person("HP4")


def medical_portal(r: AuthRequest, as_of: date, rule: str) -> Answer:
    home_health = r.service_category == "home_health"
    if r.certification in ("extension", "revised"):
        return ("phone", "1.800.440.5071", None, "H16") if home_health else ("fax", "203.265.3994", None, "H16")
    if (as_of - r.from_date).days > 5:
        return "rejected", "", None, "H9"
    if home_health:
        return "portal", "clear_coverage", ("phone", "1.800.440.5071", WAIT), rule
    return "portal", "clear_coverage", ("fax", "203.265.3994", WAIT if r.urgency == "standard" else 0), rule


def carepartners(r: AuthRequest, as_of: date) -> Answer:
    wait = WAIT if r.urgency == "standard" else 0
    delegated = as_of >= date(2025, 1, 1) and r.from_date >= date(2025, 1, 1)
    if r.request_kind in ("appeal", "claim"):
        return "rejected", "", None, "C1"
    if r.certification == "cancel":
        return person("CP2")
    if r.request_kind == "referral":
        if r.servicing_in_network == "yes":
            return "not_required", "", None, "C2"
        return (
            person("C2")
            if r.servicing_in_network == "unknown"
            else ("portal", "carepartners", ("fax", "617-972-1028", wait), "C2")
        )
    if r.service_category == "drug_part_d":
        return "portal", "promptpa", ("fax", "617.673.0956", wait), "C3"
    if r.request_kind == "inpatient_notification":
        return "portal", "carepartners", ("fax", "857-304-6410", wait), "C4"
    if delegated and r.pcp_network != "other" and r.service_category in BEHAVIORAL:
        return "portal", "carepartners", ("phone", "888-341-1508", wait), "CP3"
    if delegated and r.pcp_network == "apn_ct":
        return "portal", "optum_pro", ("phone", "1-888-556-7048", wait), "C5"
    if delegated and r.pcp_network == "unknown":
        return "portal", "carepartners", ("phone", "888-341-1508", wait), "C6"
    return "portal", "carepartners", ("fax", "857-304-6463", wait), "C7"


def bcbsma(r: AuthRequest, as_of: date) -> Answer:
    wait = WAIT if r.urgency == "standard" else 0
    if r.request_kind in ("appeal", "claim"):
        return person("BP2")
    if r.certification == "cancel":
        return person("BP3")
    if r.coverage == "bluecard":
        return "portal", "bluecard", ("phone", "1-800-676-BLUE", wait), "B1"
    if r.service_category == "nicu":
        return "fax", "1-866-303-5749", None, "B2"
    return "portal", "authorization_manager", ("fax", bcbsma_fax(r), wait), "B3" if r.coverage == "bcbsma_fep" else "B4"


def bcbsma_fax(r: AuthRequest) -> str:
    category = r.service_category
    if r.coverage == "bcbsma_employee":
        return "1-888-608-3693" if category in BEHAVIORAL else "617-246-4299"
    if r.coverage == "bcbsma_medicare_advantage":
        return "1-800-205-8885" if category == "snf_rehab" else "1-800-447-2994"
    if r.coverage in ("bcbsma_medex", "bcbsma_fep"):
        return "617-246-4210" if r.coverage == "bcbsma_medex" else "1-888-282-1315"
    if r.request_kind == "inpatient_notification" and r.urgency != "standard":
        return "1-866-577-9678"
    if category in BEHAVIORAL:
        return "1-888-641-5199"
    if category in THERAPIES:
        return "1-866-577-9901"
    if category in ("ivf", "snf_rehab"):
        return "1-800-836-1112" if category == "ivf" else "1-888-641-5330"
    return "1-888-641-1375" if r.attachments and "SmartSheet" in r.attachments[0].path else "1-888-282-0780"
