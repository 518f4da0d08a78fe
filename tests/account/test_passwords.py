"""How a password is made and kept (rule H18): by the payer's rule, never one that was used, pending before it is confirmed."""

from __future__ import annotations

import json
import string
from datetime import date
from pathlib import Path

import pytest

from bots.keys import KeyFile
from bots.passwords import FINGERPRINTS_KEPT, KeptPasswords, PasswordPolicy, generate
from bots.vault import Vault
from fixtures.portals.husky_secure.passwords import password_error
from jobs.passwords import keep_secret, passwords_due
from jobs.rule_schema import PasswordRule

TODAY = date(2026, 3, 2)
SLUG, ACCOUNT = "husky_secure", "desk"


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault.open(tmp_path / "vault", KeyFile(tmp_path / "key"))


@pytest.fixture
def kept(vault: Vault) -> KeptPasswords:
    return KeptPasswords(vault, SLUG, ACCOUNT)


def test_H18_every_password_that_is_made_follows_the_rule_and_the_portal_takes_it(rule: PasswordRule) -> None:
    made = {generate(rule, ACCOUNT) for _ in range(500)}
    assert len(made) == 500
    for password in made:
        assert len(password) >= 8
        assert set(password) <= set(string.ascii_letters + string.digits + "!$^*()_-=")
        assert rule.allows(password, ACCOUNT)
        assert password_error(ACCOUNT, password, []) == ""


def test_H18_a_password_never_has_the_user_name_in_it_whatever_its_case(rule: PasswordRule) -> None:
    assert not rule.allows("x1$DESK-abc", "desk")
    assert all("a" not in generate(rule, "A").lower() for _ in range(20))


@pytest.mark.parametrize("wrong", ["Ab1$", "abcdefgh1", "abcdefg$$", "12345678$", "abcdefg1#", "abcdefg1 $", "abcdefg1é$"])
def test_H18_what_breaks_the_rule_is_not_allowed(rule: PasswordRule, wrong: str) -> None:
    assert not rule.allows(wrong, ACCOUNT)


def test_a_longer_rule_makes_a_longer_password() -> None:
    policy = PasswordPolicy(min_length=30, specials="$", remembered=3, max_age_days=30, change_after_days=20)
    assert len(generate(policy, ACCOUNT)) == 30


def test_a_proposal_is_pending_on_the_disk_until_it_is_confirmed(kept: KeptPasswords, vault: Vault, rule: PasswordRule) -> None:
    kept.set_by_person("Synthetic$1", TODAY)
    new = kept.propose(rule).reveal()
    other = KeptPasswords(Vault.open(vault.path, KeyFile(vault.path.with_name("key"))), SLUG, ACCOUNT)  # another process
    assert other.pending is not None
    assert other.pending.reveal() == new
    assert other.confirmed is not None
    assert other.confirmed.reveal() == "Synthetic$1"
    kept.confirm(TODAY)
    assert other.confirmed.reveal() == new
    assert other.pending is None


def test_what_may_have_been_sent_is_proposed_again(kept: KeptPasswords, rule: PasswordRule) -> None:
    assert kept.propose(rule).reveal() == kept.propose(rule).reveal()
    first = kept.propose(rule).reveal()
    kept.drop_pending()
    assert kept.propose(rule).reveal() != first


def test_H18_none_of_the_last_ten_is_proposed(kept: KeptPasswords, rule: PasswordRule, monkeypatch: pytest.MonkeyPatch) -> None:
    used = [f"Synthetic${n}" for n in range(12)]
    for password in used:
        kept.set_by_person(password, TODAY)
    offered = iter([*used[2:], "Synthetic$new"])
    monkeypatch.setattr("bots.passwords.generate", lambda policy, username: next(offered))
    assert kept.propose(rule).reveal() == "Synthetic$new"


def test_used_passwords_are_remembered_as_keyed_fingerprints_only(kept: KeptPasswords, vault: Vault) -> None:
    for n in range(FINGERPRINTS_KEPT + 5):
        kept.set_by_person(f"Synthetic${n}", TODAY)
    past = vault.get(f"portals.{SLUG}.{ACCOUNT}.password.past").reveal()
    assert "Synthetic" not in past
    assert len(json.loads(past)["used"]) == FINGERPRINTS_KEPT


def test_the_day_of_a_change_is_kept_and_giving_the_same_again_is_no_change(kept: KeptPasswords, rule: PasswordRule) -> None:
    assert kept.changed_on is None
    kept.set_by_person("Synthetic$1", TODAY)
    kept.set_by_person("Synthetic$1", date(2026, 5, 1))
    assert kept.changed_on == TODAY
    kept.propose(rule)
    kept.confirm(date(2026, 5, 20))
    assert kept.changed_on == date(2026, 5, 20)


def test_a_person_who_gives_the_pending_password_confirms_it(kept: KeptPasswords, rule: PasswordRule) -> None:
    new = kept.propose(rule).reveal()
    kept.set_by_person("Synthetic$other", TODAY)
    assert kept.pending is not None, "it may be the portal's all the same"
    kept.set_by_person(new, TODAY)
    assert kept.pending is None


def test_vault_set_of_a_password_notes_its_day_and_other_secrets_are_just_kept(vault: Vault) -> None:
    keep_secret(vault, f"portals.{SLUG}.{ACCOUNT}.password", "Synthetic$1", TODAY)
    keep_secret(vault, f"portals.{SLUG}.{ACCOUNT}.secret_answer", "Samplecar", TODAY)
    keep_secret(vault, "mailboxes.desk.password", "Synthetic$2", TODAY)
    assert KeptPasswords(vault, SLUG, ACCOUNT).changed_on == TODAY
    assert [name for name in vault.names() if name.endswith(".past")] == [f"portals.{SLUG}.{ACCOUNT}.password.past"]


@pytest.mark.parametrize(("age", "is_due"), [(79, False), (80, True), (89, True), (120, True)])
def test_H18_a_password_is_due_ten_days_before_the_portal_wants_a_new_one(
    vault: Vault, rule: PasswordRule, age: int, is_due: bool
) -> None:
    since = date(2026, 1, 1)
    KeptPasswords(vault, SLUG, ACCOUNT).set_by_person("Synthetic$1", since)
    accounts = {SLUG: (ACCOUNT, "unknown-age")}
    due = passwords_due(vault, {SLUG: rule}, accounts, date.fromordinal(since.toordinal() + age))
    assert [each.account for each in due] == [ACCOUNT] * is_due
    assert all(each.runs_out == date(2026, 4, 1) for each in due)
    assert passwords_due(vault, {}, accounts, date(2027, 1, 1)) == (), "only where the settings allow it"
