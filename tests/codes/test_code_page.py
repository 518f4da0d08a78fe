"""The code as a step of signing in: after the password may come a page of ways, a page for the code, or neither; the source is
taken before the password leaves, and a code is typed once."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio

sys.path.insert(0, str(Path(__file__).parents[1] / "engine"))

from site_bench import Site, running_site

from bots.browser import Browser
from bots.errors import CodeExpired, CodeNeeded, CodeRejected, MailboxDown
from bots.pagemap import PortalMap
from bots.signin import Account, Session
from bots.signin_map import CodeMail
from bots.vault import Vault, password_name

pytestmark = pytest.mark.asyncio(loop_scope="module")

CODE = "314159"
LOGIN = (
    '<form action="/in" method="post"><input id="u" name="u"><input id="p" name="p" type="password"><button>Go</button></form>'
)
METHODS = """<h1>How?</h1><form action="/choose" method="post">
<button id="totp" name="way" value="app">Authenticator</button><button name="way" value="mail">Send Email</button></form>"""
ENTER = """<h1>Code</h1><p id="said">{said}</p><form action="/verify" method="post">
<input id="totp" name="code" autocomplete="one-time-code"><button>Verify</button></form>"""
"""The same id for the button of one page and the box of the next, as seen in the field."""
HOME = '<h1>Home</h1><a href="/out">Out</a>'

MAP: dict[str, Any] = {
    "portal": "sample",
    "version": "1",
    "timeouts": {"page": 20.0, "element": 0.3},
    "sign_in": {
        "page": "login",
        "action": "go",
        "landed": "home",
        "sign_out": "out",
        "signed_out": "login",
        "code": {"page": "code", "action": "verify", "method_page": "methods", "methods": {"totp": "app", "email": "mail"}},
    },
    "pages": {
        "login": {
            "path": "/login",
            "is_here": [{"css": "#u"}],
            "fields": {"username": {"find": [{"css": "#u"}]}, "password": {"find": [{"css": "#p"}], "kind": "secret"}},
            "actions": {"go": {"find": [{"role": "button", "name": "Go"}], "leads_to": ["methods", "code", "home"]}},
        },
        "methods": {
            "is_here": [{"role": "heading", "name": "How?"}],
            "actions": {
                "app": {"find": [{"css": "button#totp"}], "leads_to": ["code", "home"]},
                "mail": {"find": [{"role": "button", "name": "Send Email"}], "leads_to": ["code", "home"]},
            },
        },
        "code": {
            "is_here": [{"role": "heading", "name": "Code"}],
            "fields": {"code": {"find": [{"css": "input#totp"}]}},
            "actions": {
                "verify": {"find": [{"role": "button", "name": "Verify"}], "leads_to": ["wrong", "late", "code", "home"]}
            },
            "outcomes": {
                "wrong": {"see": [{"text": "That code is invalid."}], "error": "code_rejected"},
                "late": {"see": [{"text": "That code is too old."}], "error": "code_expired"},
            },
        },
        "home": {
            "path": "/home",
            "is_here": [{"role": "heading", "name": "Home"}],
            "actions": {"out": {"find": [{"role": "link", "name": "Out"}], "leads_to": ["login"]}},
        },
    },
}


class Source:
    """A code source that notes what had been sent when it was taken."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.way = "totp"
        self.asked = 0
        self.sent_before: list[str] = []
        self.fails: Exception | None = None
        self.is_taken = False

    def method(self, portal: str, account: str) -> str:
        return self.way

    @asynccontextmanager
    async def taking(self, portal: str, account: str, mail: CodeMail) -> AsyncIterator[Callable[[], Awaitable[str]]]:
        self.sent_before = [path for method, path, _ in self.site.requests if method == "POST"]
        if self.fails:
            raise self.fails
        self.is_taken = True

        async def ask() -> str:
            self.asked += 1
            return CODE

        try:
            yield ask
        finally:
            self.is_taken = False


class Quiet:
    """States and credentials that keep nothing but what was tried."""

    def __init__(self) -> None:
        self.tried: list[str] = []

    def save_state(self, *_: Any) -> None: ...
    def load_state(self, *_: Any) -> None: ...
    def drop_state(self, *_: Any) -> None: ...
    def accepted(self, *_: Any) -> None: ...
    def rejected(self, *_: Any) -> None: ...
    def unjudged(self, *_: Any) -> None: ...

    def trying(self, portal: str, account: str, fingerprint: str) -> None:
        self.tried.append(account)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def one_site() -> AsyncIterator[tuple[Site, Browser]]:
    async with running_site() as site, Browser() as browser:
        yield site, browser


