"""Every fax number of the payers' rules: a request of that kind is faxed to exactly that one, on that form, and to no other.

One row a row of the rules (H7, H8, H12, H13, H16, C2, C3, C4, C7, B2, B5, BA1, BA2) and of the fallback table behind them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from fax_help import DESK, SENDER, make_request

from bots.fax.form_layout import find_gaps
from bots.fax.form_values import Facts
from bots.model import AuthRequest, Coverage, Payer, ServiceCategory
from jobs.fax_directory import FaxDirectory
from jobs.fax_packet import addressee_of, form_for, reference_of
from jobs.journal import Journal
from jobs.routing import RoutingSettings, additional_clinical_fax, after_outage, route
from jobs.rule_schema import NumberKind
from jobs.rulebook import RuleBook, load_rulebook
from jobs.state import Decision, FallbackWay

TODAY = date(2026, 11, 23)
NOON = datetime(2026, 11, 23, 17, tzinfo=UTC)
BEHAVIORAL = ("behavioral_health_inpatient", "behavioral_health_home_health", "behavioral_health_outpatient")
URGENCIES = ("standard", "urgent", "emergent")
MASSACHUSETTS = "massachusetts_prior_auth"
SHEET = [{"path": "/packets/InterQual SmartSheet.pdf", "sha256": "0" * 64, "size": 9}]


def row(number: str, form: str, payer: str, category: str, coverage: str, **facts: Any) -> tuple[str, str, dict[str, Any]]:
    return number, form, {"payer": payer, "service_category": category, "coverage": coverage, **facts}


def husky(number: str, form: str, category: str, **facts: Any) -> tuple[str, str, dict[str, Any]]:
    return row(number, form, "husky", category, "husky_a", **facts)


def carepartners(number: str, form: str, category: str, **facts: Any) -> tuple[str, str, dict[str, Any]]:
    return row(number, form, "carepartners", category, "carepartners_hmo", **{"pcp_network": "other", **facts})


def bcbsma(number: str, coverage: str, category: str, **facts: Any) -> tuple[str, str, dict[str, Any]]:
    return row(number, MASSACHUSETTS, "bcbsma", category, coverage, **facts)


CHNCT, CHNCT_REHAB = "203.265.3994", "203.774.0551"
MEDICAL = ("dme", "medical_supplies", "therapy_pt", "therapy_ot", "therapy_st", "outpatient_surgery")
OUTPATIENT = ("dme", "inpatient", "outpatient_medical", "radiology_high_tech")
OWN = tuple(f"bcbsma_{each}" for each in ("commercial", "medicare_advantage", "medex", "fep", "employee"))
CAREPARTNERS_MEDICAL = (
    "dme",
    "therapy_pt",
    "outpatient_surgery",
    "outpatient_medical",
    "inpatient",
    "drug_part_b",
    "home_health",
)
ADMISSION = {"request_kind": "inpatient_notification"}
ROWS = [
    # H7, H8, H12, H13, H16
    husky(CHNCT, "chnct_inpatient", "inpatient", urgency="standard"),
    *(husky(CHNCT_REHAB, "chnct_inpatient", "snf_rehab", urgency=urgency) for urgency in URGENCIES),
    *(husky(CHNCT, "chnct_outpatient", each, urgency=urgency) for each in MEDICAL for urgency in URGENCIES),
    *(husky(CHNCT, "chnct_inpatient", "inpatient", urgency=urgency) for urgency in ("urgent", "emergent")),
    *(husky(CHNCT, "chnct_inpatient", "inpatient", urgency=urgency, **ADMISSION) for urgency in ("urgent", "emergent")),
    *(husky(CHNCT, "chnct_outpatient", "dme", certification=each) for each in ("extension", "revised")),
    # C2, C3, C4, C7
    *(
        carepartners("617-972-1028", "carepartners_referral", "outpatient_medical", request_kind="referral", urgency=urgency,
                     servicing_in_network="no")
        for urgency in URGENCIES
    ),
    *(carepartners("617.673.0956", "part_d_coverage_determination", "drug_part_d", urgency=urgency) for urgency in URGENCIES),
    carepartners("617.673.0956", "part_d_coverage_determination", "drug_part_d", pcp_network="apn_ct"),
    *(
        carepartners("857-304-6410", "carepartners_inpatient_notification", each, urgency=urgency, **ADMISSION)
        for each in ("inpatient", "behavioral_health_inpatient")
        for urgency in URGENCIES
    ),
    *(carepartners("857-304-6463", "carepartners_prior_auth", each) for each in (*CAREPARTNERS_MEDICAL, *BEHAVIORAL)),
    # B2, B5
    *(bcbsma("1-866-303-5749", each, "nicu") for each in OWN),
    *(bcbsma("1-888-608-3693", "bcbsma_employee", each) for each in BEHAVIORAL),
    *(bcbsma("617-246-4299", "bcbsma_employee", each) for each in ("dme", "inpatient", "therapy_pt", "ivf", "snf_rehab")),
    bcbsma("1-800-205-8885", "bcbsma_medicare_advantage", "snf_rehab"),
    *(bcbsma("1-800-447-2994", "bcbsma_medicare_advantage", each) for each in ("dme", "inpatient", *BEHAVIORAL)),
    *(bcbsma("617-246-4210", "bcbsma_medex", each) for each in ("dme", "snf_rehab", *BEHAVIORAL)),
    *(bcbsma("1-888-282-1315", "bcbsma_fep", each) for each in ("dme", "snf_rehab", *BEHAVIORAL)),
    *(bcbsma("1-866-577-9678", "bcbsma_commercial", "inpatient", urgency=each, **ADMISSION) for each in ("urgent", "emergent")),
    *(bcbsma("1-888-641-5199", "bcbsma_commercial", each) for each in BEHAVIORAL),
    *(bcbsma("1-866-577-9901", "bcbsma_commercial", f"therapy_{each}") for each in ("pt", "ot", "st")),
    bcbsma("1-800-836-1112", "bcbsma_commercial", "ivf"),
    bcbsma("1-888-641-5330", "bcbsma_commercial", "snf_rehab"),
    bcbsma("1-888-641-1375", "bcbsma_commercial", "outpatient_surgery", attachments=SHEET),
    *(bcbsma("1-888-282-0780", "bcbsma_commercial", each) for each in OUTPATIENT),
    bcbsma("1-888-282-0780", "bcbsma_commercial", "outpatient_medical", request_kind="referral"),
    bcbsma("1-888-282-0780", "bcbsma_commercial", "inpatient", urgency="standard", **ADMISSION),
]  # fmt: skip
CLINICAL = {
    ("bcbsma_commercial", True): "1-888-282-1321",
    ("bcbsma_fep", False): "1-866-577-9682",
    ("bcbsma_medicare_advantage", False): "1-866-577-9682",
}


@pytest.fixture(scope="module")
def book() -> RuleBook:
    return load_rulebook()


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory, book: RuleBook) -> Iterator[FaxDirectory]:
    """In which nobody has changed a number."""
    with Journal.open(f"sqlite:///{tmp_path_factory.mktemp('home') / 'journal.db'}") as journal:
        yield FaxDirectory(journal, book)


def asked(facts: dict[str, Any]) -> AuthRequest:
    return make_request(**{"urgency": "standard", **facts})


def faxed_to(request: AuthRequest, book: RuleBook) -> str:
    """The number behind the request's way, or behind its way while the portal is down; "" where it is never faxed."""
    way = route(request, as_of=TODAY, rulebook=book, settings=RoutingSettings())
    if way.decision is Decision.FAX:
        return way.number
    if way.fallback is None or way.fallback.decision is not FallbackWay.FAX:
        return ""
    long_down = datetime(2026, 11, 20, tzinfo=UTC)
    step = after_outage(way, request, down_since=long_down, now=NOON)
    assert (step.way, step.number) == (FallbackWay.FAX, way.fallback.number)
    return step.number


