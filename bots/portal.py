"""Portal: the one way a portal is driven.

A portal module subclasses `Portal` and says what its steps mean: how a member is found, how a request is drafted, where a case
is shown. This class does the rest, the same for every portal: signing in, the look for an existing case, the read-back, the
commit and the receipt. A portal module has no retry, no ``try`` and no commit click.

Page names with a meaning here: ``review`` and its tabs (``read_back`` values, tables ``lines``, ``documents`` and ``diagnoses``,
on the last one the action ``submit``), ``confirmation`` (reads ``reference_no``, ``authorization_no``, ``status``) and ``case``
(reads of `Reading`, table ``lines``).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, ClassVar, TypeVar

import structlog

from bots.ability import CASEWORK, Ability
from bots.browser import PlaywrightError
from bots.check_report import CheckReport
from bots.compare import differing, lines_differ
from bots.driver import SubmitResult
from bots.eligibility import Eligibility
from bots.errors import (
    Action,
    BotError,
    DraftExpired,
    KnownRejection,
    NoBotYet,
    NotListed,
    NotReached,
    NotRequiredHere,
    PageChanged,
    PartlyOnFile,
    PortalSlow,
    SessionLost,
    SeveralMatches,
    Uncertain,
)
from bots.limits import Limits
from bots.model import (
    AuthRequest,
    CaseSummary,
    Member,
    PortalLetter,
    Reading,
    Receipt,
    Requirement,
    Shown,
    Status,
    Units,
)
from bots.pagemap import ReadMap
from bots.portal_reading import Reader

if TYPE_CHECKING:
    from bots.driver import CommitGate
    from bots.evidence import Evidence
    from bots.passwords import PasswordPolicy
    from bots.visit import Visit

T = TypeVar("T")
_WITHDRAWN = {Status.CANCELLED, Status.VOID, Status.WITHDRAWN}
"""A case that was taken back does not stand in a new request's way."""
RENEW_AFTER = 20
"""Submissions until the browser context is renewed, so that its memory goes."""


