"""Blue Cross Blue Shield of Massachusetts, rule by rule, with the numbers as the payer prints them."""

from __future__ import annotations

from datetime import date

import pytest

from bots.errors import NotRequiredHere
from jobs.routing import additional_clinical_fax, after_answer
from jobs.state import Decision, Fallback, FallbackWay

TODAY = date(2026, 11, 23)

BEHAVIORAL = ["behavioral_health_inpatient", "behavioral_health_home_health", "behavioral_health_outpatient"]
OWN = ["bcbsma_commercial", "bcbsma_medicare_advantage", "bcbsma_medex", "bcbsma_fep", "bcbsma_employee"]


@pytest.mark.parametrize("category", ["dme", "nicu", "behavioral_health_inpatient", "ivf"])
@pytest.mark.parametrize("kind", ["prior_auth", "referral", "inpatient_notification"])
def test_B1_bluecard_members_go_to_their_home_plan_or_a_person_phones(way, category, kind):
    found = way("bcbsma", category, coverage="bluecard", request_kind=kind)
    assert (found.decision, found.portal, found.rule_ids) == (Decision.PORTAL, "bluecard", ("B1",))
    assert found.fallback == Fallback(decision=FallbackWay.PHONE, number="1-800-676-BLUE", wait_hours=24, rule_ids=("B1",))
    urgent = way("bcbsma", category, coverage="bluecard", request_kind=kind, urgency="urgent").fallback
    assert urgent is not None
    assert urgent.wait_hours == 0


def test_B1_letters_become_keys(book):
    assert book.desk("1-800-676-BLUE").digits == "8006762583"


@pytest.mark.parametrize("coverage", OWN)
@pytest.mark.parametrize("urgency", ["standard", "urgent", "emergent"])
def test_B2_infants_are_faxed_to_progeny_health(way, coverage, urgency):
    found = way("bcbsma", "nicu", coverage=coverage, urgency=urgency)
    assert (found.decision, found.number, found.rule_ids) == (Decision.FAX, "1-866-303-5749", ("B2",))


def test_B2_peer_to_peer_is_by_phone(book):
    assert "peer-to-peer" in book.desk("1-888-832-2006").desk


def test_B3_federal_employees_go_to_authorization_manager(way, book):
    found = way("bcbsma", "dme", coverage="bcbsma_fep")
    assert (found.decision, found.portal, found.rule_ids) == (Decision.PORTAL, "authorization_manager", ("B3",))
    assert "leading R" in found.reason
    assert "benefits" in book.desk("1-800-451-8124").desk


@pytest.mark.parametrize("coverage", [c for c in OWN if c != "bcbsma_fep"])
@pytest.mark.parametrize("kind", ["prior_auth", "referral", "inpatient_notification"])
@pytest.mark.parametrize("category", ["dme", "inpatient", "ivf", "drug_part_b", *BEHAVIORAL])
def test_B4_everything_else_goes_to_authorization_manager(way, coverage, kind, category):
    found = way("bcbsma", category, coverage=coverage, request_kind=kind)
    assert (found.decision, found.portal, found.rule_ids) == (Decision.PORTAL, "authorization_manager", ("B4",))


def test_B4_names_the_portal_for_eligibility_without_sending_there(book):
    from bots.model import Payer

    teller = book.of(Payer.BCBSMA).portals["connect_center"]
    assert (teller.use, teller.before) == ("eligibility", ("authorization_manager",))


# One line per row of the payer's table, in its order, then what happens where rows overlap.
ROWS = [
    *(("bcbsma_employee", category, {}, "1-888-608-3693") for category in BEHAVIORAL),
    ("bcbsma_employee", "behavioral_health_outpatient", {"request_kind": "referral"}, "1-888-608-3693"),
    ("bcbsma_employee", "dme", {}, "617-246-4299"),
    ("bcbsma_employee", "outpatient_surgery", {"attached": "InterQual SmartSheet.pdf"}, "617-246-4299"),
    ("bcbsma_employee", "therapy_pt", {}, "617-246-4299"),
    ("bcbsma_employee", "inpatient", {"request_kind": "inpatient_notification", "urgency": "emergent"}, "617-246-4299"),
    ("bcbsma_medicare_advantage", "snf_rehab", {}, "1-800-205-8885"),
    ("bcbsma_medicare_advantage", "dme", {}, "1-800-447-2994"),
    ("bcbsma_medicare_advantage", "behavioral_health_outpatient", {}, "1-800-447-2994"),
    ("bcbsma_medicare_advantage", "dme", {"request_kind": "referral"}, "1-800-447-2994"),
    ("bcbsma_medex", "dme", {}, "617-246-4210"),
    ("bcbsma_medex", "snf_rehab", {}, "617-246-4210"),
    ("bcbsma_fep", "dme", {}, "1-888-282-1315"),
    ("bcbsma_fep", "behavioral_health_inpatient", {}, "1-888-282-1315"),
    ("bcbsma_fep", "outpatient_surgery", {"attached": "smart_sheet.pdf"}, "1-888-282-1315"),
    ("bcbsma_commercial", "inpatient", {"request_kind": "inpatient_notification", "urgency": "emergent"}, "1-866-577-9678"),
    ("bcbsma_commercial", "inpatient", {"request_kind": "inpatient_notification", "urgency": "urgent"}, "1-866-577-9678"),
    *(("bcbsma_commercial", category, {}, "1-888-641-5199") for category in BEHAVIORAL),
    ("bcbsma_commercial", "behavioral_health_inpatient", {"request_kind": "inpatient_notification"}, "1-888-641-5199"),
    ("bcbsma_commercial", "behavioral_health_outpatient", {"request_kind": "referral"}, "1-888-641-5199"),
    *(("bcbsma_commercial", f"therapy_{kind}", {}, "1-866-577-9901") for kind in ("pt", "ot", "st")),
    ("bcbsma_commercial", "ivf", {}, "1-800-836-1112"),
    ("bcbsma_commercial", "ivf", {"request_kind": "referral"}, "1-800-836-1112"),
    ("bcbsma_commercial", "snf_rehab", {}, "1-888-641-5330"),
    ("bcbsma_commercial", "outpatient_surgery", {"attached": "InterQual SmartSheet knee.pdf"}, "1-888-641-1375"),
    ("bcbsma_commercial", "inpatient", {"attached": r"C:\scans\interqual_smart-sheet.PDF"}, "1-888-641-1375"),
    ("bcbsma_commercial", "outpatient_surgery", {"attached": "notes.pdf"}, "1-888-282-0780"),
    ("bcbsma_commercial", "inpatient", {}, "1-888-282-0780"),
    ("bcbsma_commercial", "inpatient", {"urgency": "emergent"}, "1-888-282-0780"),
    ("bcbsma_commercial", "inpatient", {"request_kind": "inpatient_notification"}, "1-888-282-0780"),
    ("bcbsma_commercial", "outpatient_medical", {"request_kind": "referral"}, "1-888-282-0780"),
    # The first row that fits wins:
    (
        "bcbsma_commercial",
        "behavioral_health_inpatient",
        {"request_kind": "inpatient_notification", "urgency": "emergent"},
        "1-866-577-9678",
    ),
    ("bcbsma_commercial", "therapy_pt", {"attached": "SmartSheet.pdf"}, "1-866-577-9901"),
    ("bcbsma_commercial", "snf_rehab", {"attached": "SmartSheet.pdf"}, "1-888-641-5330"),
]