class Bench:
    def __init__(self, site: Site, browser: Browser, vault: Vault) -> None:
        self.site, self.source, self.quiet = site, Source(site), Quiet()
        site.clear()
        site.pages |= {"/login": LOGIN, "/home": HOME, "/out": LOGIN, "/choose": ENTER.format(said=""), "/verify": HOME}
        vault.set(password_name("sample", "desk1"), "Synthetic$1")
        self.session = Session(
            Account(portal="sample", name="desk1", base_url=site.url),
            msgspec.convert(MAP, PortalMap),
            browser=browser,
            vault=vault,
            states=self.quiet,
            credentials=self.quiet,
            codes=self.source,
            now=lambda: datetime.now(UTC),
        )

    def after_password(self, page: str) -> None:
        self.site.pages["/in"] = page

    async def sign_in(self) -> None:
        try:
            await self.session.ensure()
        finally:
            await self.session.close()

    def posted(self) -> list[str]:
        return [path for method, path, _ in self.site.requests if method == "POST"]

    def body(self, path: str) -> str:
        (found,) = [body for method, at, body in self.site.requests if (method, at) == ("POST", path)]
        return found


@pytest.fixture
def bench(one_site: tuple[Site, Browser], vault: Vault) -> Bench:
    return Bench(*one_site, vault)


@pytest.mark.parametrize(("way", "chosen"), [("totp", "way=app"), ("email", "way=mail")])
async def test_the_way_of_the_account_is_chosen_where_the_portal_asks(way: str, chosen: str, bench: Bench) -> None:
    bench.source.way = way
    bench.after_password(METHODS)
    await bench.sign_in()
    assert bench.posted() == ["/in", "/choose", "/verify"]
    assert bench.body("/choose") == chosen
    assert bench.body("/verify") == f"code={CODE}"


async def test_the_page_of_ways_may_be_skipped(bench: Bench) -> None:
    bench.after_password(ENTER.format(said=""))
    await bench.sign_in()
    assert bench.posted() == ["/in", "/verify"]


async def test_no_code_may_be_wanted_at_all(bench: Bench) -> None:
    bench.after_password(HOME)
    await bench.sign_in()
    assert bench.posted() == ["/in"]
    assert bench.source.asked == 0


async def test_the_source_is_taken_before_the_password_leaves_and_given_back(bench: Bench) -> None:
    bench.after_password(ENTER.format(said=""))
    await bench.sign_in()
    assert bench.source.sent_before == []
    assert not bench.source.is_taken


async def test_without_the_mailbox_the_password_is_not_even_typed(bench: Bench) -> None:
    bench.source.fails = MailboxDown("sample", account="desk1", what="no connection")
    with pytest.raises(MailboxDown):
        await bench.sign_in()
    assert bench.posted() == []
    assert bench.quiet.tried == []


@pytest.mark.parametrize("way", ["", "person"])
async def test_no_way_is_chosen_when_nobody_could_give_its_code(way: str, bench: Bench) -> None:
    """Choosing one would send a code to somebody who does not wait for it."""
    bench.source.way = way
    bench.after_password(METHODS)
    with pytest.raises(CodeNeeded, match="nobody is there"):
        await bench.sign_in()
    assert bench.posted() == ["/in"]


async def test_a_way_that_the_portal_does_not_offer_is_told(bench: Bench) -> None:
    bench.source.way = "sms"
    bench.after_password(METHODS)
    with pytest.raises(CodeNeeded, match="none by sms"):
        await bench.sign_in()
    assert bench.posted() == ["/in"]


@pytest.mark.parametrize(
    ("said", "kind"), [("That code is invalid.", CodeRejected), ("That code is too old.", CodeExpired), ("Hm.", CodeRejected)]
)
async def test_a_code_that_is_not_taken_is_typed_once(said: str, kind: type[Exception], bench: Bench) -> None:
    bench.after_password(ENTER.format(said=""))
    bench.site.pages["/verify"] = ENTER.format(said=said)
    with pytest.raises(kind) as failed:
        await bench.sign_in()
    assert bench.posted() == ["/in", "/verify"]
    assert bench.source.asked == 1
    assert CODE not in str(failed.value)
