"""A portal and its payer in memory (or in one file, for several processes), at the seam `bots.driver.PortalDriver`.

The payer's truth accepts whatever arrives, twice when it arrives twice. The portal goes through the steps of the commit protocol
and at each of them a fault or a kill can be planned.
"""

from __future__ import annotations

import asyncio
import sqlite3
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from bots.driver import CommitGate, CredentialGate, SubmitResult
from bots.eligibility import BenefitLimit, Eligibility
from bots.errors import (
    AccountInUse,
    AccountLocked,
    AnswerMissing,
    BadReading,
    BlockedByPortal,
    CodeExpired,
    CodeNeeded,
    CodeNotArrived,
    CodeRejected,
    DocumentRefused,
    KnownRejection,
    MailboxBusy,
    MailboxDown,
    MailboxRefused,
    MailboxSlow,
    MemberNotFound,
    NotEligible,
    NotRequiredHere,
    PageChanged,
    PasswordRejected,
    PortalDown,
    PortalSaysFax,
    PortalSaysPhone,
    PortalSlow,
    RateLimited,
    ReadBackDiffers,
    SessionLost,
    SeveralMatches,
    StillSignedIn,
    TermsChanged,
    Uncertain,
)
from bots.model import (
    AuthRequest,
    CaseSummary,
    Coverage,
    LineReading,
    Member,
    Payer,
    PortalLetter,
    Provider,
    Reading,
    Receipt,
    Requirement,
    ServiceCategory,
    ServiceLine,
    Shown,
    Status,
    Units,
    Urgency,
)
from bots.passwords import PasswordPolicy
from jobs.credentials import Credentials
from jobs.dispatch import submit_due
from jobs.journal import Journal
from jobs.journal_write import Write
from jobs.office import Office, PortalPlan
from jobs.seats import Identity, Seats
from jobs.state import AWAITED, OPEN_ATTEMPT, PAYER_WORDS, AttemptState, Decision, Fallback, FallbackWay, Route
from jobs.verify import verify_due

PORTAL = "clear_coverage"
START = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)


def says_not_required(portal: str) -> NotRequiredHere:
    error = NotRequiredHere(portal)
    error.said = Requirement(portal=portal, page="drug", required=False, evidence="not_required-x.sealed", observed_at=START)
    return error


def says_covered(portal: str, request: AuthRequest, at: datetime, *, is_active: bool = True) -> Eligibility:
    limit = BenefitLimit(
        in_network=True, unit="Visits", limit=Decimal(60), used=Decimal(12), remaining=Decimal(48), as_of=date(2026, 2, 25)
    )
    return Eligibility(
        portal=portal,
        service_date=request.from_date,
        service_type="Physical Therapy",
        is_active=is_active,
        status_raw="Active Coverage" if is_active else "Inactive",
        limits=(limit,) if is_active else (),
        evidence=("eligibility-x.sealed",),
        observed_at=at,
    )


BEFORE_INTENT: dict[str, Callable[[str], Exception]] = {
    "portal_down": PortalDown,
    "outage_banner": lambda portal: PortalDown(portal, reason="connectivity issues"),
    "portal_slow": PortalSlow,
    "rate_limited": RateLimited,
    "session_lost": SessionLost,
    "account_in_use": AccountInUse,
    "still_signed_in": StillSignedIn,
    "code_expired": CodeExpired,
    "code_not_arrived": CodeNotArrived,
    "mailbox_down": MailboxDown,
    "mailbox_slow": MailboxSlow,
    "mailbox_busy": MailboxBusy,
    "code_needed": CodeNeeded,
    "code_rejected": CodeRejected,
    "mailbox_refused": MailboxRefused,
    "account_locked": AccountLocked,
    "terms_changed": TermsChanged,
    "blocked": BlockedByPortal,
    "read_back_differs": ReadBackDiffers,
    "several_matches": SeveralMatches,
    "answer_missing": AnswerMissing,
    "member_not_found": MemberNotFound,
    "not_eligible": NotEligible,
    "known_rejection": KnownRejection,
    "document_refused": DocumentRefused,
    "page_changed": PageChanged,
    "portal_says_fax": PortalSaysFax,
    "not_required": says_not_required,
    "portal_says_phone": lambda portal: PortalSaysPhone(portal, number="1-800-555-0142"),
    "bad_reading": BadReading,
    "bug": lambda portal: ValueError(portal),
}
"""What can go wrong while nothing was sent."""