class Portal(Reader):
    """A portal under one account, or without any (`bots.driver.PortalDriver`). ``session`` signs in when first needed."""

    slug: ClassVar[str]
    does: ClassVar[frozenset[Ability]] = CASEWORK
    """What this portal is for; anything else is `NoBotYet` before anybody signs in."""
    limits: ClassVar[Limits] = Limits()
    """What the portal takes in one request."""
    review_pages: ClassVar[tuple[str, ...]] = ("review",)
    """The pages from which something is submitted: ``review``, and those of what comes onto a case later."""

    def __init__(self, session: Visit, evidence: Evidence, now: Callable[[], datetime]) -> None:
        self.account = session.account.name
        self.session = session
        self.map = session.map
        self.evidence = evidence
        self.now = now
        self.answered: dict[str, str] = {}
        """The questions that `draft` answered, by field key."""
        self.said: list[dict[str, str]] = []
        self.drafts: set[str] = set()
        """Numbers of the drafts begun here that were neither thrown away nor sent, where the portal numbers them."""
        self._draft = ""
        self._sent = 0

    def today(self) -> date:
        """The calendar day on the portal's pages."""
        return self.map.day_of(self.now())

    # --- what a portal module says -------------------------------------------------------------------------------

    async def search_cases(self, request: AuthRequest) -> list[CaseSummary]:
        """Cases that the portal shows for this request's member (any code and date)."""
        raise NoBotYet(self.slug)

    async def draft(self, request: AuthRequest) -> None:
        """From the start of a new request to the page ``review``. Sends nothing."""
        raise NoBotYet(self.slug)

    async def discard(self, request: AuthRequest) -> None:
        """Throws away what an unfinished draft of this very request left on the portal. Called before a draft, and when one ends
        without being sent; for portals that keep drafts by themselves."""

    def expected(self, request: AuthRequest) -> dict[str, str]:
        """What the review page must say: our field name -> our value (ISO dates, plain numbers)."""
        raise NoBotYet(self.slug)

    async def to_requirement(self, request: AuthRequest) -> None:
        """To where the portal says that an authorization is required (`NotRequiredHere`: it says the contrary). Sends nothing."""
        raise NoBotYet(self.slug)

    async def cases_since(self, since: date) -> list[CaseSummary]:
        raise NoBotYet(self.slug)

    async def open_case(self, reference_no: str) -> None:
        """To the page ``case`` of this reference number."""
        raise NoBotYet(self.slug)

    async def open_case_of(self, reference_no: str, member: Member | None) -> None:
        """The same, for a portal that also wants to know whose case it is."""
        await self.open_case(reference_no)

    async def open_letters(self, reference_no: str) -> None:
        """To the page with this case's letters."""
        await self.open_case(reference_no)

    async def units_of(self, member_ids: tuple[str, ...]) -> list[Units]:
        raise NoBotYet(self.slug)

    async def eligibility_of(self, request: AuthRequest) -> Eligibility:
        raise NoBotYet(self.slug)

    def began(self, draft_no: str) -> None:
        """`draft` has begun this draft, which the portal keeps until it is sent or thrown away."""
        self._draft = draft_no
        self.drafts.add(draft_no)

    # --- what jobs ask -------------------------------------------------------------------------------------------

    async def submit(self, request: AuthRequest, gate: CommitGate, *, dry_run: bool = False) -> SubmitResult:
        """See `bots.driver.PortalDriver.submit`."""
        self._must(Ability.SUBMIT)
        prepared = await self._while_signed_in(lambda: self._prepare(request, dry_run=dry_run))
        if isinstance(prepared, Receipt):
            await gate.receipt(prepared)
            return SubmitResult(receipt=prepared)
        if dry_run:
            return SubmitResult(shown=prepared)
        try:
            receipt = await self._commit(prepared, gate)
        except KnownRejection:
            await self._tidy(request)
            raise
        self._sent += 1
        if self._sent % RENEW_AFTER == 0:
            await self.session.renew_context()
        return SubmitResult(receipt=receipt)

    async def find_existing(self, request: AuthRequest) -> tuple[CaseSummary, ...]:
        """See `bots.driver.PortalDriver.find_existing`."""
        self._must(Ability.FIND)
        return await self._while_signed_in(lambda: self._find_existing(request))

    async def list_cases(self, since: date) -> tuple[CaseSummary, ...]:
        """See `bots.driver.PortalDriver.list_cases`."""
        self._must(Ability.LIST)
        return tuple(await self._while_signed_in(lambda: self.cases_since(since)))

    async def read_case(self, reference_no: str, member: Member | None = None) -> Reading:
        """See `bots.driver.PortalDriver.read_case`."""
        self._must(Ability.READ)

        async def read() -> Reading:
            await self.open_case_of(reference_no, member)
            return await self.case(reference_no)

        return await self._while_signed_in(read)

    @property
    def has_letters(self) -> bool:
        """See `bots.driver.PortalDriver.has_letters`."""
        page = self.map.pages.get(self.letters_page)
        return page is not None and "letters" in page.tables

    async def read_letters(self, reference_no: str) -> tuple[PortalLetter, ...]:
        """See `bots.driver.PortalDriver.read_letters`."""

        async def read() -> tuple[PortalLetter, ...]:
            await self.open_letters(reference_no)
            return tuple([await self.letter(reference_no, row) for row in await self.view.table("letters")])

        return await self._while_signed_in(read) if self.has_letters else ()

    async def check(self, examples: Mapping[str, str]) -> CheckReport:
        """See `bots.driver.PortalDriver.check`."""
        from bots.check import Walk

        return await Walk(self, examples, self.today()).run()

    async def capture(self, page: str, examples: Mapping[str, str]) -> str:
        """See `bots.driver.PortalDriver.capture`."""
        from bots.check import Walk
        from bots.redact import synthetic

        walk = Walk(self, examples, self.today(), until=page)
        report = await walk.run()
        if not walk.is_there:
            raise NotReached(self.slug, page=page, what=", ".join(report.missing_examples) or "none")
        try:
            return synthetic(await self.view.html(), self.map)
        finally:
            await walk.leave()

    async def read_units(self, member_ids: tuple[str, ...]) -> tuple[Units, ...]:
        """See `bots.driver.PortalDriver.read_units`."""
        self._must(Ability.UNITS)
        return tuple(await self._while_signed_in(lambda: self.units_of(member_ids)))

    async def ask_eligibility(self, request: AuthRequest) -> Eligibility:
        """See `bots.driver.PortalDriver.ask_eligibility`."""
        self._must(Ability.ELIGIBILITY)
        return await self._while_signed_in(lambda: self.eligibility_of(request))

    async def ask_requirement(self, request: AuthRequest) -> Requirement:
        """See `bots.driver.PortalDriver.ask_requirement`."""
        self._must(Ability.REQUIREMENT)
        return await self._while_signed_in(lambda: self._ask_requirement(request))

    async def _ask_requirement(self, request: AuthRequest) -> Requirement:
        await self.discard(request)
        try:
            await self.to_requirement(request)
            return await self._requirement(request, required=True)
        except NotRequiredHere:
            return await self._requirement(request, required=False)
        finally:
            await self._tidy(request)

    async def _requirement(self, request: AuthRequest, *, required: bool) -> Requirement:
        """What this page says, the page sealed."""
        evidence = await self.keep("required" if required else "not_required", request)
        return Requirement(portal=self.slug, page=self.view.here, required=required, evidence=evidence, observed_at=self.now())

    def _must(self, ability: Ability) -> None:
        if ability not in self.does:
            raise NoBotYet(self.slug)

    async def change_password(self, policy: PasswordPolicy) -> None:
        """See `bots.driver.PortalDriver.change_password`."""
        await self.session.change_password(policy)

    # --- the commit protocol -------------------------------------------------------------------------------------

    async def _prepare(self, request: AuthRequest, *, dry_run: bool) -> Receipt | Shown:
        existing = await self._find_existing(request) if Ability.FIND in self.does else ()
        if existing and not dry_run:
            return self._adopt(request, existing)
        self.limits.check(self.slug, request)
        await self.discard(request)
        self.answered = {}
        try:
            await self.draft(request)
            shown = await self._read_back(request)
        except BotError as error:
            if isinstance(error, NotRequiredHere):
                error.said = await self._requirement(request, required=False)
            if error.action is not Action.RETRY:  # else it is drafted anew, and that begins by tidying
                await self._tidy(request)
            raise
        if dry_run:
            await self._tidy(request)
        return shown

    async def _tidy(self, request: AuthRequest) -> None:
        """Discards the draft, or notes that it was left: what went wrong before is what must be told."""
        try:
            await self.discard(request)
        except (BotError, PlaywrightError) as error:
            code = error.code if isinstance(error, BotError) else "browser"
            structlog.get_logger().warning("draft_left", portal=self.slug, error_code=code)

    async def _find_existing(self, request: AuthRequest) -> tuple[CaseSummary, ...]:
        found = await self.search_cases(request)
        ours = self.our_reference(request)
        mine = [case for case in found if ours and case.our_reference == ours]
        if mine:
            return tuple(mine)
        wanted = {(line.service_code, line.from_date, line.to_date) for line in request.lines}
        return tuple(case for case in found if case.status not in _WITHDRAWN and any(case.overlaps(*line) for line in wanted))

    def _adopt(self, request: AuthRequest, existing: tuple[CaseSummary, ...]) -> Receipt:
        if len(existing) > 1:
            raise SeveralMatches(self.slug, what="cases on file")
        case = existing[0]
        ours = self.our_reference(request)
        if not (ours and case.our_reference == ours) and not set(request.codes) <= set(case.service_codes):
            raise PartlyOnFile(self.slug)
        return Receipt(
            portal=self.slug,
            reference_no=case.reference_no,
            authorization_no=case.authorization_no,
            status_raw=case.status_raw,
            status=case.status,
            received_at=self.now(),
            adopted=True,
        )

    async def _read_back(self, request: AuthRequest) -> Shown:
        """Compares all parts of the review page with the request; leaves the view on the last part, where the commit stands."""
        form = self.map.formats.date
        shown: dict[str, str] = {}
        reads: dict[str, ReadMap] = {}
        wrong: list[str] = []
        tables = {"lines": self.expected_lines(request), "documents": self.expected_documents(request)}
        tables["diagnoses"] = [{"code": code} for code in request.diagnosis_codes]
        tables |= self.expected_tables(request)
        for tab in (None, *self.map.review_tabs):
            if tab:
                await self.view.press(tab)
            page = self.map.pages[self.view.here]
            shown |= await self.view.read_back()
            reads |= page.read_back
            for name in page.tables:
                if name not in tables:
                    raise PageChanged(self.slug, page=self.view.here, key=name, what="a table that no request fills")
                rows = [row.cells for row in await self.view.table(name)]
                wrong += [name] if lines_differ(page.tables[name].said(tables.pop(name)), rows, form) else []
        wrong += [name for name, asked in tables.items() if asked]
        wrong += differing(self.expected(request), shown, reads, form)
        if wrong:
            raise self.view.differs(wrong)
        return Shown(portal=self.slug, page=self.view.here, selectors_version=self.map.version, fields=shown)

    async def _commit(self, shown: Shown, gate: CommitGate) -> Receipt:
        async with self.view.commit("submit") as click:
            await gate.intent(shown)
            try:
                await click()
                receipt = await self._receipt()
            except KnownRejection:
                raise
            except (BotError, PlaywrightError) as error:
                what = error.code if isinstance(error, BotError) else "browser"
                raise Uncertain(self.slug, what=what) from error
        self.drafts.discard(self._draft)
        await gate.receipt(receipt)
        await self._keep_page(receipt)
        return receipt

    async def keep(self, kind: str, request: AuthRequest) -> str:
        """This page as evidence of what the portal said about a request (``kind``), sealed; the name under which it is kept."""
        return self.evidence.store(kind, f"{self.slug}-{request.request_id}", (await self.view.html()).encode())

    async def _keep_page(self, receipt: Receipt) -> None:
        """The confirmation page as evidence, sealed. The receipt is safe already: a full disk must not make it look lost."""
        try:
            self.evidence.store("receipt", receipt.evidence, (await self.view.html()).encode())
        except (OSError, BotError, PlaywrightError):
            pass

    async def _receipt(self) -> Receipt:
        read = await self.view.read_all(("reference_no", "authorization_no", "status"))
        return Receipt(
            portal=self.slug,
            reference_no=read["reference_no"],
            authorization_no=read["authorization_no"],
            status_raw=read["status"],
            status=self.status(read["status"]),
            received_at=self.now(),
            evidence=f"{self.slug}-{read['reference_no']}",
        )

    async def _while_signed_in(self, work: Callable[[], Awaitable[T]]) -> T:
        """Does work that commits nothing; when the portal ended the session or the draft, does it once more."""
        await self.session.ensure()
        try:
            return await self._or_told(work)
        except SessionLost:
            self.session.lost()
            await self.session.ensure()
            return await self._or_told(work)
        except DraftExpired:
            return await self._or_told(work)

    async def _or_told(self, work: Callable[[], Awaitable[T]]) -> T:
        """Does work; where it fails for want of something on a page that tells of an interruption, that is the failure."""
        try:
            return await work()
        except (KnownRejection, NotListed, PageChanged, PortalSlow) as error:
            raise await self.view.told_instead(error) from error
