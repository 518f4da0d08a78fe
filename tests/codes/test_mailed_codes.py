"""Codes that come by e-mail, read from a real IMAP server (Dovecot): only what arrives after the asking counts, and only the
newest of it; each trouble of the mailbox has a name of its own."""

from __future__ import annotations

import asyncio
import socket
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from tls import Certificate

from bots.code_mail import find_code, page_text
from bots.codes import Codes, CodeWay
from bots.driver import CodeSource
from bots.errors import (
    BotError,
    CodeExpired,
    CodeNotArrived,
    MailboxBusy,
    MailboxDown,
    MailboxRefused,
    MailboxSlow,
    NotConfigured,
    PageChanged,
)
from bots.signin_map import CodeMail
from bots.vault import Vault, mailbox_name
from fixtures.mail_server import RunningMailServer, running_mail_server

PORTAL = "sample"
ADDRESS = "desk1@practice.example"
SENDER = "Sample Portal <no-reply@sample.example>"
SUBJECT = "Your verification code"
MAIL = CodeMail(sender=r"@sample\.example", subject="verification code")
Put = Callable[..., None]


@pytest.fixture
def put(mail_server: RunningMailServer) -> Put:
    """An e-mail of the portal arrives."""

    def arrives(code: str, *, sender: str = SENDER, subject: str = SUBJECT, text: str = "", html: bool = False) -> None:
        mail_server.put(ADDRESS, sender, subject, text or f"Your code is {code}.\nIt expires in 10 minutes.", html=html)

    return arrives


@pytest.fixture
def codes(make_codes: Any, mail_server: RunningMailServer, mailed: Any) -> Codes:
    source: Codes = make_codes(mailed(mail_server))
    return source


@asynccontextmanager
async def taken(codes: CodeSource, account: str = "desk1", mail: CodeMail = MAIL) -> AsyncIterator[Any]:
    async with codes.taking(PORTAL, account, mail) as ask:
        yield ask


# --- which message counts ------------------------------------------------------------------------------------------


async def test_the_code_that_arrives_is_read(codes: Codes, put: Put) -> None:
    async with taken(codes) as ask:
        put("314159")
        assert await ask() == "314159"


async def test_what_lay_in_the_mailbox_before_never_counts(codes: Codes, put: Put, clock: Any) -> None:
    for old in range(40):
        put(f"{old:06d}")
    async with taken(codes) as ask:
        clock.meanwhile.append(lambda: put("314159"))
        assert await ask() == "314159"
    assert clock.waits, "the first look found nothing, whatever lay there"


async def test_of_several_the_newest_counts(codes: Codes, put: Put) -> None:
    async with taken(codes) as ask:
        for code in ("111111", "222222", "333333"):
            put(code)
        assert await ask() == "333333"


async def test_a_slow_mail_is_waited_for(codes: Codes, put: Put, clock: Any) -> None:
    async with taken(codes) as ask:
        clock.meanwhile += [lambda: None, lambda: None, lambda: put("314159")]
        assert await ask() == "314159"
    assert len(clock.waits) >= 3


@pytest.mark.parametrize(
    "other",
    [
        {"sender": "somebody@else.example"},
        {"sender": '"no-reply@sample.example" <somebody@else.example>'},
        {"subject": "Your monthly statement 2026"},
        {"text": "There is no number in here."},
        {"text": "Order 20260302 and phone 8605550100 are no codes."},
    ],
)
async def test_other_mails_are_passed_over(other: dict[str, Any], codes: Codes, put: Put) -> None:
    async with taken(codes) as ask:
        put("314159")
        put("271828", **other)
        assert await ask() == "314159"


@pytest.mark.parametrize(
    "text",
    [
        "<html><head><style>b {width: 123456px}</style><title>654321</title></head><body><p>Code:<b>314159</b></p></body></html>",
        "<table><tr><td>Your code</td><td>314159</td></tr></table>",
        "<p>Code <span>3</span><span>1</span><span>4</span><span>1</span><span>5</span><span>9</span></p>",
        "<p>Bonjour, votre code&nbsp;: 314159 — à bientôt &#128274;</p>",
    ],
)
async def test_a_mail_that_has_only_html_is_read_as_a_person_sees_it(text: str, codes: Codes, put: Put) -> None:
    async with taken(codes) as ask:
        put("", text=text, html=True)
        assert await ask() == "314159"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"From: a@sample.example\r\nSubject: =?utf-8?q?verification_code?=\r\n\r\n314159\r\n", "314159"),
        (
            b"From: <a@sample.example>\r\nSubject: verification code\r\nContent-Type: text/plain; charset=no-such\r\n\r\n314159",
            "314159",
        ),
        (
            b"From: a@sample.example\r\nSubject: verification code\r\nContent-Transfer-Encoding: base64\r\n\r\nMzE0MTU5\r\n",
            "314159",
        ),
        (
            b"From: a@sample.example\r\nSubject: verification code\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"
            b"--b\r\nContent-Type: text/plain\r\n\r\nPlease look at the page.\r\n"
            b"--b\r\nContent-Type: text/html\r\n\r\n<b>314159</b>\r\n--b--\r\n",
            "314159",
        ),
        (b"Subject: verification code\r\n\r\n314159", ""),
        (b"From: <<>>@;\r\nSubject: verification code\r\n\r\n314159", ""),
        (b'From: "\r\nSubject: verification code\r\n\r\n314159', ""),
        (b"From: hex\xff<\r\nSubject: verification code\r\n\r\n314159", ""),
        (b"\xff\xfe\x00 no mail at all", ""),
        (b"", ""),
    ],
)
def test_mails_of_every_make_are_read(raw: bytes, code: str) -> None:
    assert find_code(raw, MAIL) == code


