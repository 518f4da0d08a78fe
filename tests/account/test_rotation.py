"""New passwords in the real browser: by command, by themselves before day 90, and in the middle of a sign-in."""

from __future__ import annotations

import signal
import sys
from typing import Any

import pytest

from bots.errors import PasswordExpired
from bots.vault import Vault
from jobs.events import PasswordJudged
from jobs.journal import Journal
from jobs.portal_state import PortalStates

pytestmark = pytest.mark.browser
SLUG = "husky_secure"
MINE = "change_password = true"
REFUSED = "A changed password should not be the same as any of the last 10 passwords used on the account."


def test_vault_rotate_gives_the_account_a_new_password_that_only_the_vault_knows(practice: Any) -> None:
    practice.move_in("hs-desk1")
    before = practice.at_portal("hs-desk1")["password"]
    ran = practice("vault", "rotate", SLUG)
    assert (ran.code, ran.out) == (0, "")
    after = practice.at_portal("hs-desk1")["password"]
    assert after != before
    assert after not in ran.talk
    practice.check_settled("hs-desk1")
    with Journal.open(practice.home.journal_url) as journal:
        judged = [event.body for event in journal.events("") if isinstance(event.body, PasswordJudged)]
        assert [one.accepted for one in judged] == [True, True]
        assert len({one.fingerprint for one in judged}) == 2
    logs = (practice.home.logs / "priorbot.jsonl").read_text("utf-8")
    assert '"event":"password_changed"' in logs
    assert after not in logs
    assert practice("units").code == 0
    assert practice.typed("hs-desk1") == ["right"], "nothing was granted, so nobody signs in again"


def test_every_account_of_a_portal_or_only_the_one_named(practice: Any) -> None:
    practice.move_in("hs-desk1", "hs-desk2", "hs-desk3")
    assert practice("vault", "rotate", SLUG, "--account", "hs-desk2").code == 0
    assert practice.at_portal("hs-desk1")["password"] == "Synthetic$Units1"
    assert practice.at_portal("hs-desk2")["password"] != "Synthetic$Units2"
    practice.move_in("hs-desk1", "hs-desk3")
    assert practice("vault", "rotate", SLUG).code == 0
    for account in ("hs-desk1", "hs-desk3"):
        practice.check_settled(account)
        assert not practice.at_portal(account)["password"].startswith("Synthetic")


def test_without_a_portal_vault_rotate_is_about_the_key_of_the_vault(practice: Any) -> None:
    practice.move_in("hs-desk1")
    ran = practice("vault", "rotate")  # the key of these tests comes from the environment
    assert "The key in use comes from a place that PriorBot cannot write." in ran.talk
    assert practice.world.truth("logins") == []


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("clear_coverage",), 2, "has no account"),
        ((SLUG, "--account", "nobody"), 2, "has no account nobody"),
        (("husky",), 2, "nearest is husky"),
    ],
)
def test_a_portal_or_account_that_is_not_set_up_is_told(practice: Any, words: tuple[str, ...], code: int, says: str) -> None:
    practice.move_in("hs-desk1")
    ran = practice("vault", "rotate", *words)
    assert (ran.code, says in ran.talk) == (code, True), ran.talk


def test_a_password_of_80_days_is_changed_before_the_work_and_only_where_that_is_set(practice: Any) -> None:
    practice.move_in("hs-desk1", days_old=80)
    assert practice("units").code == 0
    assert practice.at_portal("hs-desk1")["password"] == "Synthetic$Units1"
    practice.move_in("hs-desk1", days_old=80, more=MINE)
    assert practice("units", "--portal", "clear_coverage").code == 0
    assert practice.at_portal("hs-desk1")["password"] == "Synthetic$Units1"
    assert practice("units").code == 0
    practice.check_settled("hs-desk1")
    assert practice.at_portal("hs-desk1")["password"] != "Synthetic$Units1"
    changed_on = practice.kept("hs-desk1").changed_on
    assert practice("units").code == 0
    assert practice.kept("hs-desk1").changed_on == changed_on, "it is young again"


def test_change_password_for_a_portal_without_a_rule_is_refused_before_anything_starts(practice: Any) -> None:
    practice.move_in("hs-desk1", tables='[portals.clear_coverage]\nbase_url = "http://127.0.0.1:1"\nchange_password = true\n')
    ran = practice("units")
    assert ran.code == 2
    assert "no rule says what a password of clear_coverage must be" in ran.talk
    assert practice.world.truth("logins") == []


