"""Signing in to the simulated portals with real codes: a real browser, a real mail server, the journal's own claims."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml

sys.path.insert(0, str(Path(__file__).parents[1] / "contract"))

from kit import Kit

from bots.browser import Browser
from bots.codes import Codes, CodeWay
from bots.errors import CodeExpired, CodeNotArrived, CodeRejected, MailboxDown
from bots.pagemap import selectors_folder
from bots.vault import mailbox_name, totp_name
from fixtures.mail_server import RunningMailServer
from fixtures.server import RunningWorld, running_world
from jobs.code_gate import CodeClaims
from jobs.journal import Journal
from jobs.seats import Seats

pytestmark = pytest.mark.asyncio(loop_scope="module")

SLUG = "clear_coverage"
SHARED = "frontdesk@practice.example"


@pytest.fixture(scope="module")
def world() -> Iterator[RunningWorld]:
    with running_world() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with Browser() as running:
        yield running


class Late:
    """A code source whose codes are given to the portal after something happened."""

    def __init__(self, source: Any, meanwhile: Callable[[], None]) -> None:
        self._source, self._meanwhile = source, meanwhile

    def method(self, portal: str, account: str) -> str:
        return str(self._source.method(portal, account))

    @asynccontextmanager
    async def taking(self, portal: str, account: str, mail: Any) -> AsyncIterator[Callable[[], Awaitable[str]]]:
        async with self._source.taking(portal, account, mail) as ask:

            async def late() -> str:
                code = await ask()
                self._meanwhile()
                return str(code)

            yield late


class Practice:
    """A practice whose accounts get their codes by e-mail or from an authenticator."""

    def __init__(self, kit: Kit, journal: Journal) -> None:
        self.kit, self.world = kit, kit.world
        self.claims = CodeClaims(journal, Seats(journal))

    def needs(self, account: str, method: str, **more: Any) -> None:
        self.world.truth("accounts", {"portal": SLUG, "username": account, "second_factor": method, **more})

    def gets_codes(self, way: CodeWay, **more: Any) -> None:
        given = {"vault": self.kit.vault, "gate": self.claims, "now": self.kit.now}
        self.kit.codes = Codes({SLUG: way}, **(given | more))

    def has_authenticator(self, account: str, **more: Any) -> None:
        row = next(row for row in self.world.truth("accounts") if row["username"] == account)
        self.kit.vault.set(totp_name(SLUG, account), row["totp_secret"])
        self.gets_codes(CodeWay(method="totp"), **more)

    async def sign_in(self, account: str, **selectors: str) -> None:
        async with self.kit.portal(SLUG, account, **selectors) as portal:
            await portal.list_cases(datetime.now(UTC).date() - timedelta(days=3))

    def log(self) -> list[tuple[str, str, str]]:
        rows = self.world.truth("logins")
        return [(row["account"], row["what"], row["reason"]) for row in rows if row["what"] in ("login", "code")]


@pytest.fixture
def practice(world: RunningWorld, browser: Browser, tmp_path: Path) -> Iterator[Practice]:
    world.reset()
    world.truth("clock", {"now": datetime.now(UTC).isoformat()})
    with Journal.open(f"sqlite:///{tmp_path / 'claims.db'}") as journal:
        yield Practice(Kit(world, tmp_path, browser), journal)


@pytest.fixture
def mail(practice: Practice, one_mail_server: RunningMailServer, mailed: Any) -> RunningMailServer:
    """One mailbox for all accounts of the front desk, full of old mails."""
    one_mail_server.open(SHARED)
    for old in range(30):
        one_mail_server.put(SHARED, "no-reply@clearcoverage.example", "Clear Coverage verification code", f"code {old:06d}")
    practice.world.truth("post", {"folder": str(one_mail_server.mail_folder)})
    practice.kit.vault.set(mailbox_name(SHARED), one_mail_server.password)
    way: CodeWay = mailed(one_mail_server)
    practice.gets_codes(CodeWay(method="email", server=way.server, mailboxes={"cc-desk1": SHARED, "cc-desk2": SHARED}))
    for account in ("cc-desk1", "cc-desk2"):
        practice.needs(account, "email", email=SHARED)
    return one_mail_server


async def test_an_e_mailed_code_signs_in_past_a_mailbox_full_of_old_ones(practice: Practice, mail: RunningMailServer) -> None:
    await practice.sign_in("cc-desk1")
    assert practice.log() == [("cc-desk1", "login", "ok"), ("cc-desk1", "code", "ok")]


async def test_Q20_blue_crosss_code_is_read_in_its_own_mail(practice: Practice, mail: RunningMailServer, mailed: Any) -> None:
    """Six digits, good for ten minutes, among older ones from the same sender; only the newest is taken."""
    slug, account = "authorization_manager", "am-mail"
    mail.put(SHARED, "no-reply@providercentral.example", "Your Provider Central security code", "Your security code is 000123")
    practice.world.truth("accounts", {"portal": slug, "username": account, "email": SHARED})
    way = CodeWay(method="email", server=mailed(mail).server, mailboxes={account: SHARED})
    practice.kit.codes = Codes({slug: way}, vault=practice.kit.vault, gate=practice.claims, now=practice.kit.now)
    async with practice.kit.portal(slug, account) as portal:
        await portal.list_cases(datetime.now(UTC).date() - timedelta(days=3))
    assert practice.log() == [(account, "login", "ok"), (account, "code", "ok")]


async def test_two_accounts_with_one_mailbox_sign_in_at_once(practice: Practice, mail: RunningMailServer) -> None:
    await asyncio.gather(practice.sign_in("cc-desk1"), practice.sign_in("cc-desk2"))
    assert sorted(practice.log()) == [
        ("cc-desk1", "code", "ok"),
        ("cc-desk1", "login", "ok"),
        ("cc-desk2", "code", "ok"),
        ("cc-desk2", "login", "ok"),
    ]


async def test_an_e_mail_that_comes_late_is_waited_for(practice: Practice, mail: RunningMailServer) -> None:
    practice.world.fault(SLUG, "mail_late", ms=1500)
    await practice.sign_in("cc-desk1")
    assert practice.log()[-1] == ("cc-desk1", "code", "ok")


async def test_an_e_mail_that_never_comes_is_told_and_no_code_is_typed(practice: Practice, mail: RunningMailServer) -> None:
    practice.world.fault(SLUG, "mail_lost")
    raw = yaml.safe_load((selectors_folder() / f"{SLUG}.yaml").read_text("utf-8"))
    raw["sign_in"]["code"]["mail"]["arrives_within"] = 0.1
    impatient = practice.kit.home / "impatient.yaml"
    impatient.write_text(yaml.safe_dump(raw), encoding="utf-8")
    with pytest.raises(CodeNotArrived):
        await practice.sign_in("cc-desk1", clear_coverage=str(impatient))
    assert practice.log() == [("cc-desk1", "login", "ok")]


async def test_a_mailbox_that_is_not_there_costs_no_password(practice: Practice, mail: RunningMailServer, mailed: Any) -> None:
    way: CodeWay = mailed(mail, port=mail.tls_port)  # without a certificate nobody listens there
    practice.gets_codes(CodeWay(method="email", server=way.server, mailboxes={"cc-desk1": SHARED}))
    with pytest.raises(MailboxDown):
        await practice.sign_in("cc-desk1")
    assert practice.log() == []


async def test_a_code_that_the_portal_gets_too_late_is_told(practice: Practice, mail: RunningMailServer) -> None:
    practice.kit.codes = Late(practice.kit.codes, lambda: practice.world.advance(11 / 60))
    with pytest.raises(CodeExpired):
        await practice.sign_in("cc-desk1")
    assert practice.log()[-1] == ("cc-desk1", "code", "expired")


async def test_authenticator_codes_sign_in_and_none_is_used_twice(practice: Practice) -> None:
    """The second sign-in waits for the next code; here by a clock that both sides share."""
    practice.needs("cc-desk1", "totp")
    shift = timedelta(0)

    async def wait(seconds: float) -> None:
        nonlocal shift
        shift += timedelta(seconds=seconds)
        practice.world.advance(seconds / 3600)

    practice.has_authenticator("cc-desk1", now=lambda: datetime.now(UTC) + shift, sleep=wait)
    await practice.sign_in("cc-desk1")
    await practice.sign_in("cc-desk1")
    assert [reason for _, what, reason in practice.log() if what == "code"] == ["ok", "ok"]
    assert shift > timedelta(0)


async def test_a_code_that_was_used_elsewhere_is_refused_and_no_other_is_tried(practice: Practice) -> None:
    """Somebody signed in with the same authenticator a moment ago; here a PriorBot that shares no journal with us."""
    practice.needs("cc-desk1", "totp")
    practice.kit.give_codes()
    await practice.sign_in("cc-desk1")
    with pytest.raises(CodeRejected):
        await practice.sign_in("cc-desk1")
    assert [reason for _, what, reason in practice.log() if what == "code"] == ["ok", "used"]
