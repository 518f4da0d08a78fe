"""ConnectCenter opens from Provider Central only, answers as payers answer, and is as awkward as it is said to be."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from fixtures.faults import Fault
from fixtures.payer import Ask, Line
from fixtures.people import providers
from fixtures.plans import PlanMember, bcbsma_members, covered
from fixtures.portals.connect_center.benefits import BLUE_CROSS, claims_elsewhere
from fixtures.world import WorldApp

TODAY = date(2019, 6, 12)


def us(day: date) -> str:
    return day.strftime("%m/%d/%Y")


def member(tag: str, n: int = 0) -> PlanMember:
    return [each for each in bcbsma_members() if tag in each.tags][n]


class Desk:
    """Somebody at Provider Central."""

    def __init__(self, app: WorldApp) -> None:
        transport = httpx.ASGITransport(app=app)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://connect-center.localhost", follow_redirects=True)

    async def page(self, path: str, data: dict[str, str] | None = None) -> str:
        path = path if path.startswith("/") else "/provider/" + path
        answer = await (self.http.get(path) if data is None else self.http.post(path, data=data))
        return answer.text

    async def launch(self) -> dict[str, str]:
        """Go Now; what the form in the new window then posts by itself."""
        key = re.search(r'name="key" value="(\w+)"', await self.page("etools/connectcenter"))
        assert key
        shown = await self.page("etools/cc", {"key": key[1]})
        statement = re.search(r'name="SAMLResponse" value="(\w+)"', shown)
        assert statement
        return {"SAMLResponse": statement[1]}

    async def ask(self, who: PlanMember, **changes: str) -> str:
        asked = {
            "kind": "Commercial",
            "payer": BLUE_CROSS,
            "npi": providers()[0].npi,
            "member_id": who.id,
            "dob": us(who.dob),
            "day": us(TODAY),
            "service": "Physical Therapy",
        }
        return await self.page("cc/eligibility", asked | changes)

    async def limits(self, number: int = 1, **how: Any) -> list[tuple[str, str]]:
        """(service, network) of the rows of the table, in their order."""
        more = "".join(f"&{key}={value}" for key, value in how.items())
        shown = await self.page(f"cc/result?id={number}&view=quantity{more}")
        return re.findall(r"<tr><td>([^<]+)</td><td>([^<]+)</td>", shown)

    async def used(self, number: int = 1) -> tuple[int, int, str]:
        """Used, remaining and as-of day of the first limit."""
        shown = await self.page(f"cc/limit?id={number}&row=0")
        found = [re.search(rf'id="v-{name}">([^<]+)<', shown) for name in ("used", "remaining", "asOf")]
        used, remaining, as_of = (match[1] for match in found if match)
        return int(used), int(remaining), as_of


@pytest.fixture
async def desk(app: WorldApp) -> Desk:
    found = Desk(app)
    await found.page("login", {"username": "cn-desk1", "password": "Synthetic$Connect1"})
    await found.page("cc/sso", await found.launch())
    return found


async def test_it_opens_by_go_now_and_a_statement_that_is_good_once(app: WorldApp) -> None:
    desk = Desk(app)
    await desk.page("login", {"username": "cn-desk1", "password": "Synthetic$Connect1"})
    assert "Access Denied" in await desk.page("cc/eligibility")
    statement = await desk.launch()
    assert "Eligibility Inquiry" in await desk.page("cc/sso", statement)
    assert "Access Denied" in await desk.page("cc/sso", statement)


async def test_the_other_tools_of_provider_central_are_there_without_access(desk: Desk) -> None:
    assert "Authorization Manager" in await desk.page("etools")
    assert "has not given you access to this tool" in await desk.page("etools/authorization-manager")


async def test_payers_are_fetched_by_their_kind(desk: Desk) -> None:
    answer = (await desk.http.get("/provider/cc/publicApi/payer/getPayerList?insuranceType=Medicare")).json()
    assert [row["payerName"] for row in answer["responseData"]] == [
        f"{BLUE_CROSS} - Medex",
        f"{BLUE_CROSS} - Medicare Advantage",
        "Mock Medicare Supplement",
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"npi": ""}, "Complete all fields that are marked with a star."),
        ({"npi": "1234567893"}, "Provider Not on File (51)"),
        ({"dob": "01/02/1903"}, "Subscriber/Insured Not Found (75)"),
        ({"payer": "Sample Mutual Health Plan"}, "Subscriber/Insured Not Found (75)"),
        ({"member_id": "XXP89999999900"}, "Invalid/Missing Subscriber/Insured ID (72)"),
        ({"day": us(TODAY + timedelta(days=46))}, "Date of Service Not Within Allowable Inquiry Period (62)"),
        ({"day": us(TODAY - timedelta(days=366))}, "Date of Service Not Within Allowable Inquiry Period (62)"),
        ({"service": "Pharmacy"}, "This payer does not answer for this service type."),
    ],
)
async def test_a_refusal_is_said_as_a_271_answer_says_it(desk: Desk, changes: dict[str, str], said: str) -> None:
    assert said in await desk.ask(member("bc_plain"), **changes)


async def test_a_newborn_is_unknown_and_twins_need_a_first_name(desk: Desk) -> None:
    assert "Not Found (75)" in await desk.ask(member("bc_newborn"))
    twin = member("bc_twin")
    assert "Patient Not Unique" in await desk.ask(twin)
    assert "Active Coverage" in await desk.ask(twin, first_name=twin.first_name)


async def test_coverage_is_told_for_the_day_that_is_asked_about(desk: Desk) -> None:
    """Whoever lost it had it before; whoever gets it later does not have it yet."""
    lost, later = member("bc_inactive"), member("bc_future")
    shown = await desk.ask(lost)
    assert "Inactive" in shown
    assert "View Options" not in shown
    assert "Active Coverage" in await desk.ask(lost, day=us(covered(lost, TODAY)[1]))
    assert "Future Coverage" in await desk.ask(later)
    assert us(covered(later, TODAY)[0]) in await desk.ask(later)


async def test_the_payer_behind_it_may_be_silent(app: WorldApp, desk: Desk) -> None:
    app.world.faults.add(Fault(portal="connect_center", fault="payer_silent"), times_given=False)
    assert "Unable to Respond at Current Time (42)" in await desk.ask(member("bc_plain"))
    assert "Active Coverage" in await desk.ask(member("bc_plain"))


# --- limits -----------------------------------------------------------------------------------------------------------


async def test_sorting_toggles_and_its_order_is_lost_on_return(desk: Desk) -> None:
    await desk.ask(member("bc_plain"))
    up = await desk.limits(sort="network", turned=0)
    down = await desk.limits(sort="network", turned=1)
    assert [network for _, network in up] == sorted(network for _, network in down) == [n for _, n in reversed(down)]
    await desk.page("cc/limit?id=1&row=0")
    back = await desk.limits()
    assert sorted(back) == sorted(up)
    assert back != up
    assert await desk.limits() != back


async def test_used_visits_move_with_what_was_granted_at_the_check_writes(app: WorldApp, desk: Desk) -> None:
    who, world = member("bc_plain", 7), app.world
    elsewhere = claims_elsewhere(who, "Physical Therapy")
    await desk.ask(who)
    assert await desk.used() == (elsewhere, 60 - elsewhere, "06/10/2019")
    line = Line(code="97110", units=12, from_date=TODAY, to_date=TODAY + timedelta(days=12))
    case = world.payer.accept(
        Ask(
            portal="authorization_manager",
            account="am-desk1",
            practice="practice-one",
            draft_no="",
            member_id=who.id,
            family="therapy_pt",
            priority="standard",
            certification="initial",
            from_date=line.from_date,
            to_date=line.to_date,
            requesting_npi=providers()[0].npi,
            lines=(line,),
        ),
        criteria_met=True,
        at_once=True,
    )
    case.usage = 1.0
    world.clock.advance(24 * 14)  # past the check write of the 25th
    await desk.page("login", {"username": "cn-desk1", "password": "Synthetic$Connect1"})
    await desk.page("cc/sso", await desk.launch())
    await desk.ask(who)
    assert await desk.used() == (elsewhere + 12, 48 - elsewhere, "06/25/2019")


async def test_a_federal_employee_has_other_limits_and_equipment_has_none(desk: Desk) -> None:
    fep = {"payer": "Blue Cross Federal Employee Program - Massachusetts"}
    await desk.ask(member("bcbsma_fep"), **fep)
    assert "75 Visits" in await desk.page("cc/result?id=1&view=quantity")
    await desk.ask(member("bc_plain"), service="Durable Medical Equipment Purchase")
    assert {service for service, _ in await desk.limits(2)} == {"Chiropractic"}
