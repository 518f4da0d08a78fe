"""CarePartners of Connecticut, rule by rule, with the numbers as the payer prints them."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec import UNSET

from jobs.routing import RoutingSettings
from jobs.rule_schema import Outcome
from jobs.state import Decision, Fallback, FallbackWay

TODAY = date(2026, 11, 23)

NETWORKS = ["apn_ct", "other", "unknown"]


def fax(number: str, wait_hours: int, *rule_ids: str) -> Fallback:
    return Fallback(decision=FallbackWay.FAX, number=number, wait_hours=wait_hours, rule_ids=rule_ids)


def phone(number: str, wait_hours: int, *rule_ids: str) -> Fallback:
    return Fallback(decision=FallbackWay.PHONE, number=number, wait_hours=wait_hours, rule_ids=rule_ids)


@pytest.mark.parametrize("kind", ["appeal", "claim"])
@pytest.mark.parametrize("network", NETWORKS)
def test_C1_appeals_and_claims_are_rejected(way, kind, network):
    found = way("carepartners", "dme", request_kind=kind, pcp_network=network)
    assert (found.decision, found.rule_ids) == (Decision.REJECTED, ("C1",))
    assert "own appeals and claims" in found.reason


@pytest.mark.parametrize("network", NETWORKS)
def test_C2_a_referral_depends_on_the_network_of_the_servicing_provider(way, network):
    def referral(in_network: str):
        return way("carepartners", "dme", request_kind="referral", servicing_in_network=in_network, pcp_network=network)

    assert referral("yes").decision is Decision.NOT_REQUIRED
    assert referral("unknown").decision is Decision.NEEDS_PERSON
    assert (referral("no").decision, referral("no").portal) == (Decision.PORTAL, "carepartners")
    assert {referral(word).rule_ids for word in ("yes", "no", "unknown")} == {("C2",)}


def test_C2_while_it_is_down_by_the_referral_fax(way):
    found = way("carepartners", "dme", request_kind="referral", servicing_in_network="no")
    assert found.fallback == fax("617-972-1028", 24, "C2", "C8")


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("first_day", [date(2024, 12, 31), date(2025, 1, 1), TODAY])
def test_C3_part_d_drugs_go_to_promptpa_whoever_the_doctor_is(way, network, first_day):
    found = way("carepartners", "drug_part_d", pcp_network=network, from_date=first_day)
    assert (found.decision, found.portal, found.rule_ids) == (Decision.PORTAL, "promptpa", ("C3",))
    assert found.fallback == fax("617.673.0956", 24, "C3", "C8")


@pytest.mark.parametrize("category", ["inpatient", "behavioral_health_inpatient", "snf_rehab"])
@pytest.mark.parametrize("network", NETWORKS)
def test_C4_every_admission_is_notified_on_the_portal(way, category, network):
    found = way("carepartners", category, request_kind="inpatient_notification", pcp_network=network)
    assert (found.decision, found.portal, found.rule_ids) == (Decision.PORTAL, "carepartners", ("C4",))
    assert found.fallback == fax("857-304-6410", 24, "C4", "C8")


@pytest.mark.parametrize("category", ["dme", "inpatient", "radiology_high_tech", "drug_part_b", "home_health", "ambulance"])
def test_C5_apn_ct_members_go_to_optum_pro_and_are_never_faxed(way, category):
    found = way("carepartners", category, pcp_network="apn_ct")
    assert (found.decision, found.portal, found.rule_ids) == (Decision.PORTAL, "optum_pro", ("C5",))
    assert found.fallback == phone("1-888-556-7048", 24, "C5")
    urgent = way("carepartners", category, pcp_network="apn_ct", urgency="urgent")
    assert urgent.fallback == phone("1-888-556-7048", 0, "C5")


def test_C5_the_phone_has_desk_hours(book):
    assert book.desk("1-888-556-7048").hours_text == "Mon-Fri 08:00-18:00 (America/New_York)"


def test_C5_begins_with_services_of_2025(way):
    before = way("carepartners", "dme", pcp_network="apn_ct", from_date=date(2024, 12, 31), as_of=date(2025, 1, 10))
    assert (before.portal, before.rule_ids) == ("carepartners", ("C7",))
    first = way("carepartners", "dme", pcp_network="apn_ct", from_date=date(2025, 1, 1), as_of=date(2025, 1, 1))
    assert first.portal == "optum_pro"


def test_C5_is_not_in_force_before_2025(way):
    asked_early = way("carepartners", "dme", pcp_network="apn_ct", from_date=date(2025, 1, 2), as_of=date(2024, 12, 31))
    assert (asked_early.portal, asked_early.rule_ids) == ("carepartners", ("C7",))


def test_C6_an_unknown_doctor_starts_on_the_portal_which_may_redirect(way, book):
    found = way("carepartners", "dme", pcp_network="unknown")
    assert (found.decision, found.portal, found.rule_ids) == (Decision.PORTAL, "carepartners", ("C6",))
    rule = book.rule("C6").then
    assert isinstance(rule, Outcome)
    assert rule.may_redirect_to == ("optum_pro",)


def test_C6_ends_where_C5_ends(way):
    assert way("carepartners", "dme", pcp_network="unknown", from_date=date(2024, 12, 31)).rule_ids == ("C7",)


@pytest.mark.parametrize("category", ["dme", "inpatient", "behavioral_health_outpatient", "drug_part_b", "nicu", "ivf"])
def test_C7_any_other_authorization_goes_to_the_portal(way, category):
    found = way("carepartners", category, pcp_network="other")
    assert (found.decision, found.portal, found.rule_ids) == (Decision.PORTAL, "carepartners", ("C7",))
    assert found.fallback == fax("857-304-6463", 24, "C7", "C8")


@pytest.mark.parametrize(
    ("facts", "number"),
    [
        ({"request_kind": "referral", "servicing_in_network": "no"}, "617-972-1028"),
        ({"service_category": "drug_part_d"}, "617.673.0956"),
        ({"request_kind": "inpatient_notification"}, "857-304-6410"),
        ({"pcp_network": "other"}, "857-304-6463"),
    ],
)
def test_C8_faxes_leave_at_once_when_urgent_and_after_the_wait_when_standard(way, facts, number):
    for urgency, wait_hours in (("urgent", 0), ("emergent", 0), ("standard", 24)):
        fallback = way("carepartners", "inpatient", urgency=urgency, **facts).fallback
        assert fallback is not None
        assert (fallback.decision, fallback.number, fallback.wait_hours) == (FallbackWay.FAX, number, wait_hours)
        assert fallback.rule_ids[-1] == "C8"


def test_C8_the_wait_is_the_practices(way):
    from bots.model import Payer

    settings = RoutingSettings(standard_wait_hours={Payer.CAREPARTNERS: 4})
    fallback = way("carepartners", "dme", pcp_network="other", settings=settings).fallback
    assert fallback is not None
    assert fallback.wait_hours == 4


def test_CP1_a_coverage_of_another_payer_is_a_persons(way):
    found = way("carepartners", "dme", coverage="husky_a", request_kind="appeal")
    assert (found.decision, found.rule_ids) == (Decision.NEEDS_PERSON, ("CP1",))


def test_CP2_a_cancellation_is_a_persons(way):
    found = way("carepartners", "dme", certification="cancel", pcp_network="apn_ct")
    assert (found.decision, found.rule_ids) == (Decision.NEEDS_PERSON, ("CP2",))


@pytest.mark.parametrize(
    "category", ["behavioral_health_inpatient", "behavioral_health_home_health", "behavioral_health_outpatient"]
)
@pytest.mark.parametrize("network", ["apn_ct", "unknown"])
def test_CP3_behavioral_health_of_apn_ct_members_lets_the_portal_decide(way, book, category, network):
    found = way("carepartners", category, pcp_network=network)
    assert (found.portal, found.rule_ids) == ("carepartners", ("CP3",))
    assert book.rule("CP3").source == "PriorBot: no public rule found; a person decides"


def test_CP4_stands_last_so_that_nothing_is_left_undecided(book):
    from bots.model import Payer

    last = book.of(Payer.CAREPARTNERS).routing[-1]
    assert (last.id, last.valid_to) == ("CP4", UNSET)
    assert isinstance(last.then, Outcome)
    assert last.then.decision is Decision.NEEDS_PERSON


@pytest.mark.parametrize(("category", "network"), [("dme", "unknown"), ("behavioral_health_outpatient", "apn_ct")])
def test_CP5_where_a_fax_may_be_forbidden_a_person_phones(way, category, network):
    assert way("carepartners", category, pcp_network=network).fallback == phone("888-341-1508", 24, "CP5")
    assert way("carepartners", category, pcp_network=network, urgency="emergent").fallback == phone("888-341-1508", 0, "CP5")
