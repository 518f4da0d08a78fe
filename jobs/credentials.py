"""Keeps a rejected password from ever being tried again (`bots.driver.CredentialGate`), over crashes and processes.

A try is noted on the disk before the password is typed. One whose answer nobody saw may have been rejected, also where the
portal accepted that password before: somebody may have changed it since. It is not typed again until a person who was told so
(`PasswordUnsure`) has checked it by hand and runs ``priorbot portal enable``; a rejection is cleared by nothing but another
password.

Over all passwords of an account, at most two tries may end badly or unseen after one that was accepted: portals lock an
account at the third. Then a person is asked, who checks the password by hand before enabling the portal.
"""

from __future__ import annotations

from sqlalchemy import select

from bots.errors import PasswordRejected, PasswordUnsure
from jobs import events as happened
from jobs.events import decode_body
from jobs.journal import Journal
from jobs.journal_schema import credentials, events
from jobs.journal_write import Write

_DOUBTFUL_ALLOWED = 2
"""Tries of an account, rejected or unseen, since the last accepted one; portals lock at three."""
_KINDS = ("password_try", "password_judged", "portal_enabled")


class Credentials:
    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def trying(self, portal: str, account: str, fingerprint: str) -> None:
        """See `bots.driver.CredentialGate.trying`."""
        with self._journal.write() as write:
            if (error := _why_not(write, portal, account, fingerprint)) is not None:
                raise error(portal, account=account, secret=f"portals.{portal}.{account}.password")
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


def _why_not(write: Write, portal: str, account: str, fingerprint: str) -> type[PasswordRejected] | None:
    """What forbids one more try of that password; None when nothing does."""
    row = write.connection.execute(
        select(credentials.c.state, credentials.c.open_tries).where(
            credentials.c.portal == portal, credentials.c.account == account, credentials.c.fingerprint == fingerprint
        )
    ).one_or_none()
    if row is not None and row.state == "rejected":
        return PasswordRejected
    if row is not None and row.open_tries:
        return PasswordUnsure
    return PasswordUnsure if _doubtful(write, portal, account) >= _DOUBTFUL_ALLOWED else None


def _doubtful(write: Write, portal: str, account: str) -> int:
    """Tries of the account that were rejected, or whose answer nobody saw, since one was accepted or a person enabled it."""
    tries = 0
    query = select(events.c.body).where(events.c.kind.in_(_KINDS)).order_by(events.c.seq.desc())
    for text in write.connection.execute(query).scalars():
        match decode_body(text):
            case happened.PortalEnabled(portal=enabled, pages_only=False) if enabled == portal:
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
