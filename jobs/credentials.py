"""Keeps a rejected password from ever being tried again (`bots.driver.CredentialGate`), over crashes and processes.

A try is noted on the disk before the password is typed. One whose answer nobody saw counts as rejected when the portal never
accepted that password before: it may be the wrong one, and a second wrong one locks accounts. A password that was accepted
before has one more try. A person who was told so, checks it by hand and runs ``priorbot portal enable`` clears an unseen answer;
a rejection is cleared by nothing but another password.
"""

from __future__ import annotations

from sqlalchemy import select

from bots.errors import PasswordRejected
from jobs import events as happened
from jobs.journal import Journal
from jobs.journal_schema import credentials
from jobs.journal_write import Write

_UNSEEN_ALLOWED = 1
"""Unseen answers after which a password that was accepted before is tried once more."""


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
    if row is None:
        return True
    if row.state == "rejected":
        return False
    return bool(row.open_tries <= (_UNSEEN_ALLOWED if row.proven else 0))
