"""The eleven portals as one process meets them, at the seam `bots.driver.PortalDriver`: steps that take their time, outages, a
sign-in that knows right, wrong and expired passwords, and pages that show what the payers have at that moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from typing import Any

from month_double import double
from month_payers import WORDS, Case, Payers

from bots.check_report import CheckReport
from bots.driver import CommitGate, SubmitResult
from bots.eligibility import Eligibility
from bots.errors import MemberNotFound, NotRequiredHere, PasswordExpired, PasswordRejected, Redirected
from bots.model import AuthRequest, CaseSummary, LineReading, Member, PortalLetter, Reading, Requirement, Units
from bots.passwords import KeptPasswords, PasswordPolicy, Passwords
from bots.signin_map import WITHOUT_ACCOUNT
from bots.vault import Vault

TAKES = {"sign_in": 3.0, "find": 2.0, "draft": 12.0, "review": 3.0, "clicked": 2.0, "list": 2.0, "read": 2.0}
"""Virtual seconds of each step."""
LAG = timedelta(minutes=5)
"""So long after the click a case is on the portal's list."""
HAS_LETTERS = frozenset({"authorization_manager", "carepartners"})


class Doom(double.Bomb):  # type: ignore[misc, name-defined]
    """Kills its process at the first of the steps ``at_step`` that comes."""

    def __init__(self) -> None:
        super().__init__()
        self.at_step = ""
        self.died = asyncio.Event()

    def tick(self, where: str) -> None:
        if not self.dead and self.at_step and where == self.at_step:
            self.dead = True
            self.died.set()
        if self.dead:
            raise double.Killed(where)


class Portals:
    """All portals of one process. ``meets(portal, step)`` is the fault that strikes there now; ``hidden`` tells what the world
    knows of a request (`month_rows.Hidden`)."""

    def __init__(
        self,
        payers: Payers,
        clock: Callable[[], datetime],
        *,
        meets: Callable[[str, str], str | None],
        hidden: Callable[[str], Any],
        vault: Vault,
        gate: Any,
        policies: Mapping[str, PasswordPolicy],
        holder: str,
        is_alive: Callable[[str], bool],
        doom: Doom,
    ) -> None:
        self.payers, self.clock, self.hidden, self.vault, self.gate = payers, clock, hidden, vault, gate
        self.policies, self.holder, self.is_alive, self.doom = policies, holder, is_alive, doom
        self._meets = meets
        self.used: set[str] = set()

    @asynccontextmanager
    async def open(self, slug: str, account: str) -> AsyncIterator[MonthPortal]:
        self.used.add(slug)
        self.fault("open", slug)
        portal = MonthPortal(self, slug, account)
        try:
            yield portal
        finally:
            portal.close_session()

    def fault(self, step: str, slug: str) -> None:
        kind = self._meets(slug, step)
        if kind is not None:
            raise double.BEFORE_INTENT[kind](slug)

    async def step(self, where: str, slug: str) -> None:
        await asyncio.sleep(TAKES.get(where, 0.0))
        self.doom.tick(where)


