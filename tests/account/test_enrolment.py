"""Signing up in the real browser: by a person's word, with the practice's data, waited for where the payer needs time."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from typing import Any

import pytest

from fixtures.web import SKINS
from jobs.enrolment import Enrolment
from jobs.events import EnrolmentStep
from jobs.journal import Journal

pytestmark = pytest.mark.browser
SLUG, ACCOUNT = "husky_secure", "new.desk"
NAME = ("--agreed-by", "Testa Sampledesk")
ENROLL = ("portal", "enroll", SLUG)


def steps(practice: Any) -> list[EnrolmentStep]:
    with Journal.open(practice.home.journal_url) as journal:
        return [event.body for event in journal.events("") if isinstance(event.body, EnrolmentStep)]


@pytest.mark.parametrize("skin", SKINS, ids=lambda skin: f"skin{skin}")
def test_with_a_persons_name_the_account_is_made_and_the_next_step_is_told(
    practice: Any, enrolling: Callable[..., Any], skin: str
) -> None:
    practice.wear(skin)
    enrolling()
    ran = practice(*ENROLL, *NAME)
    assert (ran.code, ran.out) == (0, ""), ran.talk
    assert "1.877.606.5172" in ran.talk, "who enables Authorizations is named from the payer's directory"
    assert practice.at_portal(ACCOUNT)["access"] is False
    practice.check_settled(ACCOUNT)
    agreed, finishing, made = steps(practice)
    assert [agreed.step, finishing.step, made.step] == ["agreed", "finishing", "made"]
    assert agreed.who == finishing.who == "Testa Sampledesk"
    with Journal.open(practice.home.journal_url) as journal:
        from bots.evidence import Evidence

        assert b"Restrictions." in Evidence(practice.home.receipts, practice.vault).read(agreed.evidence)
        assert all(event.at.tzinfo for event in journal.events(""))
    password = practice.at_portal(ACCOUNT)["password"]
    kept = (practice.home.logs / "priorbot.jsonl").read_text("utf-8") + ran.talk
    assert password not in kept
    assert "Samplecar" not in kept

    again = practice(*ENROLL, *NAME)
    assert again.code == 2
    assert "holds a password for account new.desk" in again.talk
    assert practice.typed(ACCOUNT) == []


def test_without_a_name_nothing_is_entered_and_nobody_has_agreed(enrolling: Callable[..., Any]) -> None:
    practice = enrolling()
    ran = practice(*ENROLL)
    assert ran.code == 3
    assert "to agree to its licence agreement" in ran.talk
    assert "--agreed-by NAME" in ran.talk
    assert practice.at_portal(ACCOUNT) == {}
    assert steps(practice) == []
    assert [name for name in practice.vault.names() if "password" in name] == []


@pytest.mark.parametrize("name", ["", "  ", "-", "1234"])
def test_the_flag_without_a_name_is_refused_before_anything_is_opened(enrolling: Callable[..., Any], name: str) -> None:
    practice = enrolling()
    ran = practice(*ENROLL, "--agreed-by", name)
    assert ran.code == 2
    assert "needs the name of the person" in ran.talk
    assert steps(practice) == []


async def test_a_person_at_the_terminal_reads_the_licence_and_the_last_page_and_may_still_stop(
    enrolling: Callable[..., Any], rule: Any
) -> None:
    from jobs.engine import Engine
    from jobs.enrolment import sign_up_form

    practice, asked = enrolling(), []

    def answers(*names: str) -> Callable[[str, str], str]:
        left = iter(names)

        def ask(step: str, text: str) -> str:
            asked.append((step, text))
            return next(left)

        return ask

    with Engine.open(practice.home) as engine:
        form = sign_up_form(engine.config, SLUG)
        async with engine.portal_factory() as factory:
            office = engine.office(factory, lambda _outcome: None)
            for names in (("Testa Sampledesk", ""), ("Testa Sampledesk", "Testa Sampledesk")):
                enrolment = Enrolment(
                    engine.journal, engine.vault, engine.evidence, SLUG, ACCOUNT, agreed_by="", ask=answers(*names)
                )
                if names[1]:
                    assert (await enrolment.run(office, form, rule)).made
                else:
                    with pytest.raises(Exception, match="agreement_needed"):
                        await enrolment.run(office, form, rule)
                    assert practice.at_portal(ACCOUNT) == {}
    assert [step for step, _ in asked] == ["to agree to its licence agreement", "that what its last page shows is right"] * 2
    assert "Restrictions." in asked[0][1]
    assert "practice name: Sample Practice" in asked[1][1]
    assert "tax ids: xxxxx7230" in asked[1][1]
    practice.check_settled(ACCOUNT)


def test_a_new_provider_is_waited_for_72_hours_and_not_looked_for_in_between(enrolling: Callable[..., Any]) -> None:
    practice = enrolling(tax_ids='["061230001"]')
    npi = next(row["npi"] for row in practice.world.truth("providers") if row["kind"] == "organization" and row["cmap"])
    practice.world.truth("enrol", {"tin": "061230001", "npi": npi})
    ran = practice(*ENROLL, *NAME)
    assert ran.code == 3
    assert "does not list the provider yet" in ran.talk
    assert "Still 3 days and 0 hours" in ran.talk
    assert "No account was made" in ran.talk
    pages = practice.world.truth("responses")["total"]

    practice.pass_time(hours=50)
    ran = practice(*ENROLL, *NAME)
    assert ran.code == 3
    assert "Still 22 hours" in ran.talk
    assert practice.world.truth("responses")["total"] == pages, "nobody looks before"

    practice.pass_time(hours=22, minutes=1)
    assert practice(*ENROLL, *NAME).code == 0
    assert [one.step for one in steps(practice)] == ["agreed", "not_listed", "agreed", "finishing", "made"]


def test_a_provider_that_is_still_missing_after_the_wait_is_a_persons(enrolling: Callable[..., Any]) -> None:
    practice = enrolling(medicaid_numbers='["004000000", "999999999"]')
    assert practice(*ENROLL, *NAME).code == 3
    practice.pass_time(hours=73)
    ran = practice(*ENROLL, *NAME)
    assert ran.code == 3
    assert "does not list Medicaid number 999999999" in ran.talk
    assert "1.877.606.5172" in ran.talk
    assert practice.at_portal(ACCOUNT) == {}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"phone": '"8605550100"'}, "the contact phone must look like"),
        ({"tax_ids": '["06-123723"]'}, "a tax id must be 9 digits"),
    ],
)
def test_what_the_portal_refuses_is_told_and_nothing_is_left_behind(
    enrolling: Callable[..., Any], changes: dict[str, str], says: str
) -> None:
    practice = enrolling(**changes)
    ran = practice(*ENROLL, *NAME)
    assert ran.code == 3
    assert says in ran.talk
    assert "No account was made" in ran.talk
    assert practice.at_portal(ACCOUNT) == {}
    assert practice.kept(ACCOUNT).pending is None


def test_a_user_name_that_is_taken_is_told(enrolling: Callable[..., Any]) -> None:
    practice = enrolling()
    text = practice.home.config_file.read_text("utf-8").replace('["new.desk"]', '["HS-desk1"]')
    practice.home.config_file.write_text(text, encoding="utf-8")
    practice.vault.set(f"portals.{SLUG}.HS-desk1.secret_answer", "Samplecar")
    ran = practice(*ENROLL, *NAME)
    assert ran.code == 3
    assert "in use there already" in ran.talk


def test_what_is_missing_in_the_settings_or_the_vault_is_named_before_anything_is_opened(
    practice: Any, enrolling: Callable[..., Any]
) -> None:
    practice.move_in(ACCOUNT)
    assert "[portals.husky_secure.enroll] is missing" in practice(*ENROLL, *NAME).talk
    enrolling()
    practice.vault.delete(f"portals.{SLUG}.{ACCOUNT}.secret_answer")
    ran = practice(*ENROLL, *NAME)
    assert "vault set portals.husky_secure.new.desk.secret_answer" in ran.talk
    assert ran.code == 3
    assert practice.world.truth("logins") == []


@pytest.mark.parametrize(("fault", "made"), [("accept_then_reset", True), ("reset_before_accept", False)])
def test_an_end_that_was_not_seen_is_found_out_by_signing_in(enrolling: Callable[..., Any], fault: str, made: bool) -> None:
    practice = enrolling()
    practice.world.truth("faults", {"portal": SLUG, "fault": fault, "where": "finish"})
    ran = practice(*ENROLL, *NAME)
    assert ran.code == 5
    assert "not certain whether husky_secure made account new.desk" in ran.talk
    assert practice(*ENROLL, *NAME).code == 0
    assert practice.typed(ACCOUNT) == (["right"] if made else ["wrong"])
    practice.check_settled(ACCOUNT)


@pytest.mark.skipif(sys.platform != "linux", reason="not on this system: processes that are waited for by a handle")
@pytest.mark.parametrize("point", ["sign_up_finishing", "new_password_taken"])
def test_killed_for_real_it_goes_on_where_it_was(enrolling: Callable[..., Any], point: str) -> None:
    practice = enrolling()
    assert practice.killed(point, *ENROLL, *NAME) == -signal.SIGKILL
    assert practice(*ENROLL, *NAME).code == 0
    assert steps(practice)[-1].step == "made"
    practice.check_settled(ACCOUNT)