@pytest.mark.parametrize(("number", "form", "facts"), ROWS)
def test_a_request_of_this_kind_is_faxed_to_exactly_this_number_on_this_form(book, directory, number, form, facts):
    request = asked(facts)
    assert faxed_to(request, book) == number
    desk = book.desk(number)
    assert desk.payer is request.payer
    assert directory.current(desk) == number
    assert addressee_of(desk).number == number
    assert form_for(request, as_of=TODAY, rulebook=book).name == form


@pytest.mark.parametrize(("asked_for", "number"), CLINICAL.items())
def test_clinical_that_is_asked_for_later_goes_to_its_own_number(book, asked_for, number):
    coverage, concurrent = asked_for
    request = asked({"payer": "bcbsma", "coverage": coverage, "service_category": "inpatient"})
    desk = additional_clinical_fax(request, concurrent_review=concurrent, as_of=TODAY, rulebook=book)
    assert desk is not None
    assert desk.number == number


def test_no_number_of_the_directory_is_left_out(book):
    faxes = {desk.number for desk in book.desks.values() if desk.kind is NumberKind.FAX}
    assert faxes == {number for number, _, _ in ROWS} | set(CLINICAL.values())
    assert len(faxes) == 22


NEVER = [
    *(husky("", "", "home_health", urgency=each) for each in URGENCIES),
    *(husky("", "", each) for each in (*BEHAVIORAL, "radiology_high_tech")),
    *(carepartners("", "", each, pcp_network=network) for each in ("dme", *BEHAVIORAL) for network in ("apn_ct", "unknown")),
    *(row("", "", "bcbsma", each, "bluecard") for each in ("dme", "nicu", "inpatient")),
]


