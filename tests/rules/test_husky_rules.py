"""HUSKY Health, rule by rule, with the numbers as the payer prints them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from bots.errors import Action, NotEligible, ProviderNotFound, SeveralMatches
from bots.model import Payer, Status
from jobs.deadlines import password_rule, password_warning_days, units_page
from jobs.routing import RoutingSettings, after_answer, after_outage, takes_more_clinical
from jobs.rulebook import RulebookError
from jobs.state import Decision, Fallback, FallbackWay

TODAY = date(2026, 11, 23)

MEDICAL_PORTAL = ["dme", "medical_supplies", "therapy_pt", "therapy_ot", "therapy_st", "home_health", "outpatient_surgery"]


@pytest.mark.parametrize("parts", ["a", "b", "ab"])
def test_H1_medicare_that_covers_the_service_needs_no_authorization(way, parts):
    found = way("husky", "dme", medicare_parts=parts, medicare_covers_service="yes")
    assert (found.decision, found.rule_ids) == (Decision.NOT_REQUIRED, ("H1",))
    assert "Medicare covers" in found.reason


@pytest.mark.parametrize("parts", ["a", "b", "ab"])
def test_H1_medicare_that_does_not_cover_it_goes_on_with_the_next_rules(way, parts):
    found = way("husky", "dme", medicare_parts=parts, medicare_covers_service="no")
    assert (found.decision, found.portal, found.rule_ids) == (Decision.PORTAL, "clear_coverage", ("H1", "H5"))


@pytest.mark.parametrize("parts", ["a", "b", "ab"])
def test_H1_unknown_is_a_persons(way, parts):
    found = way("husky", "behavioral_health_inpatient", medicare_parts=parts, medicare_covers_service="unknown")
    assert (found.decision, found.rule_ids) == (Decision.NEEDS_PERSON, ("H1",))
    assert "medicare_covers_service" in found.reason


@pytest.mark.parametrize("covers", ["yes", "no", "unknown"])
def test_H1_asks_nothing_about_members_without_medicare(way, covers):
    assert way("husky", "dme", medicare_parts="none", medicare_covers_service=covers).rule_ids == ("H5",)


@pytest.mark.parametrize("covers", ["yes", "no", "unknown"])
def test_H1_leaves_radiology_to_H2(way, covers):
    assert way("husky", "radiology_high_tech", medicare_parts="ab", medicare_covers_service=covers).rule_ids == ("H2",)


@pytest.mark.parametrize(
    ("parts", "decision"),
    [("b", Decision.NOT_REQUIRED), ("ab", Decision.NOT_REQUIRED), ("a", Decision.PORTAL), ("none", Decision.PORTAL)],
)
def test_H2_radiology_by_medicare_part(way, parts, decision):
    found = way("husky", "radiology_high_tech", medicare_parts=parts)
    assert (found.decision, found.rule_ids) == (decision, ("H2",))
    assert found.portal == ("evicore" if decision is Decision.PORTAL else "")


@pytest.mark.parametrize(
    ("born", "first_day", "decision"),
    [
        (date(2007, 11, 24), date(2026, 11, 23), Decision.NOT_REQUIRED),  # the day before the 19th birthday
        (date(2007, 11, 24), date(2026, 11, 24), Decision.PORTAL),  # the birthday
        (date(2007, 11, 24), date(2026, 11, 25), Decision.PORTAL),
        (date(2004, 2, 29), date(2023, 2, 28), Decision.NOT_REQUIRED),  # born on a leap day, 2023 has none:
        (date(2004, 2, 29), date(2023, 3, 1), Decision.PORTAL),  # 19 on 1 March
        (date(2005, 3, 1), date(2024, 2, 29), Decision.NOT_REQUIRED),
        (date(2005, 2, 28), date(2024, 2, 29), Decision.PORTAL),
        (date(2026, 11, 23), date(2026, 11, 23), Decision.NOT_REQUIRED),  # born today
    ],
)
def test_H2_age_counts_on_the_first_day_of_service(way, born, first_day, decision):
    # The day from which one looks plays no part: retrospective requests go the same way.
    for as_of in (first_day - timedelta(days=30), first_day, first_day + timedelta(days=400)):
        assert way("husky", "radiology_high_tech", dob=born, from_date=first_day, as_of=as_of).decision is decision


def test_H2_without_part_b_goes_to_evicore_at_any_age(way):
    assert way("husky", "radiology_high_tech", medicare_parts="a", dob=date(2020, 1, 1)).portal == "evicore"


def test_H2_a_birth_date_after_the_service_is_nobodys_age(way):
    found = way("husky", "radiology_high_tech", dob=TODAY + timedelta(days=1))
    assert (found.decision, found.rule_ids) == (Decision.NEEDS_PERSON, ("HP5",))


@pytest.mark.parametrize("certification", ["initial", "renewal", "extension", "revised"])
def test_H2_changes_to_existing_authorizations_too(way, certification):
    assert way("husky", "radiology_high_tech", certification=certification).portal == "evicore"


@pytest.mark.parametrize("urgency", ["standard", "urgent", "emergent"])
def test_H3_inpatient_behavioral_health_is_phoned_to_beacon(way, book, urgency):
    found = way("husky", "behavioral_health_inpatient", urgency=urgency)
    assert (found.decision, found.number, found.rule_ids) == (Decision.PHONE, "1.877.552.8247", ("H3",))
    assert found.fallback is None
    assert "Beacon" in book.desk(found.number).desk
    assert book.desk(found.number).say


@pytest.mark.parametrize("category", ["behavioral_health_home_health", "behavioral_health_outpatient"])
def test_H4_other_behavioral_health_goes_to_provider_connect(way, category):
    found = way("husky", category)
    assert (found.decision, found.portal, found.rule_ids) == (Decision.PORTAL, "provider_connect", ("H4",))


@pytest.mark.parametrize("category", MEDICAL_PORTAL)
@pytest.mark.parametrize("portal", ["clear_coverage", "husky_medical"])
def test_H5_goods_therapies_home_health_and_surgery_go_to_the_medical_portal(way, category, portal):
    found = way("husky", category, settings=RoutingSettings(medical_portal=portal))
    assert (found.decision, found.portal, found.rule_ids) == (Decision.PORTAL, portal, ("H5",))


def test_H5_a_medical_portal_that_does_not_exist_is_named(way):
    with pytest.raises(RulebookError, match=r"medical_portal is 'evicore'.*clear_coverage, husky_medical"):
        way("husky", "dme", settings=RoutingSettings(medical_portal="evicore"))


@pytest.mark.parametrize("urgency", ["urgent", "emergent"])
@pytest.mark.parametrize(
    ("category", "kind"),
    [("inpatient", "prior_auth"), ("inpatient", "inpatient_notification"), ("nicu", "inpatient_notification")],
)
def test_H6_urgent_and_emergent_admissions_go_to_the_medical_portal(way, category, kind, urgency):
    found = way("husky", category, request_kind=kind, urgency=urgency)
    assert (found.portal, found.rule_ids) == ("clear_coverage", ("H6",))


@pytest.mark.parametrize("kind", ["prior_auth", "inpatient_notification"])
def test_H7_elective_inpatient_is_faxed(way, kind):
    found = way("husky", "inpatient", request_kind=kind, urgency="standard")
    assert (found.decision, found.number, found.rule_ids) == (Decision.FAX, "203.265.3994", ("H7",))
    assert found.portal == ""
    assert found.fallback is None


@pytest.mark.parametrize("urgency", ["standard", "urgent", "emergent"])
def test_H8_acute_rehabilitation_has_a_fax_of_its_own(way, urgency):
    found = way("husky", "snf_rehab", urgency=urgency)
    assert (found.decision, found.number, found.rule_ids) == (Decision.FAX, "203.774.0551", ("H8",))


@pytest.mark.parametrize("portal", ["clear_coverage", "husky_medical"])
@pytest.mark.parametrize(
    ("days_back", "decision"),
    [(-30, Decision.PORTAL), (0, Decision.PORTAL), (5, Decision.PORTAL), (6, Decision.REJECTED), (400, Decision.REJECTED)],
)
def test_H9_backdating_ends_after_exactly_5_days(way, portal, days_back, decision):
    found = way("husky", "dme", from_date=TODAY - timedelta(days=days_back), settings=RoutingSettings(medical_portal=portal))
    assert found.decision is decision
    assert found.rule_ids == (("H5",) if decision is Decision.PORTAL else ("H5", "H9"))


def test_H9_counts_days_across_the_clock_change_and_the_end_of_a_year(way):
    # Summer time ends on 2026-11-01; calendar days do not care.
    assert way("husky", "dme", from_date=date(2026, 10, 29), as_of=date(2026, 11, 3)).decision is Decision.PORTAL
    assert way("husky", "dme", from_date=date(2026, 10, 28), as_of=date(2026, 11, 3)).decision is Decision.REJECTED
    assert way("husky", "dme", from_date=date(2026, 12, 29), as_of=date(2027, 1, 3)).decision is Decision.PORTAL


@pytest.mark.parametrize("category", ["radiology_high_tech", "behavioral_health_outpatient", "snf_rehab"])
def test_H9_limits_the_medical_portal_only(way, category):
    assert way("husky", category, from_date=TODAY - timedelta(days=90)).decision is not Decision.REJECTED


def test_H9_holds_for_emergent_admissions_too(way):
    found = way("husky", "inpatient", urgency="emergent", from_date=TODAY - timedelta(days=6))
    assert (found.decision, found.rule_ids) == (Decision.REJECTED, ("H6", "H9"))


@pytest.mark.parametrize("portal", ["clear_coverage", "husky_medical"])
def test_H10_eligibility_na_is_a_rejection_and_never_retried(ask, way, book, portal):
    found = way("husky", "dme", settings=RoutingSettings(medical_portal=portal))
    after = after_answer(found, ask("husky", "dme"), NotEligible.code, as_of=TODAY, rulebook=book)
    assert after is not None
    assert (after.decision, after.rule_ids) == (Decision.REJECTED, ("H5", "H10"))
    assert "not eligible (NA)" in after.reason
    assert NotEligible.action is Action.FIX_REQUEST


def test_H11_a_provider_who_is_not_found_is_a_persons(ask, way, book):
    after = after_answer(way("husky", "dme"), ask("husky", "dme"), ProviderNotFound.code, as_of=TODAY, rulebook=book)
    assert after is not None
    assert (after.decision, after.rule_ids) == (Decision.NEEDS_PERSON, ("H5", "H11"))
    assert ProviderNotFound.action is Action.PERSON_REQUEST


def test_H11_several_that_cannot_be_told_apart_are_a_persons_too(ask, way, book):
    # That error may be about cases as well as providers, so it speaks for itself and is a person's by its own action.
    assert SeveralMatches.action is Action.PERSON_REQUEST
    assert after_answer(way("husky", "dme"), ask("husky", "dme"), SeveralMatches.code, as_of=TODAY, rulebook=book) is None


def test_H11_says_nothing_about_other_portals_and_other_answers(ask, way, book):
    radiology = way("husky", "radiology_high_tech")
    assert after_answer(radiology, ask("husky", "dme"), "provider_not_found", as_of=TODAY, rulebook=book) is None
    assert after_answer(way("husky", "dme"), ask("husky", "dme"), "portal_down", as_of=TODAY, rulebook=book) is None


FAXED_WHEN_DOWN = [c for c in MEDICAL_PORTAL if c != "home_health"]


@pytest.mark.parametrize("urgency", ["urgent", "emergent"])
@pytest.mark.parametrize("category", [*FAXED_WHEN_DOWN, "inpatient"])
def test_H12_urgent_faxes_at_once(way, category, urgency):
    found = way("husky", category, urgency=urgency)
    assert found.fallback == Fallback(decision=FallbackWay.FAX, number="203.265.3994", wait_hours=0, rule_ids=("H12",))


@pytest.mark.parametrize("category", FAXED_WHEN_DOWN)
def test_H13_standard_waits_then_faxes(way, category):
    found = way("husky", category)
    assert found.fallback == Fallback(decision=FallbackWay.FAX, number="203.265.3994", wait_hours=24, rule_ids=("H13",))


def test_H13_the_wait_is_the_practices(way):
    found = way("husky", "dme", settings=RoutingSettings(standard_wait_hours={Payer.HUSKY: 6, Payer.BCBSMA: 48}))
    assert found.fallback is not None
    assert found.fallback.wait_hours == 6


@pytest.mark.parametrize("urgency", ["standard", "urgent", "emergent"])
def test_H14_home_health_waits_then_is_phoned_and_never_faxed(way, book, urgency):
    found = way("husky", "home_health", urgency=urgency)
    assert found.fallback == Fallback(decision=FallbackWay.PHONE, number="1.800.440.5071", wait_hours=24, rule_ids=("H14",))
    assert book.desk("1.800.440.5071").hours_text == "Mon-Fri 08:00-18:00 (America/New_York)"


@pytest.mark.parametrize("urgency", ["standard", "urgent", "emergent"])
@pytest.mark.parametrize(
    ("category", "number"),
    [
        ("radiology_high_tech", "1.800.575.4594"),
        ("behavioral_health_home_health", "1.877.552.8247"),
        ("behavioral_health_outpatient", "1.877.552.8247"),
    ],
)
def test_H15_evicore_and_provider_connect_wait_then_are_phoned(way, category, number, urgency):
    found = way("husky", category, urgency=urgency)
    assert found.fallback == Fallback(decision=FallbackWay.PHONE, number=number, wait_hours=24, rule_ids=("H15",))


def test_H15_evicores_support_takes_no_requests_and_the_task_says_so(book):
    assert "takes no requests" in book.desk("1.800.575.4594").say


@pytest.mark.parametrize("certification", ["extension", "revised"])
def test_H16_extensions_and_added_modalities_are_faxed(way, certification):
    found = way("husky", "therapy_pt", certification=certification)
    assert (found.decision, found.number, found.rule_ids) == (Decision.FAX, "203.265.3994", ("H5", "H16"))
    # The portal's limit on backdating is no limit of the fax.
    late = way("husky", "therapy_pt", certification=certification, from_date=TODAY - timedelta(days=60))
    assert late.decision is Decision.FAX


@pytest.mark.parametrize("certification", ["extension", "revised"])
def test_H16_home_health_is_phoned_instead(way, certification):
    found = way("husky", "home_health", certification=certification)
    assert (found.decision, found.number, found.rule_ids) == (Decision.PHONE, "1.800.440.5071", ("H5", "H16"))


@pytest.mark.parametrize("certification", ["initial", "renewal"])
def test_H16_a_reauthorization_is_a_request_of_its_own(way, certification):
    assert way("husky", "home_health", certification=certification).decision is Decision.PORTAL


@pytest.mark.parametrize("portal", ["clear_coverage", "husky_medical"])
@pytest.mark.parametrize(
    ("status", "taken"),
    [
        (Status.SUBMITTED, True),
        (Status.PENDED_REVIEW, True),
        (Status.PENDED_CLINICAL, True),
        (Status.APPROVED, False),
        (Status.DENIED, False),
        (Status.UNKNOWN, False),
    ],
)
def test_H16_extra_clinical_only_while_pending(book, portal, status, taken):
    assert takes_more_clinical(portal, status, payer=Payer.HUSKY, rulebook=book) is taken


def test_H16_says_nothing_about_evicore(book):
    assert takes_more_clinical("evicore", Status.PENDED_REVIEW, payer=Payer.HUSKY, rulebook=book) is None


def test_H17_units_are_read_on_the_secure_portal_and_may_be_16_days_old(book, ask):
    page = units_page(ask("husky", "dme"), "clear_coverage", as_of=TODAY, rulebook=book)
    assert page is not None
    assert (page.portal, page.link, page.normal_age_days) == ("husky_secure", "Authorizations", 16)
    assert units_page(ask("carepartners", "dme"), "carepartners", as_of=TODAY, rulebook=book) is None


@pytest.mark.parametrize("category", ["behavioral_health_home_health", "behavioral_health_outpatient"])
def test_HP6_units_of_behavioral_health_are_read_where_they_were_granted(book, ask, category):
    page = units_page(ask("husky", category), "provider_connect", as_of=TODAY, rulebook=book)
    assert page is not None
    assert (page.portal, page.link) == ("provider_connect", "Authorization Listing")


def test_H18_password_of_the_secure_portal(book):
    rule = password_rule("husky_secure", rulebook=book)
    assert rule is not None
    assert (rule.min_length, rule.remembered, rule.max_age_days) == (8, 10, 90)
    assert set(rule.specials) == set("!$^*()_-=")
    assert password_warning_days("husky_secure", rulebook=book) == (14, 7, 1)
    assert password_warning_days("clear_coverage", rulebook=book) == ()


def test_HP1_a_coverage_of_another_payer_is_a_persons(way):
    found = way("husky", "dme", coverage="carepartners_hmo", medicare_parts="ab", medicare_covers_service="yes")
    assert (found.decision, found.rule_ids) == (Decision.NEEDS_PERSON, ("HP1",))


@pytest.mark.parametrize("kind", ["appeal", "claim", "referral"])
def test_HP2_appeals_claims_and_referrals_are_a_persons(way, kind):
    found = way("husky", "dme", request_kind=kind)
    assert (found.decision, found.rule_ids) == (Decision.NEEDS_PERSON, ("HP2",))


@pytest.mark.parametrize("category", ["dme", "radiology_high_tech", "behavioral_health_inpatient", "snf_rehab"])
def test_HP3_a_cancellation_is_a_persons(way, category):
    found = way("husky", category, certification="cancel")
    assert (found.decision, found.rule_ids) == (Decision.NEEDS_PERSON, ("HP3",))


@pytest.mark.parametrize("category", ["outpatient_medical", "drug_part_b", "drug_part_d", "nicu", "ivf", "ambulance"])
def test_HP4_services_without_a_public_rule_are_a_persons(way, book, category):
    found = way("husky", category)
    assert (found.decision, found.rule_ids) == (Decision.NEEDS_PERSON, ("HP4",))
    assert book.rule("HP4").source == "PriorBot: no public rule found; a person decides"


def test_HP5_what_no_rule_fits_is_a_persons(way):
    found = way("husky", "radiology_high_tech", dob=date(2027, 1, 1))
    assert (found.decision, found.rule_ids) == (Decision.NEEDS_PERSON, ("HP5",))


def test_a_decision_without_a_portal_knows_no_outage(ask, way):
    now = datetime(2026, 11, 23, 15, tzinfo=UTC)
    with pytest.raises(ValueError, match="routed to a portal"):
        after_outage(way("husky", "snf_rehab"), ask("husky", "snf_rehab"), down_since=now, now=now)