@pytest.mark.parametrize(("coverage", "category", "facts", "number"), ROWS)
def test_B5_the_first_row_that_fits_gives_the_fax(way, coverage, category, facts, number):
    fallback = way("bcbsma", category, coverage=coverage, **facts).fallback
    assert fallback is not None
    assert (fallback.decision, fallback.number, fallback.rule_ids) == (FallbackWay.FAX, number, ("B5",))


@pytest.mark.parametrize(("urgency", "wait_hours"), [("urgent", 0), ("emergent", 0), ("standard", 24)])
@pytest.mark.parametrize("coverage", OWN)
def test_B5_urgent_at_once_standard_after_the_wait(way, coverage, urgency, wait_hours):
    for category in ("dme", "snf_rehab", "ivf", "therapy_pt", *BEHAVIORAL):
        fallback = way("bcbsma", category, coverage=coverage, urgency=urgency).fallback
        assert fallback is not None
        assert fallback.wait_hours == wait_hours


@pytest.mark.parametrize("coverage", ["bcbsma_fep", "bcbsma_medicare_advantage"])
@pytest.mark.parametrize("concurrent", [True, False])
def test_BA1_additional_clinical_of_federal_employees_and_medicare_advantage(ask, book, coverage, concurrent):
    desk = additional_clinical_fax(
        ask("bcbsma", "inpatient", coverage=coverage), concurrent_review=concurrent, as_of=TODAY, rulebook=book
    )
    assert desk is not None
    assert desk.number == "1-866-577-9682"


def test_BA2_additional_clinical_for_a_concurrent_review(ask, book):
    desk = additional_clinical_fax(ask("bcbsma", "inpatient"), concurrent_review=True, as_of=TODAY, rulebook=book)
    assert desk is not None
    assert desk.number == "1-888-282-1321"


@pytest.mark.parametrize(
    ("payer", "coverage"), [("bcbsma", "bcbsma_commercial"), ("bcbsma", "bcbsma_medex"), ("husky", "husky_a")]
)
def test_BA2_elsewhere_no_number_is_known(ask, book, payer, coverage):
    asked = ask(payer, "inpatient", coverage=coverage)
    assert additional_clinical_fax(asked, concurrent_review=False, as_of=TODAY, rulebook=book) is None


def test_B6_what_the_requirement_search_does_not_require_is_over(way, ask, book):
    asked, found = ask("bcbsma", "therapy_pt"), way("bcbsma", "therapy_pt")
    after = after_answer(found, asked, NotRequiredHere.code, as_of=TODAY, rulebook=book)
    assert (after.decision, after.rule_ids) == (Decision.NOT_REQUIRED, ("B4", "B6"))
    assert "kept as evidence" in after.reason
    assert after_answer(found, asked, "portal_down", as_of=TODAY, rulebook=book) is None


def test_BP1_a_coverage_of_another_payer_is_a_persons(way):
    found = way("bcbsma", "nicu", coverage="husky_d")
    assert (found.decision, found.rule_ids) == (Decision.NEEDS_PERSON, ("BP1",))


@pytest.mark.parametrize("coverage", [*OWN, "bluecard"])
@pytest.mark.parametrize("kind", ["appeal", "claim"])
def test_BP2_appeals_and_claims_are_a_persons(way, coverage, kind):
    found = way("bcbsma", "dme", coverage=coverage, request_kind=kind)
    assert (found.decision, found.rule_ids) == (Decision.NEEDS_PERSON, ("BP2",))


def test_BP3_a_cancellation_is_a_persons(way):
    found = way("bcbsma", "dme", certification="cancel")
    assert (found.decision, found.rule_ids) == (Decision.NEEDS_PERSON, ("BP3",))
