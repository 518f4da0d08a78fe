"""The rules as data against the same rules written down a second time, plainly, and what must hold for every request at all.

The product of everything that decides a payer's route is walked whole; what does not decide is drawn at random beside it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from plain_rules import COVERAGES, Answer, expected

from bots.model import (
    AuthRequest,
    Certification,
    Coverage,
    Known,
    MedicareParts,
    Payer,
    PcpNetwork,
    RequestKind,
    ServiceCategory,
    Urgency,
)
from jobs.routing import RoutingSettings, after_outage, portals_known, route, route_as_json
from jobs.rule_schema import NumberKind
from jobs.rulebook import RuleBook
from jobs.state import Decision, FallbackWay, Route

TODAY = date(2026, 11, 23)
# --- What must hold --------------------------------------------------------------------------------------------------


def told(found: Route) -> Answer:
    fallback = found.fallback
    other = None if fallback is None else (str(fallback.decision), fallback.number, fallback.wait_hours)
    return str(found.decision), found.portal or found.number, other, found.rule_ids[-1]


def check_invariants(request: AuthRequest, found: Route, book: RuleBook, as_of: date) -> None:
    numbers = [(found.decision, found.number)]
    if found.fallback is not None:
        numbers.append((Decision(found.fallback.decision), found.fallback.number))
        assert found.fallback.rule_ids
    for way, number in numbers:
        assert (number != "") == (way in (Decision.FAX, Decision.PHONE))
        if number:
            desk = book.desk(number)
            assert desk.payer == request.payer
            assert desk.kind == (NumberKind.FAX if way is Decision.FAX else NumberKind.PHONE)
            assert desk.kind is NumberKind.FAX or desk.say
    assert found.request_id == request.request_id
    assert found.reason
    assert (found.decision is Decision.PORTAL) == bool(found.portal) == (found.fallback is not None)
    assert not found.portal or found.portal in portals_known(book)
    assert found.rule_ids
    assert all(book.rule(rule_id).in_force(as_of) for rule_id in (*found.rule_ids, *(found.fallback or found).rule_ids))
    ways = {way for way, _ in numbers}
    if found.portal == "optum_pro":
        assert Decision.FAX not in ways
    if request.payer is Payer.HUSKY and request.service_category is ServiceCategory.HOME_HEALTH:
        assert Decision.FAX not in ways
    if request.payer is Payer.HUSKY and request.service_category is ServiceCategory.BEHAVIORAL_HEALTH_INPATIENT:
        assert not ways & {Decision.PORTAL, Decision.FAX}


def check(request: AuthRequest, book: RuleBook, as_of: date = TODAY) -> None:
    found = route(request, as_of=as_of, rulebook=book, settings=RoutingSettings())
    assert told(found) == expected(request, as_of), request
    check_invariants(request, found, book, as_of)


CORE: dict[str, list[Any]] = {
    "service_category": list(ServiceCategory),
    "request_kind": list(RequestKind),
    "urgency": list(Urgency),
}
PAYERS: dict[Payer, dict[str, list[Any]]] = {
    Payer.HUSKY: {"medicare_parts": list(MedicareParts), "medicare_covers_service": list(Known)},
    Payer.CAREPARTNERS: {
        "pcp_network": list(PcpNetwork),
        "servicing_in_network": list(Known),
        "from_date": [date(2024, 12, 31), date(2026, 11, 23)],
    },
    Payer.BCBSMA: {
        "attached": ["", "InterQual SmartSheet.pdf"],
        "certification": [Certification.INITIAL, Certification.EXTENSION],
    },
}


@pytest.mark.parametrize(("payer", "coverage"), [(payer, coverage) for payer in Payer for coverage in COVERAGES[payer]])
def test_each_combination_of_what_decides_goes_where_the_rules_say(ask, book, payer, coverage):
    dimensions = CORE | PAYERS[payer]
    for values in product(*dimensions.values()):
        facts = dict(zip(dimensions, values, strict=True))
        check(ask(payer, facts.pop("service_category"), coverage=Coverage(coverage), **facts), book)


ANYTHING = st.fixed_dictionaries(
    {
        "payer": st.sampled_from(Payer),
        "category": st.sampled_from(ServiceCategory),
        "coverage": st.sampled_from(Coverage),
        "request_kind": st.sampled_from(RequestKind),
        "certification": st.sampled_from(Certification),
        "urgency": st.sampled_from(Urgency),
        "medicare_parts": st.sampled_from(MedicareParts),
        "medicare_covers_service": st.sampled_from(Known),
        "pcp_network": st.sampled_from(PcpNetwork),
        "servicing_in_network": st.sampled_from(Known),
        "dob": st.dates(date(1920, 1, 1), date(2026, 12, 31)),
        "from_date": st.dates(date(2024, 6, 1), date(2027, 6, 1)),
        "attached": st.sampled_from(["", "notes.pdf", "InterQual SmartSheet.pdf"]),
    }
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(facts=ANYTHING, looked_at=st.integers(-20, 20))
def test_any_request_at_all_gets_exactly_one_way(ask, book, facts, looked_at):
    facts = dict(facts)
    request = ask(facts.pop("payer"), facts.pop("category"), **facts)
    check(request, book, request.from_date + timedelta(days=looked_at))


@settings(max_examples=200, deadline=None)
@given(facts=ANYTHING, down_minutes=st.integers(0, 60 * 72), wait_hours=st.integers(0, 72))
@example(facts={"payer": Payer.HUSKY, "category": ServiceCategory.DME}, down_minutes=24 * 60, wait_hours=24)
@example(facts={"payer": Payer.HUSKY, "category": ServiceCategory.DME}, down_minutes=24 * 60 - 1, wait_hours=24)
def test_in_an_outage_a_request_waits_or_leaves_by_its_one_other_way(ask, book, facts, down_minutes, wait_hours):
    facts = dict(facts)
    request = ask(facts.pop("payer"), facts.pop("category"), **facts)
    chosen = RoutingSettings(standard_wait_hours=dict.fromkeys(Payer, wait_hours))
    found = route(request, as_of=request.from_date, rulebook=book, settings=chosen)
    if found.fallback is None:
        return
    began = datetime(2026, 11, 23, 14, tzinfo=UTC)
    step = after_outage(found, request, down_since=began, now=began + timedelta(minutes=down_minutes))
    waits = timedelta(hours=found.fallback.wait_hours)
    assert found.fallback.wait_hours in (0, wait_hours)
    if timedelta(minutes=down_minutes) < waits:
        assert (step.way, step.number, step.until) == (FallbackWay.WAIT, "", began + waits)
    else:
        assert (step.way, step.number, step.until) == (found.fallback.decision, found.fallback.number, None)
    assert step.rule_ids == found.fallback.rule_ids


def test_route_json_has_the_promised_shape(way):
    assert route_as_json(way("husky", "dme", urgency="urgent", medicare_parts="a", medicare_covers_service="no")) == {
        "request_id": "SYN-1",
        "decision": "portal",
        "portal": "clear_coverage",
        "number": "",
        "fallback": {"decision": "fax", "number": "203.265.3994", "wait_hours": 0},
        "rule_ids": ["H1", "H5", "H12"],
        "reason": "Equipment, supplies, therapies, home health visits and outpatient surgery go through CHNCT's medical portal.",
    }
    assert route_as_json(way("husky", "snf_rehab")) == {
        "request_id": "SYN-1",
        "decision": "fax",
        "portal": "",
        "number": "203.774.0551",
        "fallback": None,
        "rule_ids": ["H8"],
        "reason": "Acute rehabilitation is requested from CHNCT by fax, at a number of its own.",
    }


def test_route_json_names_a_rule_once(way):
    assert route_as_json(way("carepartners", "dme", pcp_network="apn_ct"))["rule_ids"] == ["C5"]


def test_every_portal_that_the_rules_name():
    assert portals_known() == {
        "clear_coverage",
        "husky_medical",
        "evicore",
        "provider_connect",
        "husky_secure",
        "carepartners",
        "promptpa",
        "optum_pro",
        "authorization_manager",
        "bluecard",
        "connect_center",
    }
