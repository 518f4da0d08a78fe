"""What an account may need before it can work: a new password, access that the help desk gives, help that has a number."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from bots.driver import PortalDriver
from bots.errors import AccessNotGranted, AccountLocked, PasswordExpired, PasswordRejected
from bots.pagemap import selectors_folder
from bots.passwords import KeptPasswords, PasswordPolicy
from fixtures.web import SKINS
from jobs.engine import Engine

pytestmark = pytest.mark.browser
SLUG = "husky_secure"


@asynccontextmanager
async def opened(practice: Any, account: str, slug: str = SLUG) -> AsyncIterator[PortalDriver]:
    with Engine.open(practice.home) as engine:
        async with engine.portal_factory() as factory, factory.open(slug, account) as portal:
            yield portal


@pytest.mark.parametrize("skin", SKINS, ids=lambda skin: f"skin{skin}")
async def test_Q10_the_forced_change_in_the_middle_of_a_sign_in_is_done_and_the_work_goes_on(practice: Any, skin: str) -> None:
    practice.wear(skin)
    practice.move_in("hs-old", more="change_password = true")
    async with opened(practice, "hs-old") as portal:
        assert await portal.read_units(())
    practice.check_settled("hs-old")
    assert practice.typed("hs-old") == ["right"]


async def test_Q10_without_the_settings_word_a_person_changes_it(practice: Any) -> None:
    practice.move_in("hs-old")
    async with opened(practice, "hs-old") as portal:
        with pytest.raises(PasswordExpired) as told:
            await portal.read_units(())
    assert "vault set portals.husky_secure.hs-old.password" in told.value.sentence
    assert practice.world.truth("sessions") == []
    assert practice.kept("hs-old").pending is None


async def test_a_forced_change_whose_answer_is_lost_is_settled_by_signing_in_again(practice: Any) -> None:
    practice.move_in("hs-old", more="change_password = true")
    practice.world.truth("faults", {"portal": SLUG, "fault": "accept_then_503", "where": "password_sent"})
    async with opened(practice, "hs-old") as portal:
        assert await portal.read_units(())
    practice.check_settled("hs-old")
    assert practice.typed("hs-old") == ["right", "wrong", "right"]


async def test_a_session_that_a_code_or_news_come_before_is_changed_too(practice: Any) -> None:
    practice.move_in("hs-old", more="change_password = true")
    practice.world.change_account(SLUG, "hs-old", announcement=True)
    async with opened(practice, "hs-old") as portal:
        assert await portal.read_units(())
    practice.check_settled("hs-old")


@pytest.mark.parametrize(("account", "error"), [("hs-noaccess", AccessNotGranted), ("hs-locked", AccountLocked)])
async def test_the_help_desk_is_named_with_its_number_and_hours_from_the_payers_directory(
    practice: Any, account: str, error: type[Exception]
) -> None:
    practice.move_in(account)
    async with opened(practice, account) as portal:
        with pytest.raises(error) as told:
            await portal.read_units(())
    sentence = told.value.sentence  # type: ignore[attr-defined]
    assert "HUSKY secure provider portal, web support (1.877.606.5172, Mon-Fri 09:00-16:00" in sentence
    if error is AccessNotGranted:
        assert "has not given account hs-noaccess access to Authorizations" in sentence


async def test_when_neither_password_is_right_each_is_typed_once_and_the_account_is_not_locked(practice: Any, rule: Any) -> None:
    practice.move_in("hs-desk1")
    practice.kept("hs-desk1").propose(rule)
    practice.world.change_account(SLUG, "hs-desk1", password="Synthetic$By-hand1")
    for _ in range(2):
        async with opened(practice, "hs-desk1") as portal:
            with pytest.raises(PasswordRejected):
                await portal.read_units(())
    assert practice.typed("hs-desk1") == ["wrong", "wrong"]
    assert not practice.at_portal("hs-desk1")["locked"]


async def test_another_portal_with_forced_changes_needs_a_selector_file_and_nothing_else(practice: Any, rule: Any) -> None:
    """Clear Coverage's page for an expired password, mapped as data."""
    raw = yaml.safe_load((selectors_folder() / "clear_coverage.yaml").read_text("utf-8"))
    raw["sign_in"]["change_password"] = {"page": "expired", "again": "again", "action": "change"}
    logon = raw["pages"]["logon"]
    logon["actions"]["log_on"]["leads_to"] = [
        "expired" if name == "password_expired" else name for name in logon["actions"]["log_on"]["leads_to"]
    ]
    raw["pages"]["expired"] = {
        "is_here": [{"role": "heading", "name": "Password Expired"}],
        "fields": {
            "new_password": {"find": [{"label": "New Password:"}], "kind": "secret"},
            "again": {"find": [{"label": "Confirm New Password:"}], "kind": "secret"},
        },
        "actions": {
            "change": {
                "find": [{"role": "button", "name": "Change Password"}],
                "commit": r"/changePassword\.do$",
                "leads_to": ["logon", "expired"],
            },
            "log_off": raw["pages"]["worklist"]["actions"]["log_off"],
        },
    }
    practice.move_in("hs-desk1")
    (practice.path / "cc.yaml").write_text(yaml.safe_dump(raw), encoding="utf-8")
    await _change_at_clear_coverage(practice, rule)


async def _change_at_clear_coverage(practice: Any, policy: PasswordPolicy) -> None:
    from bots.registry import PortalAccess, PortalFactory

    slug, account = "clear_coverage", "cc-old"
    with Engine.open(practice.home) as engine:
        kept = KeptPasswords(engine.vault, slug, account)
        kept.set_by_person(practice.world.account(slug, account)[1], engine.today())
        access = PortalAccess(base_url=practice.world.url(slug), selectors=str(Path(practice.path) / "cc.yaml"), policy=policy)
        factory = PortalFactory(
            {slug: access},
            vault=engine.vault,
            evidence=engine.evidence,
            credentials=engine.credentials,
            codes=engine.codes(),
            now=engine.now,
            today=engine.today,
        )
        async with factory, factory.open(slug, account) as portal:
            await portal.list_cases(engine.today())
    assert kept.confirmed is not None
    assert kept.confirmed.reveal() == practice.world.account(slug, account)[1] != "Synthetic$Desk90"