def test_Q10_an_expired_password_is_changed_by_command_and_what_waited_for_it_works_again(practice: Any) -> None:
    practice.move_in("hs-old")
    with Journal.open(practice.home.journal_url) as journal:
        PortalStates(journal).disable_portal(SLUG, "hs-old", PasswordExpired(SLUG, account="hs-old"))
    ran = practice("vault", "rotate", SLUG)
    assert (ran.code, "works again" in ran.talk) == (0, True), ran.talk
    practice.check_settled("hs-old")
    assert [row["what"] for row in practice.world.truth("logins")] == ["login", "new_password", "logout"]
    with Journal.open(practice.home.journal_url) as journal:
        assert PortalStates(journal).disabled() == ()


def test_a_portal_that_a_person_stopped_is_left_alone(practice: Any) -> None:
    practice.move_in("hs-desk1")
    assert practice("portal", "disable", SLUG, "--why", "new contract").code == 0
    ran = practice("vault", "rotate", SLUG)
    assert ran.code == 3
    assert "Nothing was done" in ran.talk
    assert practice.world.truth("logins") == []


@pytest.mark.parametrize("fault", ["accept_then_reset", "reset_before_accept"])
def test_an_answer_that_was_not_seen_is_settled_at_once_by_signing_in(practice: Any, fault: str) -> None:
    practice.move_in("hs-desk1")
    practice.world.truth("faults", {"portal": SLUG, "fault": fault, "where": "password_sent"})
    ran = practice("vault", "rotate", SLUG)
    taken = fault.startswith("accept")
    assert ran.code == (0 if taken else 4), ran.talk
    account = practice.at_portal("hs-desk1")
    assert (account["password"] != "Synthetic$Units1") is taken
    assert practice.typed("hs-desk1") == (["right", "wrong", "right"] if taken else ["right", "right"])
    if not taken:
        assert "The old one still holds" in ran.talk
        assert practice("vault", "rotate", SLUG).code == 0
    practice.check_settled("hs-desk1")


def test_a_portal_that_never_answers_leaves_both_and_the_next_sign_in_finds_out(practice: Any) -> None:
    practice.move_in("hs-desk1", more=practice.own_selectors(page=2, commit=2))
    practice.world.truth("faults", {"portal": SLUG, "fault": "accept_then_hang", "where": "password_sent"})
    ran = practice("vault", "rotate", SLUG)
    assert ran.code == 0, ran.talk
    practice.check_settled("hs-desk1")


def test_a_new_password_that_the_portal_refuses_is_a_persons_and_the_old_one_holds(practice: Any) -> None:
    practice.move_in("hs-desk1")
    practice.vault.set(f"portals.{SLUG}.hs-desk1.password.pending", "Synthetic$Units1")
    ran = practice("vault", "rotate", SLUG)
    assert ran.code == 3
    assert "one of the last 10" in ran.talk
    assert "vault set portals.husky_secure.hs-desk1.password" in ran.talk
    practice.check_settled("hs-desk1")


def test_a_wrong_password_is_typed_once_and_changes_nothing(practice: Any) -> None:
    practice.move_in("hs-desk1")
    practice.kept("hs-desk1").set_by_person("Synthetic$Wrong1", practice.kept("hs-desk1").changed_on)
    for _ in range(3):
        assert practice("vault", "rotate", SLUG).code == 3
    assert practice.typed("hs-desk1") == ["wrong"]


@pytest.mark.skipif(sys.platform != "linux", reason="not on this system: processes that are waited for by a handle")
@pytest.mark.parametrize(
    ("point", "typed"),
    [
        ("new_password_pending", ["right", "right"]),
        ("new_password_taken", ["right", "wrong", "right"]),
    ],
)
def test_killed_for_real_the_account_opens_and_nobody_is_locked_out(practice: Any, point: str, typed: list[str]) -> None:
    practice.move_in("hs-desk1")
    assert practice.killed(point, "vault", "rotate", SLUG) == -signal.SIGKILL
    vault: Vault = practice.vault
    known = {vault.get(name).reveal() for name in vault.names() if name.endswith((".password", ".pending"))}
    assert practice.at_portal("hs-desk1")["password"] in known
    assert practice("vault", "rotate", SLUG).code == 0
    assert practice.typed("hs-desk1") == typed
    practice.check_settled("hs-desk1")
