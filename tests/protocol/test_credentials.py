"""Nobody is locked out: a rejected password is never typed again, whatever crashes in between."""

from __future__ import annotations

import pytest
from protocol_double import PORTAL, FakeClock, Truth, World, build_request, open_office, take_in

from bots.errors import PasswordRejected, PasswordUnsure, TermsChanged
from bots.model import Status
from jobs.credentials import Credentials
from jobs.dispatch import submit_due
from jobs.journal import Journal
from jobs.portal_state import PortalStates

WHO = (PORTAL, "north", "keyed-hash-1")
CHANGED = (PORTAL, "north", "keyed-hash-2")


@pytest.fixture
def credentials(journal: Journal) -> Credentials:
    return Credentials(journal)


def test_a_rejected_password_is_never_tried_again_until_it_is_changed(journal: Journal, credentials: Credentials) -> None:
    credentials.trying(*WHO)
    credentials.rejected(*WHO)
    with pytest.raises(PasswordRejected):
        credentials.trying(*WHO)
    PortalStates(journal).enable_portal(PORTAL, "Sam")
    with pytest.raises(PasswordRejected):
        credentials.trying(*WHO)
    credentials.trying(*CHANGED)


def test_another_account_and_another_portal_have_passwords_of_their_own(credentials: Credentials) -> None:
    credentials.trying(*WHO)
    credentials.rejected(*WHO)
    credentials.trying(PORTAL, "south", "keyed-hash-1")
    credentials.trying("husky_secure", "north", "keyed-hash-1")


@pytest.mark.parametrize("has_worked", [True, False])
def test_a_password_whose_answer_nobody_saw_waits_for_a_person_who_was_told_so(
    journal: Journal, credentials: Credentials, has_worked: bool
) -> None:
    states = PortalStates(journal)
    if has_worked:
        credentials.trying(*WHO)
        credentials.accepted(*WHO)
    credentials.trying(*WHO)  # and the process is gone
    states.disable_portal(PORTAL, "north", TermsChanged(PORTAL))
    states.enable_portal(PORTAL, "Sam")  # for another reason: nobody was told of the password
    with pytest.raises(PasswordUnsure) as told:
        credentials.trying(*WHO)
    states.disable_portal(PORTAL, "north", told.value)
    states.enable_portal(PORTAL, "Sam")
    credentials.trying(*WHO)


def test_after_two_doubtful_tries_a_third_password_waits_for_a_person_too(journal: Journal, credentials: Credentials) -> None:
    credentials.trying(*WHO)
    credentials.rejected(*WHO)
    credentials.trying(*CHANGED)  # unseen
    with pytest.raises(PasswordUnsure):
        credentials.trying(PORTAL, "north", "keyed-hash-3")
    PortalStates(journal).enable_portal(PORTAL, "Sam")
    credentials.trying(PORTAL, "north", "keyed-hash-3")


def test_an_accepted_password_may_be_used_as_often_as_needed(credentials: Credentials) -> None:
    for _ in range(5):
        credentials.trying(*WHO)
        credentials.accepted(*WHO)


def test_a_password_that_the_portal_did_not_look_at_may_be_tried_again(credentials: Credentials) -> None:
    credentials.trying(*WHO)
    credentials.unjudged(*WHO)
    credentials.trying(*WHO)


def test_it_is_remembered_over_restarts(journal: Journal, credentials: Credentials) -> None:
    credentials.trying(*WHO)
    credentials.rejected(*WHO)
    assert journal.rebuild()
    with pytest.raises(PasswordRejected):
        Credentials(journal).trying(*WHO)


@pytest.fixture
def wrong(truth: Truth) -> Truth:
    truth.change_password(PORTAL, "north", "another")
    return truth


async def test_a_wrong_password_is_typed_once_then_the_account_waits_for_a_person(
    journal: Journal, wrong: Truth, clock: FakeClock
) -> None:
    take_in(journal, *(build_request(f"R-{number}") for number in range(5)))
    world = World(wrong, clock)
    office = open_office(journal, world)
    for _ in range(4):
        await submit_due(office)
        clock.advance(hours=12)
    assert wrong.rejected_passwords() == {(PORTAL, "north", "right"): 1}
    for number in range(5):
        now = journal.snapshot(f"R-{number}")
        assert now.status is Status.WAITING
        assert now.error_code == "password_rejected"
        assert "vault set" in now.next_action
    world.passwords["north"] = "another"
    office.states.enable_portal(PORTAL, "Sam")
    await submit_due(office)
    assert {snapshot.status for snapshot in journal.snapshots()} == {Status.SUBMITTED}


async def test_enabling_without_changing_the_password_types_nothing(journal: Journal, wrong: Truth, clock: FakeClock) -> None:
    take_in(journal, build_request("R-1"))
    office = open_office(journal, World(wrong, clock))
    for _ in range(3):
        await submit_due(office)
        office.states.enable_portal(PORTAL, "Sam")
    assert wrong.rejected_passwords() == {(PORTAL, "north", "right"): 1}


async def test_a_wrong_password_of_one_account_does_not_stop_the_others(journal: Journal, wrong: Truth, clock: FakeClock) -> None:
    take_in(journal, *(build_request(f"R-{number}") for number in range(6)))
    office = open_office(journal, World(wrong, clock), accounts=("north", "south", "west"))
    await submit_due(office)
    assert {snapshot.status for snapshot in journal.snapshots()} == {Status.SUBMITTED}
    assert wrong.rejected_passwords() == {(PORTAL, "north", "right"): 1}
