"""One-time codes in the world: by authenticator, e-mail or phone; wrong, used and late ones are refused in the portal's words."""

from __future__ import annotations

import email
import email.policy
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pyotp
import pytest

from fixtures.people import members

WRONG = "The code you entered is not valid."
USED = "This code has already been used. Wait for a new one."
EXPIRED = "The code you entered has expired."


class Phone:
    """What the account's owner can see: the authenticator, and what was sent."""

    def __init__(self, truth: Any) -> None:
        self.truth = truth

    async def needs(self, method: str, account: str = "cc-desk1", portal: str = "clear_coverage", **more: Any) -> None:
        await self.truth.post("accounts", portal=portal, username=account, second_factor=method, **more)

    async def shows(self, account: str = "cc-desk1") -> str:
        row = next(row for row in await self.truth.get("accounts") if row["username"] == account)
        now = datetime.fromisoformat((await self.truth.get("clock"))["now"])
        return pyotp.TOTP(row["totp_secret"]).at(now)

    async def got(self) -> list[str]:
        return [sent["code"] for sent in await self.truth.get("codes")]


@pytest.fixture
def phone(truth: Any) -> Phone:
    return Phone(truth)


async def verify(visitor: Any, page: str, code: str, go: str = "Verify") -> str:
    found = re.search(r'name="ticket" value="(\w+)"', page)
    text: str = await visitor.go("verifyCode.do", {"ticket": found[1] if found else "", "code": code, "go": go})
    return text


def other_than(code: str) -> str:
    return f"{(int(code) + 500_000) % 1_000_000:06d}"


async def test_an_authenticators_code_opens_the_worklist_once(stranger: Any, phone: Phone) -> None:
    await phone.needs("totp")
    page = await stranger.sign_in()
    assert "Verification Code" in page
    assert "Session Expired" in await stranger.go("home.do"), "nobody is in before the code"
    code = await phone.shows()
    assert "Worklist" in await verify(stranger, page, code)
    await stranger.go("logoff.do")
    assert USED in await verify(stranger, await stranger.sign_in(), code)


async def test_an_authenticators_code_is_good_for_its_half_minute_and_the_next(stranger: Any, phone: Phone, truth: Any) -> None:
    await phone.needs("totp")
    await truth.post("clock", now="2019-06-12T09:00:02")
    code = await phone.shows()
    await truth.post("clock", advance_hours=90 / 3600)
    page = await stranger.sign_in()
    assert WRONG in await verify(stranger, page, code)
    late = await phone.shows()
    await truth.post("clock", advance_hours=30 / 3600)
    assert "Worklist" in await verify(stranger, page, late)


async def test_a_sent_code_has_ten_minutes(stranger: Any, phone: Phone, truth: Any) -> None:
    await phone.needs("email")
    page = await stranger.sign_in()
    await truth.post("clock", advance_hours=601 / 3600)
    assert EXPIRED in await verify(stranger, page, (await phone.got())[-1])


async def test_only_the_newest_code_is_taken(stranger: Any, phone: Phone) -> None:
    await phone.needs("sms")
    page = await stranger.sign_in()
    page = await verify(stranger, page, "", go="Send a New Code")
    first, second = await phone.got()
    if first != second:
        assert WRONG in await verify(stranger, page, first)
    assert "Worklist" in await verify(stranger, page, second)


@pytest.mark.parametrize("method", ["totp", "email", "sms"])
async def test_three_wrong_codes_lock_the_account_over_all_sign_ins(method: str, stranger: Any, phone: Phone, truth: Any) -> None:
    await phone.needs(method)
    for said in (WRONG, WRONG, "Account Locked"):
        page = await stranger.sign_in()
        right = await phone.shows() if method == "totp" else (await phone.got())[-1]
        assert said in await verify(stranger, page, other_than(right))
    assert "Account Locked" in await stranger.sign_in()
    assert [a["reason"] for a in await truth.get("logins") if a["what"] == "code"] == ["wrong", "wrong", "locked"]


async def test_a_form_of_a_challenge_that_is_over_leads_to_the_logon(stranger: Any, phone: Phone) -> None:
    await phone.needs("totp")
    old = await stranger.sign_in()
    await stranger.sign_in()
    assert "<h1>Log On</h1>" in await verify(stranger, old, await phone.shows())


async def test_after_the_code_come_the_pages_that_come_after_a_password(stranger: Any, phone: Phone) -> None:
    await phone.needs("totp", expired=True)
    assert "Password Expired" in await verify(stranger, await stranger.sign_in(), await phone.shows())


async def test_the_secure_portal_asks_on_a_page_of_its_own(biller: Any, phone: Phone) -> None:
    await phone.needs("totp", "hs-desk1", "husky_secure")
    page = await biller.go("/SecurePortal/Login.aspx")
    typed = dict(re.findall(r'name="(__\w+)"[^>]* value="([^"]*)"', page))
    names = re.findall(r'name="(dnn[^"]+)"', page)
    page = await biller.go(
        "/SecurePortal/Login.aspx", {**typed, **dict(zip(names, ("hs-desk1", "Synthetic$Units1"), strict=False))}
    )
    assert "Security Code" in page
    typed = dict(re.findall(r'name="(__\w+)"[^>]* value="([^"]*)"', page))
    (name, _) = re.findall(r'name="(dnn[^"]+)"', page)
    wrong = await biller.go("/SecurePortal/VerifyCode.aspx", {**typed, name: other_than(await phone.shows("hs-desk1"))})
    assert "The security code is incorrect." in wrong
    assert "<h2" in await biller.go("/SecurePortal/VerifyCode.aspx", {**typed, name: await phone.shows("hs-desk1")})
    assert biller.path == "/SecurePortal/Home.aspx"


async def test_an_e_mailed_code_lies_in_the_mailbox_and_names_nobody(
    stranger: Any, phone: Phone, truth: Any, tmp_path: Path
) -> None:
    mailbox = tmp_path / "desk@practice.example"
    for folder in ("tmp", "new", "cur"):
        (mailbox / folder).mkdir(parents=True)
    await truth.post("post", folder=str(tmp_path))
    await phone.needs("email", email="desk@practice.example")
    page = await stranger.sign_in()
    (file,) = (mailbox / "new").iterdir()
    message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    (code,) = await phone.got()
    assert message["From"] == "Clear Coverage <no-reply@clearcoverage.example>"
    assert message.get_content_type() == "text/html"
    assert code in message.get_content()
    assert not [m.last_name for m in members() if m.last_name in message.as_string()]
    assert "Worklist" in await verify(stranger, page, code)


async def test_mails_can_be_lost_and_codes_always_be_wrong(stranger: Any, phone: Phone, truth: Any, tmp_path: Path) -> None:
    (tmp_path / "cc-desk1@practice.example" / "new").mkdir(parents=True)
    await truth.post("post", folder=str(tmp_path))
    await truth.fault("mail_lost")
    await phone.needs("email")
    await stranger.sign_in()
    assert len(await phone.got()) == 1
    assert list((tmp_path / "cc-desk1@practice.example" / "new").iterdir()) == []
    await phone.needs("totp")
    await truth.fault("wrong_code_always")
    assert WRONG in await verify(stranger, await stranger.sign_in(), await phone.shows())


async def test_an_unknown_second_factor_is_refused(phone: Phone) -> None:
    with pytest.raises(httpx.HTTPStatusError):
        await phone.needs("carrier pigeon")
