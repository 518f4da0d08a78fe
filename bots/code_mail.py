"""A mailbox that gets one-time codes, read over IMAP (the standard library's ``imaplib``) without changing anything in it.

It is taken before the code is asked for: what lay in it then, seen or not, never counts. Blocking; `bots.codes` calls it from
a thread of its own. Nothing of a mail or a password enters an exception.
"""

from __future__ import annotations

import email.policy
import imaplib
import re
import ssl
from collections.abc import Callable
from contextlib import suppress
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Literal, TypeVar

from bots.model import Frozen
from bots.permission import is_loopback

if TYPE_CHECKING:
    from bots.signin_map import CodeMail
    from bots.vault import Secret

T = TypeVar("T")
MOST_BYTES = 256_000
"""Of a mail; a code stands in its first lines."""
GOODBYE_SECONDS = 2.0
_NOT_OUR_FAULT = ("[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[SERVERBUG]")
"""Reasons for which a server refuses a sign-in with the right password (RFC 5530)."""
_BLOCKS = frozenset(
    {"address", "article", "br", "dd", "div", "dl", "dt", "footer", "h1", "h2", "h3", "h4", "h5", "h6"}
    | {"header", "hr", "li", "ol", "p", "section", "table", "td", "th", "tr", "ul"}
)
_UNSEEN = frozenset({"head", "script", "style", "title"})


class MailServer(Frozen):
    """Where a mailbox is. ``security``: ``tls`` from the first byte, ``starttls``, or ``none``, only within this machine."""

    host: str
    port: int
    security: Literal["tls", "starttls", "none"] = "tls"
    folder: str = "INBOX"


class MailboxError(Exception):
    """The mailbox could not be used."""


class NoConnection(MailboxError):
    """Not reached, broken off, or not to be trusted; the argument says which, for staff."""


class NoAnswer(MailboxError):
    """Nothing came in time."""


class SignInRefused(MailboxError):
    """The server says that user name or password are wrong."""


class UnclearCode(MailboxError):
    """The newest mail holds several numbers that could be the code."""


class Mailbox:
    """One mailbox; `open` takes it. ``seconds``: how long one answer of the server may take."""

    def __init__(self, server: MailServer, user: str, password: Secret, *, seconds: float) -> None:
        self._server = server
        self._user = user
        self._password = password
        self._seconds = seconds
        self._imap: imaplib.IMAP4 | None = None
        self._validity = ""
        self._next = 0
        """Messages from this UID on have arrived since the mailbox was taken."""

    def open(self) -> None:
        """Connects, signs in and takes the mailbox: only what arrives from now on counts. Raises `MailboxError`."""
        self._validity, self._next = self._told(self._connect)

    def newest_code(self, mail: CodeMail) -> str:
        """The code in the newest fitting mail that arrived since; "" when there is none yet. Raises `MailboxError`."""
        try:
            return self._told(lambda: self._look(mail))
        except NoConnection:
            # Once more over a new connection; the UIDs of a mailbox that was made anew would mean other messages.
            validity, _ = self._told(self._connect)
            if validity != self._validity:
                raise NoConnection("it was made anew meanwhile") from None
            return self._told(lambda: self._look(mail))

    def close(self) -> None:
        """Says good-bye, as far as somebody still listens."""
        imap, self._imap = self._imap, None
        if imap is not None:
            with suppress(imaplib.IMAP4.error, OSError):
                imap.socket().settimeout(GOODBYE_SECONDS)
                imap.logout()
            with suppress(OSError):
                imap.shutdown()

    def _told(self, work: Callable[[], T]) -> T:
        """The work, with its failures under our names and without the server's words."""
        try:
            return work()
        except TimeoutError:
            raise NoAnswer from None
        except ssl.SSLError:
            raise NoConnection("its certificate is not to be trusted, or it wants another kind of encryption") from None
        except (OSError, imaplib.IMAP4.abort):
            raise NoConnection("no connection") from None
        except (imaplib.IMAP4.error, ValueError):
            raise NoConnection("its answer makes no sense") from None

    def _connect(self) -> tuple[str, int]:
        """A signed-in connection on the folder, read only. Returns its UIDVALIDITY and UIDNEXT."""
        self.close()
        server = self._server
        if server.security == "none" and not is_loopback(f"http://{server.host}"):
            raise NoConnection("without encryption only a server on this machine is used")
        if server.security == "tls":
            self._imap = imaplib.IMAP4_SSL(server.host, server.port, ssl_context=_context(), timeout=self._seconds)
        else:
            self._imap = imaplib.IMAP4(server.host, server.port, timeout=self._seconds)
        if server.security == "starttls":
            self._imap.starttls(_context())
        try:
            self._sign_in(self._imap)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            if any(reason in str(error).upper() for reason in _NOT_OUR_FAULT):
                raise NoConnection("it cannot be used at the moment") from None
            raise SignInRefused from None
        kind, _ = self._imap.select(_quoted(server.folder), readonly=True)
        if kind != "OK":
            raise NoConnection("there is no such folder")
        validity, following = (self._imap.response(name)[1][0] for name in ("UIDVALIDITY", "UIDNEXT"))
        if validity is None or following is None:
            raise NoConnection("it does not number its messages")
        return validity.decode(), int(following)

    def _sign_in(self, imap: imaplib.IMAP4) -> None:
        password = self._password.reveal()
        if (self._user + password).isascii():
            imap.login(self._user, password)
        else:  # LOGIN knows no other characters
            imap.authenticate("PLAIN", lambda _: f"\0{self._user}\0{password}".encode())

    def _look(self, mail: CodeMail) -> str:
        imap = self._imap
        if imap is None:
            raise NoConnection("no connection")
        imap.noop()  # makes the server look for what has arrived
        kind, found = imap.uid("SEARCH", f"UID {self._next}:*")
        if kind != "OK":
            raise NoConnection("it cannot be searched")
        # "N:*" names the last message also when that is older than N.
        uids = sorted((int(uid) for uid in (found[0] or b"").split() if int(uid) >= self._next), reverse=True)
        for uid in uids:
            _, parts = imap.uid("FETCH", str(uid), f"(BODY.PEEK[]<0.{MOST_BYTES}>)")
            raw = next((part[1] for part in parts if isinstance(part, tuple)), b"")
            if code := find_code(raw, mail):
                return code
        return ""