def test_what_a_page_does_not_show_is_not_read() -> None:
    assert page_text("<p>a<br>b</p><script>c</script>d<style>e</style>").split() == ["a", "b", "d"]


async def test_a_code_in_the_subject_and_in_the_text_is_one_code(codes: Codes, put: Put) -> None:
    async with taken(codes) as ask:
        put("314159", subject="Your verification code: 314159")
        assert await ask() == "314159"


async def test_the_selector_file_says_what_a_code_looks_like(codes: Codes, put: Put) -> None:
    mail = replace(MAIL, code=r"code is ([A-Z]{3}[ -]\d{3})")
    async with taken(codes, mail=mail) as ask:
        put("", text="Your code is QRS-417, ticket 555555.")
        assert await ask() == "QRS417"


async def test_several_numbers_that_could_be_the_code_are_nobodys_guess(codes: Codes, put: Put) -> None:
    async with taken(codes) as ask:
        put("", text="Your code is 314159, your ticket 271828.")
        with pytest.raises(PageChanged, match="several numbers"):
            await ask()


async def test_nothing_in_the_mailbox_is_changed(codes: Codes, put: Put, mail_server: RunningMailServer) -> None:
    put("000000")
    before = mail_server.messages(ADDRESS)["new"]
    async with taken(codes) as ask:
        put("314159")
        await ask()
    after = mail_server.messages(ADDRESS)
    names = {name.partition(":")[0] for state in after.values() for name in state}
    assert before <= names
    assert len(names) == 2
    assert not any("S" in name.partition(":2,")[2] for name in after["cur"]), "no message is marked as read"


# --- time ----------------------------------------------------------------------------------------------------------


async def test_a_mail_that_never_comes_is_told_in_time(codes: Codes, clock: Any) -> None:
    began = clock.at
    async with taken(codes) as ask:
        with pytest.raises(CodeNotArrived):
            await ask()
    assert timedelta(seconds=MAIL.arrives_within) < clock.at - began < timedelta(seconds=MAIL.arrives_within + 5)


async def test_a_code_that_is_ten_minutes_old_is_not_typed_any_more(codes: Codes, put: Put, clock: Any) -> None:
    async with taken(codes) as ask:
        put("314159")
        clock.at += timedelta(minutes=10, seconds=1)
        with pytest.raises(CodeExpired):
            await ask()


# --- trouble -------------------------------------------------------------------------------------------------------


async def test_nobody_listens(make_codes: Any, mailed: Any, mail_server: RunningMailServer) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        codes = make_codes(mailed(mail_server, port=free.getsockname()[1]))
        with pytest.raises(MailboxDown):
            async with taken(codes):
                pass


async def test_the_server_answers_nothing(make_codes: Any, mailed: Any, mail_server: RunningMailServer) -> None:
    codes = make_codes(mailed(mail_server), mail_seconds=0.2)
    with mail_server.frozen(), pytest.raises(MailboxSlow):
        async with taken(codes):
            pass


async def test_the_server_falls_silent_while_the_code_is_waited_for(
    make_codes: Any, mailed: Any, mail_server: RunningMailServer
) -> None:
    codes = make_codes(mailed(mail_server), mail_seconds=2)
    async with taken(codes) as ask:
        with mail_server.frozen(), pytest.raises(MailboxSlow):
            await ask()


@pytest.mark.parametrize("password", ["wrong", 'wr"ong\\', "fälsch€"])
async def test_the_password_is_refused_and_not_tried_again(
    password: str, codes: Codes, vault: Vault, mail_server: RunningMailServer
) -> None:
    vault.set(mailbox_name(ADDRESS), password)
    with pytest.raises(MailboxRefused) as refused:
        async with taken(codes):
            pass
    assert f"priorbot vault set {mailbox_name(ADDRESS)}" in refused.value.sentence


async def test_a_connection_that_breaks_off_is_made_anew(codes: Codes, put: Put, mail_server: RunningMailServer) -> None:
    put("000000")
    async with taken(codes) as ask:
        mail_server.cut(ADDRESS)
        put("314159")
        assert await ask() == "314159"


async def test_a_mailbox_that_was_made_anew_is_not_read(codes: Codes, put: Put, mail_server: RunningMailServer) -> None:
    """Its messages have other numbers: an old one could look as if it had just arrived."""
    async with taken(codes) as ask:
        mail_server.cut(ADDRESS)
        mail_server.open(ADDRESS)
        put("000000")
        with pytest.raises(MailboxDown, match="made anew"):
            await ask()


