"""Asks for a member's coverage and limits before a request goes to its portal, where a rule names a portal that tells them (B4).

The answer is evidence, kept with the request and its pages sealed. Only a member whom that portal shows without coverage on
the first day of service stops the request, as a portal's own eligibility does. Whatever keeps the portal from answering is
noted, and the request goes on: nobody's care waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from types import TracebackType
from typing import Self

import structlog
from msgspec.structs import replace

from bots.eligibility import Eligibility
from bots.errors import NotConfigured, NotEligible
from bots.model import AuthRequest, Frozen, Status
from bots.registry import has_bot
from jobs import events as happened
from jobs.fallback import person_task
from jobs.journal import NoSuchRequest
from jobs.journal_schema import JournalError
from jobs.office import Office, Outcome
from jobs.questions import NotTold, ask_each
from jobs.state import Snapshot

GOOD_FOR = timedelta(hours=24)
"""An answer of today is not asked for again."""
Answer = Eligibility | NotTold
Heard = Callable[[AuthRequest, Answer], None]


class Told(Frozen):
    """What the portal told of one request."""

    request_id: str
    portal: str
    answer: Answer


def told_by(office: Office, request: AuthRequest, portal: str) -> str:
    """The portal that the practice can ask after this member's coverage before ``portal`` gets the request; "" for none."""
    slug = office.rules.coverage_portal(request, portal)
    plan = office.plans.get(slug)
    return slug if plan is not None and plan.accounts and has_bot(slug) else ""


async def ask_coverage(office: Office, slug: str, requests: Sequence[AuthRequest], heard: Heard) -> list[Answer]:
    """What that portal tells of each, in order; ``heard`` gets each as soon as it is known. Moves nothing."""
    return await ask_each(office, slug, requests, lambda driver, request: driver.ask_eligibility(request), heard)


def keep(office: Office, request_id: str, slug: str, said: Answer) -> None:
    """The answer with the request, or why there is none."""
    body: happened.Evidence
    if isinstance(said, NotTold):
        why = said.error_code.replace("_", " ")
        reason = f"{slug} did not tell the coverage ({why}). The request goes on without it; look there by hand if it matters."
        body = happened.CoverageNotTold(portal=slug, error_code=said.error_code, reason=reason)
    else:
        body = happened.CoverageTaken(said=said)
    with office.journal.write() as write:
        write.append(request_id, body)


async def ask_now(office: Office, routed: Iterable[tuple[AuthRequest, str]]) -> list[Told]:
    """What is told of each request, in order; ``routed``: with the portal to which it goes.

    Kept with those that are in the journal; nothing is moved by it.
    """
    told: dict[str, Told] = {}
    by_slug: dict[str, list[AuthRequest]] = {}
    for request, portal in routed:
        slug = told_by(office, request, portal)
        none = NotTold(
            error_code=NotConfigured.code, sentence="No portal that tells the coverage of this payer's members is set up."
        )
        told[request.request_id] = Told(request_id=request.request_id, portal=slug, answer=none)
        by_slug.setdefault(slug, []).append(request)
    by_slug.pop("", None)
    for slug, requests in by_slug.items():

        def heard(request: AuthRequest, answer: Answer, slug: str = slug) -> None:
            told[request.request_id] = Told(request_id=request.request_id, portal=slug, answer=answer)
            if _is_in_journal(office, request):
                keep(office, request.request_id, slug, answer)

        await ask_coverage(office, slug, requests, heard)
    return list(told.values())


def _is_in_journal(office: Office, request: AuthRequest) -> bool:
    """As it stands there: the same id may be another request in a file."""
    try:
        return office.journal.snapshot(request.request_id).request == request
    except NoSuchRequest:
        return False


class Asking:
    """Asks for the coverage of these requests, in their order, beside the work on them. Used with ``async with``.

    It begins when the first of them is waited for, and ends with the work.
    """

    def __init__(self, office: Office, portal: str, due: Iterable[Snapshot]) -> None:
        self._office = office
        self._asked: dict[str, list[AuthRequest]] = {}
        self._heard: dict[str, asyncio.Event] = {}
        self._slug: dict[str, str] = {}
        self._task: asyncio.Task[None] | None = None
        for snapshot in due:
            request = snapshot.request
            if slug := told_by(office, request, portal):
                self._slug[request.request_id] = slug
                if not _is_known(office, snapshot):
                    self._asked.setdefault(slug, []).append(request)
                    self._heard[request.request_id] = asyncio.Event()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            if not self._task.cancelled() and (failed := self._task.exception()) is not None:
                raise failed

    async def ended(self, request_id: str) -> Outcome | None:
        """Waits for what was asked about this request. An outcome when the request ends by it."""
        if request_id not in self._slug:
            return None
        if request_id in self._heard:
            if self._task is None:
                self._task = asyncio.create_task(self._run())
            await self._heard[request_id].wait()
        return _stopped(self._office, self._slug[request_id], request_id)

    async def _run(self) -> None:
        try:
            for slug, requests in self._asked.items():
                await self._ask(slug, requests)
        finally:
            for event in self._heard.values():
                event.set()

    async def _ask(self, slug: str, requests: Sequence[AuthRequest]) -> None:
        def heard(request: AuthRequest, answer: Answer) -> None:
            keep(self._office, request.request_id, slug, answer)
            self._heard[request.request_id].set()

        try:
            await ask_coverage(self._office, slug, requests, heard)
        except JournalError:
            raise
        except Exception as bug:  # evidence that nobody foresaw how to lose holds nothing up
            structlog.get_logger().error("coverage_not_asked", portal=slug, exc_info=bug)
            failed = NotTold(
                error_code="failed", sentence=f"PriorBot failed while it asked {slug}. Give your IT person the log file."
            )
            for request in requests:
                if not self._heard[request.request_id].is_set():
                    heard(request, failed)


def _is_known(office: Office, snapshot: Snapshot) -> bool:
    said = snapshot.coverage
    return said is not None and office.now() - said.observed_at < GOOD_FOR


def _stopped(office: Office, slug: str, request_id: str) -> Outcome | None:
    """Ends a request without coverage, unless somebody is at work on it. Coverage is denied only for the day that was asked."""
    now = office.journal.snapshot(request_id)
    said = now.coverage
    if said is None or said.is_active or said.service_date != now.request.from_date or not _is_known(office, now):
        return None
    error = NotEligible(slug)
    standing = replace(person_task(error), status=Status.NOT_ELIGIBLE)
    if not office.attempts.put_to_rest(request_id, happened.Moved(standing=standing)):
        return None
    return Outcome(request_id=request_id, portal=slug, status=standing.status, error_code=error.code, reason=error.sentence)
