"""A portal that hands a request over to another: it goes on there, under that portal's account and rules, and is sent once."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace
from protocol_double import FakeClock, Truth, World, build_request, open_office

from bots.errors import NoAccountThere, Redirected
from bots.model import AuthRequest, Coverage, Payer, PcpNetwork, Status, Urgency
from jobs import events as happened
from jobs.dispatch import submit_due
from jobs.journal import Journal
from jobs.office import PortalPlan
from jobs.payer_rules import PayerRules
from jobs.routing import RoutingSettings, route
from jobs.rulebook import load_rulebook
from jobs.state import AttemptState, FallbackWay

HERE, THERE = "carepartners", "optum_pro"


class HandsOver(World):
    """Its portal `HERE` hands every request over to `THERE`."""

    @asynccontextmanager
    async def open(self, slug: str, account: str) -> Any:
        async with super().open(slug, account) as portal:
            if slug == HERE:
                portal.submit = self._redirect  # type: ignore[method-assign]
            yield portal

    async def _redirect(self, request: AuthRequest, gate: object, *, dry_run: bool = False) -> Any:
        self.calls.append(f"redirect {request.request_id}")
        raise Redirected(HERE, to=THERE)


class SlowForOthers(HandsOver):
    """Hands over R-1 only; with any other request `HERE` is at work until R-1 has arrived somewhere, or for a good while."""

    async def _redirect(self, request: AuthRequest, gate: object, *, dry_run: bool = False) -> Any:
        if request.request_id == "R-1":
            return await super()._redirect(request, gate, dry_run=dry_run)
        for _ in range(10_000):
            if self.truth.accepted():
                break
            await asyncio.sleep(0)
        self.calls.append("the sender ended")
        raise Redirected(HERE, to=THERE)


def asked(network: PcpNetwork = PcpNetwork.UNKNOWN) -> AuthRequest:
    return build_request(
        payer=Payer.CAREPARTNERS, coverage=Coverage.CAREPARTNERS_HMO, pcp_network=network, from_date=date(2026, 3, 2)
    )


def take_in(journal: Journal, request: AuthRequest) -> None:
    way = route(request, as_of=date(2026, 3, 2), rulebook=load_rulebook(), settings=RoutingSettings())
    assert way.portal == HERE
    list(journal.accept_all([(request, "1")]))
    journal.set_routes([(request.request_id, way)])


def plans(**accounts: tuple[str, ...]) -> dict[str, PortalPlan]:
    return {slug: PortalPlan(slug=slug, accounts=names) for slug, names in accounts.items()}


async def test_it_goes_on_there_in_the_same_run_and_is_sent_once(journal: Journal, truth: Truth, clock: FakeClock) -> None:
    take_in(journal, asked())
    office = open_office(journal, HandsOver(truth, clock), plans=plans(carepartners=("cp",), optum_pro=("op",)))
    (outcome,) = await submit_due(office)
    assert (outcome.status, outcome.portal, outcome.account) == (Status.SUBMITTED, THERE, "op")
    assert [request_id for request_id, _ in truth.accepted()] == ["R-1"]
    snapshot = journal.snapshot("R-1")
    assert snapshot.route is not None
    assert (snapshot.route.portal, snapshot.route.redirected_from, snapshot.route.rule_ids) == (THERE, HERE, ("C6", "C5"))


async def test_it_does_not_wait_for_the_senders_other_work(journal: Journal, truth: Truth, clock: FakeClock) -> None:
    take_in(journal, asked())
    take_in(journal, replace(asked(), request_id="R-2"))
    world = SlowForOthers(truth, clock)
    await submit_due(open_office(journal, world, plans=plans(carepartners=("cp", "cp2"), optum_pro=("op",))))
    assert [request_id for request_id, _ in truth.accepted()] == ["R-1", "R-2"]
    sent = [call for call in world.calls if call == "the sender ended" or call.startswith("submit")]
    assert sent.index("submit R-1") < sent.index("the sender ended")


async def test_both_portals_and_their_accounts_stand_in_the_journal(journal: Journal, truth: Truth, clock: FakeClock) -> None:
    take_in(journal, asked())
    await submit_due(open_office(journal, HandsOver(truth, clock), plans=plans(carepartners=("cp",), optum_pro=("op",))))
    told = [(each.portal, each.account, each.state, each.error_code) for each in journal.attempts()]
    assert told == [(HERE, "cp", AttemptState.ABANDONED, "redirected"), (THERE, "op", AttemptState.RECEIPT, "")]
    routes = [event.body.route.portal for event in journal.events("R-1") if isinstance(event.body, happened.Routed)]
    assert routes == [HERE, THERE]


async def test_without_an_account_there_one_sentence_says_who_must_do_what(
    journal: Journal, truth: Truth, clock: FakeClock
) -> None:
    take_in(journal, asked())
    office = open_office(journal, HandsOver(truth, clock), plans=plans(carepartners=("cp",), optum_pro=()))
    (outcome,) = await submit_due(office)
    assert (outcome.status, outcome.error_code) == (Status.WAITING, NoAccountThere.code)
    assert outcome.reason.startswith("carepartners hands this request over to optum_pro, and no account for optum_pro is set up.")
    assert "[portals.optum_pro]" in journal.snapshot("R-1").next_action
    assert truth.accepted() == []


async def test_it_goes_on_by_itself_once_the_account_is_there(journal: Journal, truth: Truth, clock: FakeClock) -> None:
    take_in(journal, asked())
    world = HandsOver(truth, clock)
    await submit_due(open_office(journal, world, plans=plans(carepartners=("cp",), optum_pro=())))
    await submit_due(open_office(journal, world, plans=plans(carepartners=("cp",), optum_pro=("op",))))
    assert [request_id for request_id, _ in truth.accepted()] == ["R-1"]
    assert world.calls.count("redirect R-1") == 1


async def test_a_request_that_names_another_doctor_is_a_persons(journal: Journal, truth: Truth, clock: FakeClock) -> None:
    """What the request says and what the portal does contradict each other."""
    take_in(journal, asked(PcpNetwork.OTHER))
    office = open_office(journal, HandsOver(truth, clock), plans=plans(carepartners=("cp",), optum_pro=("op",)))
    (outcome,) = await submit_due(office)
    assert (outcome.status, outcome.error_code) == (Status.NEEDS_PERSON, "redirected")
    assert truth.accepted() == []


async def test_a_dry_run_tells_of_it_and_moves_nothing(journal: Journal, truth: Truth, clock: FakeClock) -> None:
    take_in(journal, asked())
    office = open_office(journal, HandsOver(truth, clock), plans=plans(carepartners=("cp",), optum_pro=("op",)))
    (outcome,) = await submit_due(office, dry_run=True)
    assert (outcome.status, outcome.error_code) == (Status.NEW, "redirected")
    assert journal.snapshot("R-1").route is not None
    assert journal.snapshot("R-1").route.portal == HERE  # type: ignore[union-attr]


@pytest.mark.parametrize(("urgency", "hours"), [(Urgency.STANDARD, 24), (Urgency.URGENT, 0)])
def test_C5_there_the_other_way_is_the_phone_and_never_the_fax(urgency: Urgency, hours: int) -> None:
    request = build_request(
        payer=Payer.CAREPARTNERS, coverage=Coverage.CAREPARTNERS_PPO, urgency=urgency, from_date=date(2026, 3, 2)
    )
    rules, now = PayerRules(), FakeClock()()
    way = route(request, as_of=now.date(), rulebook=rules.rulebook, settings=RoutingSettings())
    onward = rules.after_redirect(way, request, THERE, now)
    assert onward is not None
    assert onward.fallback is not None
    assert (onward.fallback.decision, onward.fallback.number) == (FallbackWay.PHONE, "1-888-556-7048")
    assert onward.fallback.wait_hours == hours
    assert rules.after_redirect(onward, request, HERE, now) is None, "nothing is handed back"