async def test_the_server_goes_away_while_the_code_is_waited_for(
    make_codes: Any, mailed: Any, vault: Vault, mail_server: RunningMailServer
) -> None:
    with running_mail_server() as other:
        other.open(ADDRESS)
        async with taken(make_codes(mailed(other))) as ask:
            other.stop()
            with pytest.raises(MailboxDown):
                await ask()


async def test_a_folder_that_is_not_there(make_codes: Any, mailed: Any, mail_server: RunningMailServer) -> None:
    with pytest.raises(MailboxDown, match="no such folder"):
        async with taken(make_codes(mailed(mail_server, folder="Codes"))):
            pass


async def test_a_password_may_hold_any_characters(make_codes: Any, mailed: Any, vault: Vault) -> None:
    with running_mail_server(password="gehäim€") as server:
        server.open(ADDRESS)
        vault.set(mailbox_name(ADDRESS), server.password)
        async with taken(make_codes(mailed(server))) as ask:
            server.put(ADDRESS, SENDER, SUBJECT, "Your code is 314159.")
            assert await ask() == "314159"


async def test_a_mailbox_without_password_or_settings_is_named(codes: Codes, make_codes: Any, vault: Vault) -> None:
    vault.delete(mailbox_name(ADDRESS))
    with pytest.raises(NotConfigured, match=r"mailboxes\.desk1@practice\.example\.password"):
        async with taken(codes):
            pass
    with pytest.raises(NotConfigured, match="no mailbox for the codes of account desk1"):
        async with taken(make_codes(CodeWay(method="email"))):
            pass


# --- two accounts, one mailbox -------------------------------------------------------------------------------------


async def test_two_accounts_that_share_a_mailbox_never_read_each_others_code(
    make_codes: Any, mailed: Any, mail_server: RunningMailServer, put: Put
) -> None:
    """Each as a PriorBot of its own; the portal sends each its code as soon as the password is there."""
    way = mailed(mail_server, "desk1", "desk2", "desk3")
    got: dict[str, str] = {}

    async def sign_in(account: str, code: str) -> None:
        async with taken(make_codes(way), account) as ask:
            put(code)
            await asyncio.sleep(0)
            got[account] = await ask()

    await asyncio.gather(sign_in("desk1", "111111"), sign_in("desk2", "222222"), sign_in("desk3", "333333"))
    assert got == {"desk1": "111111", "desk2": "222222", "desk3": "333333"}


async def test_a_mailbox_that_another_account_never_gives_back_is_told(
    make_codes: Any, mailed: Any, mail_server: RunningMailServer
) -> None:
    way = mailed(mail_server, "desk1", "desk2")
    async with taken(make_codes(way), "desk1"):
        with pytest.raises(MailboxBusy):
            # Real sleep: a moved clock would run past the first one's lease, which is prolonged in real time.
            async with taken(make_codes(way, asyncio.sleep, hold_seconds=0.05), "desk2"):
                pass


# --- encryption ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate.make(tmp_path_factory.mktemp("certificate"))


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_an_encrypted_mailbox_needs_a_certificate_that_can_be_trusted(
    security: str, certificate: Certificate, make_codes: Any, mailed: Any, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault.set(mailbox_name(ADDRESS), "Synthetic$Mailbox")
    with running_mail_server((certificate.chain, certificate.key)) as server:
        server.open(ADDRESS)
        port = server.tls_port if security == "tls" else server.port
        way = mailed(server, host="localhost", port=port, security=security)
        with pytest.raises(MailboxDown, match="certificate"):
            async with taken(make_codes(way)):
                pass
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.chain))
        async with taken(make_codes(way)) as ask:
            server.put(ADDRESS, SENDER, SUBJECT, "Your code is 314159.")
            assert await ask() == "314159"


async def test_a_server_elsewhere_is_never_used_without_encryption(make_codes: Any, mailed: Any, mail_server: Any) -> None:
    with pytest.raises(MailboxDown, match="without encryption"):
        async with taken(make_codes(mailed(mail_server, host="mail.practice.example"))):
            pass


# --- silence -------------------------------------------------------------------------------------------------------


async def test_no_code_and_no_password_stands_in_a_failure(codes: Codes, put: Put, vault: Vault, clock: Any) -> None:
    failures: list[BotError] = []
    async with taken(codes) as ask:
        put("", text="Your code is 314159, your ticket 271828.")
        with pytest.raises(BotError) as unclear:
            await ask()
        put("161803")
        clock.at += timedelta(minutes=11)
        with pytest.raises(BotError) as late:
            await ask()
    vault.set(mailbox_name(ADDRESS), "secret$word")
    with pytest.raises(BotError) as refused:
        async with taken(codes):
            pass
    failures += [unclear.value, late.value, refused.value]
    assert [failure.code for failure in failures] == ["page_changed", "code_expired", "mailbox_refused"]
    said = " ".join("".join(traceback.format_exception(failure)) + failure.sentence for failure in failures)
    assert not [word for word in ("314159", "271828", "161803", "secret$word", "@sample.example") if word in said]