def find_code(raw: bytes, mail: CodeMail) -> str:
    """The code in a message as it came over the wire; "" when it is not from the portal or has none. Raises `UnclearCode`."""
    try:
        texts = _texts(raw, mail)
    except Exception:  # what is no proper mail makes the standard library's parser fail in many ways; it is not the portal's
        return ""
    for text in texts:
        found = {re.sub(r"\W", "", match[1]) for match in re.finditer(mail.code, text, re.IGNORECASE)}
        if len(found) > 1:
            raise UnclearCode
        if found:
            return found.pop()
    return ""


def _texts(raw: bytes, mail: CodeMail) -> tuple[str, ...]:
    """Where the code may stand in a mail of the portal, the likeliest place first; nothing for another mail."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    subject = str(message["Subject"] or "")
    if not (_fits(mail.sender, _sender(message)) and _fits(mail.subject, subject)):
        return ()
    return subject, readable(message, "plain"), readable(message, "html")


def _sender(message: EmailMessage) -> str:
    """The sender's bare address: the name beside it is anybody's to choose."""
    addresses = getattr(message["From"], "addresses", ())
    return " ".join(address.addr_spec for address in addresses)


def readable(message: EmailMessage, kind: str) -> str:
    """The text of a message as a person reads it: its part of that kind (plain or html), "" when it has none."""
    part = message.get_body((kind,))
    if part is None:
        return ""
    try:
        content = str(part.get_content())
    except (LookupError, ValueError):  # a character set that nobody knows
        content = (part.get_payload(decode=True) or b"").decode("ascii", "replace")  # type: ignore[union-attr]
    return page_text(content) if kind == "html" else content


def page_text(html: str) -> str:
    """What a page in HTML shows."""
    shown = _Shown()
    shown.feed(html)
    shown.close()
    return "".join(shown.pieces)


class _Shown(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in _UNSEEN
        if tag in _BLOCKS:
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._hidden = max(0, self._hidden - (tag in _UNSEEN))
        if tag in _BLOCKS:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.pieces.append(data)


def _fits(pattern: str, text: str) -> bool:
    return not pattern or re.search(pattern, text, re.IGNORECASE) is not None


def _quoted(folder: str) -> str:
    return '"' + folder.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _context() -> ssl.SSLContext:
    return ssl.create_default_context()
