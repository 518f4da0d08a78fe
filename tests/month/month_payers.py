"""What the payers have, whatever anybody's journal says: cases that ripen into decisions, units that move with the check writes.

All of it is a function of time: a case knows when it was taken and from when which word stands on its page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

from bots.model import AuthRequest, Status

WORDS = {
    "Pended (In review)": Status.PENDED_REVIEW,
    "Pended (Clinical needed)": Status.PENDED_CLINICAL,
    "Authorized": Status.APPROVED,
    "Partially authorized": Status.PARTIALLY_APPROVED,
    "Not authorized": Status.DENIED,
    "Cancelled": Status.CANCELLED,
}
_LETTERS = {"clear_coverage": "CC", "husky_medical": "HM", "authorization_manager": "AM", "carepartners": "CP"}
_FINAL = ("Authorized", "Authorized", "Authorized", "Partially authorized", "Not authorized", "Cancelled")
_GRANTED = ("Authorized", "Partially authorized")


@dataclass(frozen=True)
class Word:
    """What stands on the page from ``since`` on; ``approved`` units where it grants any."""

    since: datetime
    text: str
    approved: Decimal | None = None


@dataclass
class Case:
    request: AuthRequest
    portal: str
    reference_no: str
    taken_at: datetime
    words: list[Word]
    uses: Decimal
    """Units that each check write brings."""

    def word(self, now: datetime) -> Word:
        return [each for each in self.words if each.since <= now][-1]

    def authorization_no(self, now: datetime) -> str:
        return f"A{self.reference_no}" if self.word(now).text in _GRANTED else ""

    def granted_at(self) -> datetime | None:
        return next((each.since for each in self.words if each.text in _GRANTED), None)


@dataclass
class Taken:
    """What arrived somewhere: ``where`` is a portal, or the number that was dialled."""

    channel: str
    where: str
    reference_no: str
    at: datetime


@dataclass
class Account:
    password: str
    expired: bool = False
    tries: list[tuple[str, bool, datetime]] = field(default_factory=list)

    @property
    def is_locked(self) -> bool:
        """After three wrong ones in a row, as the portals do."""
        return [ok for _, ok, _ in self.tries[-3:]] == [False] * 3


class Payers:
    """``rests_from``: nothing is decided any more from then on, so that everybody can come to know."""

    def __init__(self, luck: Random, rests_from: datetime, check_writes: Iterable[datetime]) -> None:
        self.cases: dict[str, dict[str, Case]] = {}
        self.taken: dict[str, list[Taken]] = {}
        self.accounts: dict[tuple[str, str], Account] = {}
        self.sessions: dict[tuple[str, str], str] = {}
        self.troubles: list[str] = []
        self.check_writes = sorted(check_writes)
        self._luck = luck
        self._rests_from = rests_from
        self._numbers: Counter[str] = Counter()

    # --- requests ----------------------------------------------------------------------------------------------------

    def accept(self, portal: str, request: AuthRequest, at: datetime) -> str:
        """Takes whatever arrives, twice when it arrives twice."""
        self._numbers[portal] += 1
        number = f"{_LETTERS.get(portal, portal[:2].upper())}{self._numbers[portal]:08}"
        case = Case(request, portal, number, at, self._words(request, at), Decimal(self._luck.randint(1, 4)))
        self.cases.setdefault(portal, {})[number] = case
        self.took(request.request_id, Taken("portal", portal, number, at))
        return number

    def took(self, request_id: str, what: Taken) -> None:
        self.taken.setdefault(request_id, []).append(what)

    def shown(self, portal: str, now: datetime, lag: timedelta) -> Iterator[Case]:
        return (case for case in self.cases.get(portal, {}).values() if case.taken_at + lag <= now)

    def _words(self, request: AuthRequest, at: datetime) -> list[Word]:
        words = [Word(at, "Pended (In review)")]
        decided = at + timedelta(hours=self._luck.randint(3, 60) if request.is_urgent else self._luck.randint(10, 150))
        if self._luck.random() < 0.15:
            words.append(Word(at + (decided - at) / 2, "Pended (Clinical needed)"))
        final, asked = self._luck.choice(_FINAL), request.lines[0].units
        granted = {"Authorized": asked, "Partially authorized": Decimal(int(asked) // 2)}
        words.append(Word(decided, final, granted.get(final)))
        return [each for each in words if each.since < self._rests_from]

    # --- units -------------------------------------------------------------------------------------------------------

    def used(self, case: Case, now: datetime) -> tuple[Decimal, date] | None:
        """Units used and the payer's own date of that; None before there was a check write."""
        granted, written = case.granted_at(), [each for each in self.check_writes if each <= now]
        approved = case.words[-1].approved
        if granted is None or approved is None or not written:
            return None
        return min(approved, case.uses * sum(each > granted for each in written)), written[-1].date()

    # --- accounts ----------------------------------------------------------------------------------------------------

    def open_account(self, portal: str, account: str, password: str) -> None:
        self.accounts[portal, account] = Account(password)

    def sign_in(self, portal: str, account: str, password: str, at: datetime) -> bool:
        mine = self.accounts[portal, account]
        if mine.is_locked:
            return False
        mine.tries.append((password, password == mine.password, at))
        return password == mine.password

    def begin_session(self, portal: str, account: str, holder: str, is_alive: Callable[[str], bool]) -> None:
        other = self.sessions.get((portal, account))
        if other is not None and other != holder and is_alive(other):
            self.troubles.append(f"two sessions at once: {portal} {account}")
        self.sessions[portal, account] = holder

    def end_session(self, portal: str, account: str, holder: str) -> None:
        if self.sessions.get((portal, account)) == holder:
            del self.sessions[portal, account]

    def doubtful_accounts(self) -> Iterator[str]:
        """What must not be: a wrong password typed twice, an account locked."""
        for (portal, account), mine in self.accounts.items():
            wrong = Counter(password for password, ok, _ in mine.tries if not ok)
            yield from (f"{portal} {account}: a rejected password was tried {n} times" for n in wrong.values() if n > 1)
            if mine.is_locked:
                yield f"{portal} {account} is locked"