AT_THE_CLICK: dict[str, tuple[bool, Callable[[str], Exception]]] = {
    "refused": (False, KnownRejection),
    "lost_on_the_way": (False, Uncertain),
    "bug_before_it_left": (False, lambda portal: ValueError(portal)),
    "timeout_after_accept": (True, Uncertain),
    "session_lost_after_accept": (True, SessionLost),
    "down_after_accept": (True, PortalDown),
    "bug_after_accept": (True, lambda portal: ValueError(portal)),
    "sent_by_the_browser_twice": (True, Uncertain),
}
"""Around the click: was it accepted, and what the driver raises. (The last one's first copy alone reaches the payer.)"""

AFTER_RECEIPT: dict[str, Callable[[str], Exception]] = {"page_broke": lambda portal: ValueError(portal), "slow": PortalSlow}


class Killed(BaseException):
    """The process is gone. Nothing of it runs any more: whatever it still tries raises this again."""


class Bomb:
    """Kills its process at the ``at``-th step (0: never). ``kill`` does it for real where the process is a real one."""

    def __init__(self, at: int = 0, kill: Callable[[], None] | None = None) -> None:
        self.at = at
        self.count = 0
        self.dead = False
        self.trail: list[str] = []
        self._kill = kill

    def tick(self, where: str) -> None:
        if self.dead:
            raise Killed(where)
        self.count += 1
        self.trail.append(where)
        if self.count == self.at:
            self.dead = True
            if self._kill is not None:
                self._kill()
            raise Killed(where)


class MortalJournal(Journal):
    """A journal whose process can die before, within and after each write."""

    bomb: Bomb = Bomb()

    @contextmanager
    def write(self) -> Iterator[Write]:
        self.bomb.tick("before write")
        with super().write() as write:
            yield write
            self.bomb.tick("within write")
        self.bomb.tick("after write")


class FakeClock:
    def __init__(self, at: datetime = START) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def advance(self, **amount: float) -> None:
        self.at += timedelta(**amount)


