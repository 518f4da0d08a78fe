"""On which form a request is faxed, rule by rule."""

from __future__ import annotations

from datetime import date

import pytest

from bots.fax.packet_errors import NoFormKnown
from jobs.fax_packet import form_for

TODAY = date(2026, 11, 23)
NOTICE = {"request_kind": "inpatient_notification"}


@pytest.fixture
def form(ask, book):
    def find(payer, category, **facts):
        return form_for(ask(payer, category, **facts), as_of=TODAY, rulebook=book).name

    return find


def test_HF1_home_care(form):
    assert form("husky", "home_health") == "chnct_home_health"


def test_HF2_stays_admissions_and_acute_rehabilitation(form):
    found = {form("husky", "inpatient"), form("husky", "snf_rehab"), form("husky", "outpatient_surgery", **NOTICE)}
    assert found == {"chnct_inpatient"}


@pytest.mark.parametrize("category", ["dme", "medical_supplies", "therapy_pt", "therapy_ot", "therapy_st", "outpatient_surgery"])
def test_HF3_outpatient_services(form, category):
    assert form("husky", category) == "chnct_outpatient"


def test_HF3_what_goes_to_others_has_no_form_of_chnct(form):
    for category in ("radiology_high_tech", "behavioral_health_outpatient", "drug_part_d", "ambulance"):
        with pytest.raises(NoFormKnown):
            form("husky", category)


@pytest.mark.parametrize("network", ["apn_ct", "other", "unknown"])
def test_CF1_part_d_drugs(form, network):
    assert form("carepartners", "drug_part_d", pcp_network=network) == "part_d_coverage_determination"


def test_CF2_referrals(form):
    assert form("carepartners", "outpatient_medical", request_kind="referral") == "carepartners_referral"


def test_CF3_admissions(form):
    for category in ("inpatient", "behavioral_health_inpatient"):
        assert form("carepartners", category, **NOTICE) == "carepartners_inpatient_notification"


def test_CF4_any_other_authorization(form):
    for category in ("dme", "drug_part_b", "inpatient", "behavioral_health_outpatient"):
        assert form("carepartners", category) == "carepartners_prior_auth"


def test_CF4_an_appeal_has_no_form(form):
    with pytest.raises(NoFormKnown):
        form("carepartners", "dme", request_kind="appeal")


@pytest.mark.parametrize("kind", ["prior_auth", "referral", "inpatient_notification"])
@pytest.mark.parametrize("category", ["dme", "nicu", "ivf", "snf_rehab", "behavioral_health_inpatient"])
def test_BF1_everything_on_the_massachusetts_form(form, kind, category):
    assert form("bcbsma", category, request_kind=kind) == "massachusetts_prior_auth"