@pytest.mark.parametrize(("_number", "_form", "facts"), NEVER)
def test_what_a_payer_takes_no_fax_for_is_never_faxed(book, _number, _form, facts):
    assert faxed_to(asked(facts), book) == ""


def test_whatever_is_faxed_has_a_form_whose_boxes_say_what_it_is(book):
    """Over every combination of what routing looks at: no fax without a form, no box that a payer requires left open."""
    coverages = {payer: [each for each in Coverage if each.value.startswith(payer.value)] for payer in Payer}
    kinds = ("prior_auth", "referral", "inpatient_notification")
    certifications = ("initial", "renewal", "extension", "revised")
    seen = 0
    for payer, coverages_of in coverages.items():
        for coverage, category, kind, urgency, certification in itertools.product(
            coverages_of, ServiceCategory, kinds, ("standard", "emergent"), certifications
        ):
            request = asked(
                {
                    "payer": payer, "coverage": coverage, "service_category": category, "request_kind": kind, "urgency": urgency,
                    "certification": certification, "pcp_network": "other", "servicing_in_network": "no",
                }
            )  # fmt: skip
            if not faxed_to(request, book):
                continue
            form = form_for(request, as_of=TODAY, rulebook=book)
            facts = Facts(request=request, sender=SENDER, to=DESK, today=TODAY, reference="R", documents=1)
            assert find_gaps(form, facts).required == (), (payer, coverage, category, kind, urgency, certification)
            seen += 1
    assert seen > 400


def test_a_reference_says_nothing_of_the_patient_and_fits_a_bar_code():
    assert reference_of(make_request(request_id="HUSKY-001")) == "HUSKY-001"
    named = [
        reference_of(make_request(request_id=each))
        for each in ("TESTMAPLE-7", "2026-ingeborg", "X004561237", "an id of many words")
    ]
    assert len(set(named)) == 4
    assert all(len(each) == 16 and each.startswith("R") for each in named)
    assert reference_of(make_request(request_id="TESTMAPLE-7")) == named[0], "always the same"