class Truth:
    """What the payer knows, whatever anybody's journal says. ``path`` for several processes."""

    def __init__(self, path: Path | None = None) -> None:
        self._db = sqlite3.connect(path or ":memory:", isolation_level=None, timeout=30)
        self._db.execute("PRAGMA busy_timeout = 30000")
        self._db.executescript(
            """
            CREATE TABLE IF NOT EXISTS accepted (seq INTEGER PRIMARY KEY, portal, request_id, member_id, code,
                first, last, at, status DEFAULT 'Pended (In review)');
            CREATE TABLE IF NOT EXISTS passwords (portal, account, password, PRIMARY KEY (portal, account));
            CREATE TABLE IF NOT EXISTS logins (portal, account, password, ok);
            CREATE TABLE IF NOT EXISTS sessions (portal, account, holder);
            CREATE TABLE IF NOT EXISTS troubles (what);
            """
        )

    def close(self) -> None:
        self._db.close()

    def copy(self) -> Truth:
        """The same truth, to go another way from here."""
        other = Truth()
        self._db.backup(other._db)
        return other

    # --- what the portal does --------------------------------------------------------------------------------------

    def accept(self, portal: str, request: AuthRequest, at: datetime) -> str:
        line = request.lines[0]
        values = (portal, request.request_id, request.member.id, line.service_code, line.from_date, line.to_date, at)
        cursor = self._db.execute(
            "INSERT INTO accepted (portal, request_id, member_id, code, first, last, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [str(value) if not isinstance(value, datetime) else value.isoformat() for value in values],
        )
        return reference(int(cursor.lastrowid or 0))

    def cases(self, portal: str, now: datetime, lag: timedelta) -> list[sqlite3.Row]:
        self._db.row_factory = sqlite3.Row
        rows = self._db.execute("SELECT * FROM accepted WHERE portal = ? ORDER BY seq", [portal]).fetchall()
        return [row for row in rows if datetime.fromisoformat(row["at"]) + lag <= now]

    def sign_in(self, portal: str, account: str, password: str) -> bool:
        ok = self.is_right(portal, account, password)
        self._db.execute("INSERT INTO logins VALUES (?, ?, ?, ?)", [portal, account, password, ok])
        return ok

    def is_right(self, portal: str, account: str, password: str) -> bool:
        right = self._one("SELECT password FROM passwords WHERE portal = ? AND account = ?", portal, account)
        return right is None or right == password

    def begin_session(self, portal: str, account: str, holder: str, is_alive: Callable[[str], bool]) -> None:
        for (other,) in self._db.execute("SELECT holder FROM sessions WHERE portal = ? AND account = ?", [portal, account]):
            if other != holder and is_alive(other):
                self._db.execute("INSERT INTO troubles VALUES (?)", [f"two sessions at once on {account}"])
        self._db.execute("DELETE FROM sessions WHERE portal = ? AND account = ?", [portal, account])
        self._db.execute("INSERT INTO sessions VALUES (?, ?, ?)", [portal, account, holder])

    def end_session(self, portal: str, account: str, holder: str) -> None:
        self._db.execute("DELETE FROM sessions WHERE portal = ? AND account = ? AND holder = ?", [portal, account, holder])

    def change_password(self, portal: str, account: str, password: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO passwords VALUES (?, ?, ?)", [portal, account, password])

    def decide(self, reference_no: str, word: str) -> None:
        self._db.execute("UPDATE accepted SET status = ? WHERE seq = ?", [word, int(reference_no[2:])])

    # --- what is checked -------------------------------------------------------------------------------------------

    def accepted(self) -> list[tuple[str, str]]:
        """(request id, reference number) of everything that was accepted."""
        rows = self._db.execute("SELECT request_id, seq FROM accepted ORDER BY seq").fetchall()
        return [(row[0], reference(row[1])) for row in rows]

    def accepted_count(self) -> Counter[str]:
        return Counter(request_id for request_id, _ in self.accepted())

    def rejected_passwords(self) -> Counter[tuple[str, str, str]]:
        rows = self._db.execute("SELECT portal, account, password FROM logins WHERE NOT ok").fetchall()
        return Counter((row[0], row[1], row[2]) for row in rows)

    def sign_ins(self) -> int:
        return int(self._one("SELECT count(*) FROM logins") or 0)

    def open_sessions(self) -> int:
        return int(self._one("SELECT count(*) FROM sessions") or 0)

    def troubles(self) -> list[str]:
        return [str(row[0]) for row in self._db.execute("SELECT what FROM troubles")]

    def _one(self, sql: str, *values: Any) -> Any:
        row = self._db.execute(sql, values).fetchone()
        return row[0] if row else None


def reference(seq: int) -> str:
    return f"CC{seq:09}"


WORDS = {
    "Pended (In review)": Status.PENDED_REVIEW,
    "Authorized": Status.APPROVED,
    "Not authorized": Status.DENIED,
    "Cancelled": Status.CANCELLED,
}


class Faults:
    """What goes wrong next, for each step: a list that is used up, None for "all is well"."""

    def __init__(self, plan: dict[str, list[str | None]] | None = None) -> None:
        self._plan = {step: list(kinds) for step, kinds in (plan or {}).items()}

    def next(self, step: str) -> str | None:
        left = self._plan.get(step)
        return left.pop(0) if left else None


class World:
    """One portal with its payer, as seen by one process."""

    def __init__(
        self,
        truth: Truth,
        clock: Callable[[], datetime],
        *,
        holder: str = "process",
        is_alive: Callable[[str], bool] = lambda holder: True,
        credentials: CredentialGate | None = None,
        passwords: dict[str, str] | None = None,
        faults: Faults | None = None,
        bomb: Bomb | None = None,
        pauses: Callable[[], int] = lambda: 0,
        lag: timedelta = timedelta(minutes=5),
        shows_reference: bool = True,
    ) -> None:
        self.truth = truth
        self.clock = clock
        self.holder = holder
        self.is_alive = is_alive
        self.credentials = credentials
        self.passwords = passwords if passwords is not None else {}
        self.faults = faults or Faults()
        self.bomb = bomb or Bomb()
        self.pauses = pauses
        self.lag = lag
        self.shows_reference = shows_reference
        self.units: list[Units] = []
        self.letters: tuple[PortalLetter, ...] | None = None
        """None: this portal shows no letters."""
        self.listed: dict[str, dict[str, Any]] = {}
        """What the list says of a case, where that is not what its page says."""
        self.readings: dict[str, Reading] = {}
        self.calls: list[str] = []
        self.read_as: list[Member | None] = []
        self.not_required: set[str] = set()
        self.not_covered: set[str] = set()
        self.covered_on: date | None = None
        """The only day for which coverage is told."""
        """Requests of which the portal says that they need no authorization."""

    @asynccontextmanager
    async def open(self, slug: str, account: str) -> AsyncIterator[PortalDouble]:
        self.fault("open", slug)
        portal = PortalDouble(self, slug, account)
        try:
            yield portal
        finally:
            await portal.close()

    def fault(self, step: str, slug: str) -> None:
        kind = self.faults.next(step)
        if kind is not None:
            raise BEFORE_INTENT[kind](slug)

    async def step(self, where: str) -> None:
        """Others may run here, and this process may die here."""
        for _ in range(self.pauses()):
            await asyncio.sleep(0)
        self.bomb.tick(where)


class PortalDouble:
    """`bots.driver.PortalDriver` without a browser."""

    def __init__(self, world: World, slug: str, account: str) -> None:
        self.slug = slug
        self.account = account
        self._world = world
        self._signed_in = False

    async def submit(self, request: AuthRequest, gate: CommitGate, *, dry_run: bool = False) -> SubmitResult:
        world = self._world
        world.calls.append(f"submit {request.request_id}")
        existing = await self.find_existing(request)
        if len(existing) > 1:
            raise SeveralMatches(self.slug, what="cases on file")
        if existing and not dry_run:
            await gate.receipt(self._receipt(existing[0].reference_no, adopted=True))
            return SubmitResult(receipt=self._receipt(existing[0].reference_no, adopted=True))
        await self._pass("draft")
        await self._pass("review")
        shown = Shown(portal=self.slug, page="review", selectors_version="1", fields={"units": str(request.lines[0].units)})
        if dry_run:
            return SubmitResult(shown=shown)
        await gate.intent(shown)
        await world.step("after intent")
        receipt = self._receipt(await self._click(request))
        await world.step("after click")
        await gate.receipt(receipt)
        await world.step("after receipt")
        kind = world.faults.next("after_receipt")
        if kind is not None:
            raise AFTER_RECEIPT[kind](self.slug)
        return SubmitResult(receipt=receipt)

    async def find_existing(self, request: AuthRequest) -> tuple[CaseSummary, ...]:
        await self._pass("sign_in")
        await self._sign_in()
        await self._pass("find")
        line = request.lines[0]
        found = [
            case
            for case in self._cases()
            if case.our_reference == request.request_id
            or (
                case.member_id == request.member.id
                and line.service_code in case.service_codes
                and (case.from_date or date.min) <= line.to_date
                and line.from_date <= (case.to_date or date.max)
            )
        ]
        return tuple([case for case in found if case.our_reference == request.request_id] or found)

    async def list_cases(self, since: date) -> tuple[CaseSummary, ...]:
        self._world.calls.append(f"list {since}")
        await self._pass("sign_in")
        await self._sign_in()
        await self._pass("list")
        return tuple(replace(case, **self._world.listed.get(case.reference_no, {})) for case in self._cases())

    async def read_case(self, reference_no: str, member: Member | None = None) -> Reading:
        self._world.calls.append(f"read {reference_no}")
        self._world.read_as.append(member)
        await self._pass("read")
        if reference_no in self._world.readings:
            return self._world.readings[reference_no]
        case = next(case for case in self._cases() if case.reference_no == reference_no)
        line = LineReading(
            service_code=case.service_codes[0], units_requested=Decimal(2), status=case.status, status_raw=case.status_raw
        )
        return Reading(
            portal=self.slug,
            reference_no=reference_no,
            authorization_no=case.authorization_no,
            member_id=case.member_id,
            status=case.status,
            status_raw=case.status_raw,
            lines=(line,),
            observed_at=self._world.clock(),
        )

    @property
    def has_letters(self) -> bool:
        return self._world.letters is not None

    async def read_letters(self, reference_no: str) -> tuple[PortalLetter, ...]:
        self._world.calls.append(f"letters {reference_no}")
        await self._pass("letters")
        return self._world.letters or ()

    async def change_password(self, policy: PasswordPolicy) -> None:
        self._world.calls.append("change password")
        await self._pass("sign_in")
        await self._sign_in()
        await self._pass("change_password")

    async def ask_requirement(self, request: AuthRequest) -> Requirement:
        self._world.calls.append(f"ask {request.request_id}")
        await self._pass("sign_in")
        await self._sign_in()
        await self._pass("ask")
        required = request.request_id not in self._world.not_required
        return Requirement(portal=self.slug, page="drug", required=required, evidence="x.sealed", observed_at=self._world.clock())

    async def ask_eligibility(self, request: AuthRequest) -> Eligibility:
        self._world.calls.append(f"coverage {request.request_id}")
        await self._pass("sign_in")
        await self._sign_in()
        await self._pass("coverage")
        said = says_covered(self.slug, request, self._world.clock(), is_active=request.request_id not in self._world.not_covered)
        return replace(said, service_date=self._world.covered_on or said.service_date)

    async def read_units(self, member_ids: tuple[str, ...]) -> tuple[Units, ...]:
        self._world.calls.append(f"units {len(member_ids)}")
        await self._pass("sign_in")
        await self._sign_in()
        await self._pass("units")
        return tuple(line for line in self._world.units if line.member_id in member_ids)

    async def close(self) -> None:
        if self._signed_in:
            self._world.bomb.tick("sign out")
            self._world.truth.end_session(self.slug, self.account, self._world.holder)
            self._signed_in = False

    async def _click(self, request: AuthRequest) -> str:
        world = self._world
        kind = world.faults.next("click")
        accepted, error = AT_THE_CLICK[kind] if kind is not None else (True, None)
        number = world.truth.accept(self.slug, request, world.clock()) if accepted else ""
        await world.step("clicked")
        if error is not None:
            raise error(self.slug)
        return number

    async def _pass(self, step: str) -> None:
        await self._world.step(step)
        self._world.fault(step, self.slug)

    async def _sign_in(self) -> None:
        if self._signed_in:
            return
        world = self._world
        password = world.passwords.get(self.account, "right")
        if world.credentials is not None:
            world.credentials.trying(self.slug, self.account, password)
        await world.step("password typed")
        ok = world.truth.sign_in(self.slug, self.account, password)
        await world.step("password judged")
        if world.credentials is not None:
            (world.credentials.accepted if ok else world.credentials.rejected)(self.slug, self.account, password)
        if not ok:
            raise PasswordRejected(self.slug, account=self.account, secret="its password")
        world.truth.begin_session(self.slug, self.account, world.holder, world.is_alive)
        self._signed_in = True

    def _cases(self) -> list[CaseSummary]:
        world = self._world
        return [
            CaseSummary(
                portal=self.slug,
                reference_no=reference(row["seq"]),
                authorization_no=f"A{row['seq']:09}" if row["status"] == "Authorized" else "",
                member_id=row["member_id"],
                service_codes=(row["code"],),
                from_date=date.fromisoformat(row["first"]),
                to_date=date.fromisoformat(row["last"]),
                status_raw=row["status"],
                status=WORDS.get(row["status"], Status.UNKNOWN),
                our_reference=row["request_id"] if world.shows_reference else "",
            )
            for row in world.truth.cases(self.slug, world.clock(), world.lag)
        ]

    def _receipt(self, reference_no: str, *, adopted: bool = False) -> Receipt:
        return Receipt(portal=self.slug, reference_no=reference_no, received_at=self._world.clock(), adopted=adopted)


# --- requests and offices ------------------------------------------------------------------------------------------


def build_request(request_id: str = "R-1", **changes: Any) -> AuthRequest:
    """A synthetic request; each id has a member of its own unless ``member_id`` says otherwise."""
    member_id = changes.pop("member_id", f"{zlib.crc32(request_id.encode()) % 10**9:09}")
    first = changes.pop("from_date", date(2026, 3, 2))
    units = changes.pop("units", "2")
    line = ServiceLine(service_code="E0114", units=Decimal(units), from_date=first, to_date=first + timedelta(days=30))
    given: dict[str, Any] = {
        "request_id": request_id,
        "payer": Payer.HUSKY,
        "coverage": Coverage.HUSKY_A,
        "service_category": ServiceCategory.DME,
        "member": Member(id=member_id, dob=date(1980, 5, 17), last_name="Zzcanaryson", first_name="Qwertha"),
        "requesting": Provider(name="Sample", npi="1234567893"),
        "lines": (line,),
        "urgency": Urgency.STANDARD,
    }
    return AuthRequest(**(given | changes))


def build_route(request: AuthRequest, portal: str = PORTAL) -> Route:
    """To the portal; while it is down an urgent request is faxed at once, a standard one after a day (H12, H13)."""
    rule, hours = ("H12", 0) if request.is_urgent else ("H13", 24)
    fallback = Fallback(decision=FallbackWay.FAX, number="203.265.3994", wait_hours=hours, rule_ids=(rule,))
    return Route(
        request_id=request.request_id, decision=Decision.PORTAL, portal=portal, fallback=fallback, rule_ids=("H5",), reason="DME"
    )


def take_in(journal: Journal, *requests: AuthRequest, portal: str = PORTAL) -> None:
    """Accepts and routes."""
    list(journal.accept_all((request, f"{request.lines[0].units}") for request in requests))
    journal.set_routes((request.request_id, build_route(request, portal)) for request in requests)


async def no_wait(_seconds: float) -> None:
    await asyncio.sleep(0)


def open_office(
    journal: Journal,
    world: World,
    *,
    me: Identity | None = None,
    is_running: Callable[[Identity], bool] | None = None,
    accounts: tuple[str, ...] = ("north",),
    portals: tuple[str, ...] = (PORTAL,),
    **changes: Any,
) -> Office:
    """An office of one process over this world."""
    if world.credentials is None:
        world.credentials = Credentials(journal)
    extra = {"is_running": is_running} if is_running else {}
    plans = changes.pop("plans", None) or {slug: PortalPlan(slug=slug, accounts=accounts) for slug in portals}
    return Office(
        journal=journal,
        open_portal=world.open,
        plans=plans,
        seats=Seats(journal, me=me, **extra),
        sleep=changes.pop("sleep", no_wait),
        **changes,
    )


# --- invariants 1 to 4 of the design -----------------------------------------------------------------------------------


async def settle(office: Office, clock: FakeClock) -> None:
    """Runs PriorBot undisturbed, as its schedule would, until nothing changes any more by itself."""
    for _ in range(8):
        clock.advance(minutes=40)
        await verify_due(office)
        await submit_due(office)
        if not any(each.waiting_until or each.status is Status.NEW for each in office.journal.snapshots(status=UNSETTLED)):
            return


UNSETTLED = (Status.NEW, Status.WAITING, Status.UNCERTAIN)


def check_truth(journal: Journal, truth: Truth) -> None:
    """At every moment: at most one commit per request, nobody locked out, and the journal knows of all that was accepted."""
    sent = truth.accepted_count()
    assert max(sent.values(), default=0) <= 1, "a request was accepted twice"
    assert max(truth.rejected_passwords().values(), default=0) <= 1, "a rejected password was typed again"
    assert truth.troubles() == []
    live = {attempt.request_id: attempt for attempt in journal.attempts() if attempt.state in OPEN_ATTEMPT}
    owners = {number: request_id for request_id, number in truth.accepted()}
    for request_id in sent:
        assert live[request_id].state is not AttemptState.DRAFTING, "accepted, and the journal thinks that it was not sent"
    for snapshot in journal.snapshots():
        if snapshot.receipt is not None:
            assert owners[snapshot.receipt.reference_no] == snapshot.request.request_id, "a receipt of another request"


def check_rest(journal: Journal, truth: Truth) -> None:
    """After `settle`: nothing lost; each accepted row is sent, refused with a reason, or waits for a person or a time."""
    check_truth(journal, truth)
    sent = truth.accepted_count()
    for snapshot in journal.snapshots():
        request_id = snapshot.request.request_id
        match snapshot.status:
            case _ if snapshot.receipt is not None:
                assert snapshot.status in AWAITED | PAYER_WORDS
                assert sent[request_id] == 1
            case Status.REJECTED | Status.NOT_ELIGIBLE:
                assert sent[request_id] == 0
                assert snapshot.reason
            case Status.NEEDS_PERSON:
                assert snapshot.reason
                assert snapshot.next_action
            case Status.WAITING:
                assert snapshot.reason
                assert snapshot.next_action or snapshot.waiting_until
            case _:
                raise AssertionError(f"{request_id} rests nowhere: {snapshot.status}")
    assert journal.verify_chain() > 0
    assert journal.rebuild(), "the rows are not what the events say"
