"""Keeps a rejected password from ever being tried again (`bots.driver.CredentialGate`), over crashes and processes.

A try is noted on the disk before the password is typed. One whose answer nobody saw counts as rejected when the portal never
accepted that password before: it may be the wrong one, and a second wrong one locks accounts. A password that was accepted
before has one more try. A person who was told so, checks it by hand and runs ``priorbot portal enable`` clears an unseen
answer; a rejection is cleared by nothing but another password.

Over all passwords of an account, at most two tries may end badly or unseen after one that was accepted: portals lock an
account at the third. Then a person is asked, who checks the password by hand before enabling the portal.
"""

from __future__ import annotations

from sqlalchemy import select

from bots.errors import PasswordRejected
from jobs import events as happened
from jobs.events import decode_body
from jobs.journal import Journal
from jobs.journal_schema import credentials, events
from jobs.journal_write import Write

_UNSEEN_ALLOWED = 1
"""Unseen answers after which a password that was accepted before is tried once more."""
_DOUBTFUL_ALLOWED = 2
"""Tries of an account, rejected or unseen, since the last accepted one; portals lock at three."""
_KINDS = ("password_try", "password_judged", "portal_enabled")


class Credentials:
    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def trying(self, portal: str, account: str, fingerprint: str) -> None:
        """See `bots.driver.CredentialGate.trying`."""
        with self._journal.write() as write:
            if not _may_try(write, portal, account, fingerprint):
                raise PasswordRejected(portal, account=account, secret=f"portals.{portal}.{account}.password")
            write.append("", happened.PasswordTry(portal=portal, account=account, fingerprint=fingerprint))

    def accepted(self, portal: str, account: str, fingerprint: str) -> None:
        self._judged(portal, account, fingerprint, accepted=True)

    def rejected(self, portal: str, account: str, fingerprint: str) -> None:
        self._judged(portal, account, fingerprint, accepted=False)

    def unjudged(self, portal: str, account: str, fingerprint: str) -> None:
        """See `bots.driver.CredentialGate.unjudged`."""
        self._judged(portal, account, fingerprint, accepted=None)

    def _judged(self, portal: str, account: str, fingerprint: str, *, accepted: bool | None) -> None:
        judged = happened.PasswordJudged(portal=portal, account=account, fingerprint=fingerprint, accepted=accepted)
        with self._journal.write() as write:
            write.append("", judged)


def _may_try(write: Write, portal: str, account: str, fingerprint: str) -> bool:
    row = write.connection.execute(
        select(credentials.c.state, credentials.c.proven, credentials.c.open_tries).where(
            credentials.c.portal == portal, credentials.c.account == account, credentials.c.fingerprint == fingerprint
        )
    ).one_or_none()
    if _doubtful(write, portal, account) >= _DOUBTFUL_ALLOWED:
        return False
    if row is None:
        return True
    if row.state == "rejected":
        return False
    return bool(row.open_tries <= (_UNSEEN_ALLOWED if row.proven else 0))


def _doubtful(write: Write, portal: str, account: str) -> int:
    """Tries of the account that were rejected, or whose answer nobody saw, since one was accepted or a person enabled it."""
    tries = 0
    query = select(events.c.body).where(events.c.kind.in_(_KINDS)).order_by(events.c.seq.desc())
    for text in write.connection.execute(query).scalars():
        match decode_body(text):
            case happened.PortalEnabled(portal=enabled) if enabled == portal:
                break
            case happened.PasswordJudged(portal=where, account=who, accepted=accepted) if (where, who) == (portal, account):
                if accepted:
                    break
                tries -= accepted is None
            case happened.PasswordTry(portal=where, account=who) if (where, who) == (portal, account):
                tries += 1
            case _:
                pass
    return tries