class MonthPortal:
    """`bots.driver.PortalDriver` in memory. Signs in when first asked, with `bots.passwords` as the real one does."""

    def __init__(self, portals: Portals, slug: str, account: str) -> None:
        self.slug, self.account = slug, account
        self._all = portals
        self._signed_in = False
        kept = KeptPasswords(portals.vault, slug, account)
        self._passwords = Passwords(kept, portals.gate, slug, account, lambda: portals.clock().date())
        self._policy = portals.policies.get(slug)

    # --- submitting --------------------------------------------------------------------------------------------------

    async def submit(self, request: AuthRequest, gate: CommitGate, *, dry_run: bool = False) -> SubmitResult:
        existing = await self.find_existing(request)
        hidden = self._all.hidden(request.request_id)
        if existing:
            receipt = self._receipt(existing[0].reference_no, adopted=True)
            await gate.receipt(receipt)
            return SubmitResult(receipt=receipt)
        await self._pass("draft")
        if hidden.moves_to and hidden.moves_to != self.slug:
            raise Redirected(self.slug, to=hidden.moves_to)
        if hidden.ends_as == "not_required":
            raise self._says_not_required()
        await self._pass("review")
        fields = {"units": str(request.lines[0].units)}
        await gate.intent(double.Shown(portal=self.slug, page="review", selectors_version="1", fields=fields))
        await self._step("after intent")
        receipt = self._receipt(await self._click(request))
        await self._step("after click")
        await gate.receipt(receipt)
        await self._step("after receipt")
        return SubmitResult(receipt=receipt)

    async def _click(self, request: AuthRequest) -> str:
        kind = self._all._meets(self.slug, "click")
        accepted, error = double.AT_THE_CLICK[kind] if kind is not None else (True, None)
        number = self._all.payers.accept(self.slug, request, self._all.clock()) if accepted else ""
        await self._step("clicked")
        if error is not None:
            raise error(self.slug)
        return number

    def _says_not_required(self) -> NotRequiredHere:
        error: NotRequiredHere = double.says_not_required(self.slug)
        return error

    def _receipt(self, reference_no: str, *, adopted: bool = False) -> Any:
        return double.Receipt(portal=self.slug, reference_no=reference_no, received_at=self._all.clock(), adopted=adopted)

    async def find_existing(self, request: AuthRequest) -> tuple[CaseSummary, ...]:
        if self.slug in WITHOUT_ACCOUNT:
            await self._pass("find")
            return ()
        await self._sign_in()
        await self._pass("find")
        return tuple(case for case in self._cases() if case.our_reference == request.request_id)

    # --- reading -----------------------------------------------------------------------------------------------------

    async def list_cases(self, since: date) -> tuple[CaseSummary, ...]:
        await self._sign_in()
        await self._pass("list")
        return tuple(self._cases(since))

    def _cases(self, since: date = date.min) -> list[CaseSummary]:
        now = self._all.clock()
        shown = self._all.payers.shown(self.slug, now, LAG)
        return [self._row(case, now) for case in shown if case.taken_at.date() >= since]

    def _row(self, case: Case, now: datetime) -> CaseSummary:
        line, word = case.request.lines[0], case.word(now)
        return CaseSummary(
            portal=self.slug,
            reference_no=case.reference_no,
            authorization_no=case.authorization_no(now),
            member_id=case.request.member.id,
            service_codes=(line.service_code,),
            from_date=line.from_date,
            to_date=line.to_date,
            status_raw=word.text,
            status=WORDS[word.text],
            our_reference=case.request.request_id,
        )

    async def read_case(self, reference_no: str, member: Member | None = None) -> Reading:
        await self._sign_in()
        await self._pass("read")
        now, case = self._all.clock(), self._all.payers.cases[self.slug][reference_no]
        row, asked, word = self._row(case, now), case.request.lines[0], case.word(now)
        line = LineReading(
            service_code=asked.service_code,
            units_requested=asked.units,
            units_approved=word.approved,
            from_date=asked.from_date,
            to_date=asked.to_date,
            status_raw=word.text,
            status=WORDS[word.text],
        )
        return Reading(
            portal=self.slug,
            reference_no=reference_no,
            authorization_no=row.authorization_no,
            member_id=row.member_id,
            status_raw=word.text,
            status=row.status,
            lines=(line,),
            decided_on=word.since.date() if len(case.words) > 1 and word is case.words[-1] else None,
            observed_at=now,
        )

    async def read_units(self, member_ids: tuple[str, ...]) -> tuple[Units, ...]:
        await self._sign_in()
        await self._pass("units")
        sources = ("clear_coverage", "husky_medical") if self.slug == "husky_secure" else (self.slug,)
        now, payers = self._all.clock(), self._all.payers
        cases = [case for slug in sources for case in payers.shown(slug, now, LAG) if case.request.member.id in member_ids]
        return tuple(line for case in cases if (line := self._units_line(case, now)) is not None)

    def _units_line(self, case: Case, now: datetime) -> Units | None:
        used, line, word = self._all.payers.used(case, now), case.request.lines[0], case.word(now)
        if used is None or word.approved is None:
            return None
        return Units(
            portal=self.slug,
            authorization_no=case.authorization_no(now),
            member_id=case.request.member.id,
            service_code=line.service_code,
            unit_type=line.unit_type,
            from_date=line.from_date,
            to_date=line.to_date,
            approved=word.approved,
            used=used[0],
            as_of=used[1],
            observed_at=now,
        )

    @property
    def has_letters(self) -> bool:
        return self.slug in HAS_LETTERS

    async def read_letters(self, reference_no: str) -> tuple[PortalLetter, ...]:
        await self._sign_in()
        await self._pass("read")
        return (PortalLetter(portal=self.slug, reference_no=reference_no, letter_id="1", title="Decision", evidence="x.sealed"),)

    async def ask_eligibility(self, request: AuthRequest) -> Eligibility:
        await self._sign_in()
        await self._pass("coverage")
        is_active = self._all.hidden(request.request_id).ends_as != "not_eligible"
        said: Eligibility = double.says_covered(self.slug, request, self._all.clock(), is_active=is_active)
        return said

    async def ask_requirement(self, request: AuthRequest) -> Requirement:
        raise MemberNotFound(self.slug)  # nobody asks here: `submit` meets the portal's own word

    async def check(self, _examples: Mapping[str, str]) -> CheckReport:
        await self._sign_in()
        await self._pass("check")
        return CheckReport(portal=self.slug, version="1", parts=())

    async def capture(self, _page: str, _examples: Mapping[str, str]) -> str:
        raise AssertionError("the month captures no page")

    # --- signing in --------------------------------------------------------------------------------------------------

    async def change_password(self, policy: PasswordPolicy) -> None:
        self._policy, before = policy, self._passwords.changes
        await self._sign_in()
        if self._passwords.changes == before:
            await self._give_new_password(policy)

    async def _sign_in(self) -> None:
        if self.slug in WITHOUT_ACCOUNT or self._signed_in:
            await self._pass("page")
            return
        await self._pass("sign_in")
        typed = ""

        async def fill(password: str) -> None:
            nonlocal typed
            typed = password
            await self._step("password typed")

        async def press() -> str:
            ok = self._all.payers.sign_in(self.slug, self.account, typed, self._all.clock())
            await self._step("password judged")
            if not ok:
                raise PasswordRejected(self.slug, account=self.account, secret="its password")
            return "change" if self._all.payers.accounts[self.slug, self.account].expired else "home"

        seen = await self._passwords.sign_in(fill, press)
        self._all.payers.begin_session(self.slug, self.account, self._all.holder, self._all.is_alive)
        self._signed_in = True
        if seen == "change":
            if self._policy is None:
                raise PasswordExpired(self.slug, account=self.account, secret="its password")
            await self._give_new_password(self._policy)

    async def _give_new_password(self, policy: PasswordPolicy) -> None:
        typed = ""

        async def fill(_old: str, new: str) -> None:
            nonlocal typed
            typed = new

        async def press() -> str:
            account = self._all.payers.accounts[self.slug, self.account]
            account.password, account.expired = typed, False
            await self._step("password changed")
            return "home"

        await self._passwords.change(policy, fill, press)

    def close_session(self) -> None:
        if self._signed_in:
            self._all.doom.tick("sign out")
            self._all.payers.end_session(self.slug, self.account, self._all.holder)
            self._signed_in = False

    async def _pass(self, step: str) -> None:
        await self._step(step)
        self._all.fault(step, self.slug)

    async def _step(self, where: str) -> None:
        await self._all.step(where, self.slug)
