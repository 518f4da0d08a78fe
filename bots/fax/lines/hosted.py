"""A hosted fax service: Telnyx's Programmable Fax API (one POST per fax, asked again by id; it dials once).

The service keeps no idempotency key for faxes, so a hand-over whose answer is unknown is never repeated here: `find` looks for
our tag (``client_state``) in the service's own list. Status calls are hints (`status_calls`), confirmed by asking.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

import msgspec

from bots.fax.dialling import e164
from bots.fax.line_errors import (
    FaxHandOverUnclear,
    FaxLineDown,
    FaxLineMissing,
    FaxLineRefusedSignIn,
    FaxLineSilent,
    FaxLineUnclear,
    FaxRefused,
    FaxTooLarge,
)
from bots.fax.lines import API_KEY
from bots.fax.lines.hosted_words import REASONS, STATES
from bots.fax.lines.settings import HostedSettings
from bots.fax.lines.status_calls import fax_id_of
from bots.fax.model import FaxReason, FaxState, LineLimits, LineReport, OutgoingFax
from bots.model import Frozen
from bots.permission import is_loopback
from bots.send_once import reachable

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")
SECONDS = 60.0
LIMITS = LineLimits(pages=350, bytes=50_000_000, settle_seconds=600)
"""350 pages and 50 MB, as the service documents them."""
LOOK_BACK = timedelta(days=7)
"""How far back `find` looks; an INTENT is settled within hours."""
PAGE_SIZE, MOST_LIST_PAGES = 250, 200
_ID = re.compile(r"[A-Za-z0-9-]{1,64}", re.ASCII)


class _Fax(Frozen, forbid_unknown_fields=False):
    """The service's fax object, as far as it is used."""

    id: str
    status: str = ""
    failure_reason: str | None = None
    client_state: str | None = None
    direction: str | None = None
    page_count: int | None = None
    updated_at: datetime | None = None


class _One(Frozen, forbid_unknown_fields=False):
    data: _Fax


class _Meta(Frozen, forbid_unknown_fields=False):
    total_pages: int = 1


class _Many(Frozen, forbid_unknown_fields=False):
    data: list[_Fax]
    meta: _Meta = _Meta()


class _Application(Frozen, forbid_unknown_fields=False):
    active: bool = True


class _OneApplication(Frozen, forbid_unknown_fields=False):
    data: _Application


class HostedLine:
    """``api_key`` is asked for at each call; None: there is none in the vault."""

    name = "http"
    limits = LIMITS

    def __init__(
        self,
        settings: HostedSettings,
        api_key: Callable[[], str | None],
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        seconds: float = SECONDS,
    ) -> None:
        self._settings = settings
        self._api_key = api_key
        self._now = now
        self._seconds = seconds

    async def send(self, fax: OutgoingFax) -> str:
        import httpx

        self._check_size(fax)
        fields = {
            "connection_id": self._settings.connection_id,
            "from": e164(self._settings.from_number),
            "to": e164(fax.number),
            "client_state": _state(fax.tag),
            "quality": "high",
            "monochrome": "true",
            "store_media": "false",
            "store_preview": "false",
        }
        files = {"contents": ("packet.pdf", fax.pdf, "application/pdf")}
        try:
            async with self._client() as client:
                answer = await client.post("faxes", data=fields, files=files)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            raise FaxLineDown(line=self.name, what="no connection") from None
        except httpx.TimeoutException:
            raise FaxHandOverUnclear(line=self.name, what="no answer in time") from None
        except httpx.HTTPError:
            raise FaxHandOverUnclear(line=self.name, what="the connection broke off") from None
        return self._job_of(answer)

    async def report(self, job_id: str) -> LineReport:
        if not _ID.fullmatch(job_id):
            return LineReport(job_id=job_id, state=FaxState.UNKNOWN, said="this is no id of the service")
        answer = await self._ask("GET", f"faxes/{job_id}")
        if answer.status_code == 404:
            return LineReport(job_id=job_id, state=FaxState.UNKNOWN, said="the service does not know this fax")
        fax = self._read(answer, _One).data
        if fax.id != job_id:
            raise FaxLineUnclear(line=self.name, what="it spoke of another fax")
        return _report(fax)

    async def find(self, tag: str) -> tuple[LineReport, ...]:
        wanted = {
            "filter[direction][eq]": "outbound",
            "filter[created_at][gte]": (self._now() - LOOK_BACK).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "page[size]": str(PAGE_SIZE),
        }
        found: dict[str, _Fax] = {}
        for page in range(1, MOST_LIST_PAGES + 1):
            listed = self._read(await self._ask("GET", "faxes", wanted | {"page[number]": str(page)}), _Many)
            found |= {fax.id: fax for fax in listed.data if fax.client_state == _state(tag)}
            if page >= listed.meta.total_pages:
                return tuple(_report(fax) for fax in found.values())
        raise FaxLineUnclear(line=self.name, what="its list has no end")

    async def cancel(self, job_id: str) -> LineReport:
        """A fax that is being sent is left alone: a call that is cut off may have brought pages."""
        report = await self.report(job_id)
        if report.state is not FaxState.WAITING:
            return report
        await self._ask("POST", f"faxes/{job_id}/actions/cancel")  # refused when it began meanwhile: the next line tells
        return await self.report(job_id)

    async def check(self) -> str:
        from bots.failure import BotError

        try:
            answer = await self._ask("GET", f"fax_applications/{self._settings.connection_id}")
            if answer.status_code == 404:
                return "The fax service knows no such application. Put its id right: [fax.hosted] connection_id."
            active = self._read(answer, _OneApplication).data.active
        except BotError as error:
            return error.sentence
        return "" if active else "Our application at the fax service is switched off, so no fax goes out. Switch it on there."

    async def take_status_call(self, headers: Mapping[str, str], body: bytes) -> LineReport | None:
        """What the service says, asked now, of the fax that a status call speaks of; None when it speaks of none.

        Raises `StatusCallRefused` before anything is asked.
        """
        job_id = fax_id_of(headers, body, public_key=self._settings.public_key, now=self._now(), line=self.name)
        return await self.report(job_id) if job_id else None

    # --- the service's answers -----------------------------------------------------------------------------------------

    def _check_size(self, fax: OutgoingFax) -> None:
        if fax.pages > LIMITS.pages:
            raise FaxTooLarge(line=self.name, what=f"{fax.pages} pages")
        if len(fax.pdf) > LIMITS.bytes:
            raise FaxTooLarge(line=self.name, what=f"{len(fax.pdf) // 1_000_000} MB")

    def _client(self) -> httpx.AsyncClient:
        import httpx

        settings = self._settings
        if why := why_not_usable(settings):
            raise FaxLineMissing(what=why)
        key = self._api_key()
        if not key:
            raise FaxLineMissing(what=f"the vault holds no {API_KEY}")
        base = httpx.URL(settings.base_url.rstrip("/") + "/")
        headers = {"authorization": f"Bearer {key}", "host": base.netloc.decode()}
        return httpx.AsyncClient(base_url=reachable(base), headers=headers, timeout=self._seconds, trust_env=False)

    async def _ask(self, method: str, path: str, params: Mapping[str, str] | None = None) -> httpx.Response:
        import httpx

        try:
            async with self._client() as client:
                answer = await client.request(method, path, params=params)
        except httpx.TimeoutException:
            raise FaxLineSilent(line=self.name, what="no answer in time") from None
        except httpx.HTTPError:
            raise FaxLineSilent(line=self.name, what="no connection") from None
        if answer.status_code in (401, 403):
            raise FaxLineRefusedSignIn(line=self.name, secret=API_KEY)
        if answer.status_code == 429 or answer.status_code >= 500:
            raise FaxLineSilent(line=self.name, what=f"answer {answer.status_code}")
        return answer

    def _job_of(self, answer: httpx.Response) -> str:
        """The id of the fax that was just handed over."""
        status = answer.status_code
        if status in (401, 403):
            raise FaxLineRefusedSignIn(line=self.name, secret=API_KEY)
        if status == 429:
            raise FaxLineDown(line=self.name, what="it has too much to do")
        if 400 <= status < 500:
            raise FaxRefused(line=self.name, what=f"answer {status}")
        if not 200 <= status < 300:  # it may have taken it before it failed
            raise FaxHandOverUnclear(line=self.name, what=f"answer {status}")
        try:
            return msgspec.json.decode(answer.content, type=_One).data.id
        except msgspec.DecodeError:
            raise FaxHandOverUnclear(line=self.name, what="its answer makes no sense") from None

    def _read(self, answer: httpx.Response, kind: type[T]) -> T:
        if answer.status_code != 200:
            raise FaxLineUnclear(line=self.name, what=f"answer {answer.status_code}")
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except msgspec.DecodeError:
            raise FaxLineUnclear(line=self.name, what="not what it documents") from None


def why_not_usable(settings: HostedSettings) -> str:
    """What is missing before the service may be used at all, in a few words; "" when nothing is."""
    if not settings.connection_id or not settings.from_number:
        return "[fax.hosted] needs connection_id and from_number"
    if is_loopback(settings.base_url):
        return ""
    if not settings.base_url.lower().startswith("https://"):
        return "[fax.hosted] base_url must begin with https://"
    return (
        ""
        if settings.agreement.strip()
        else "[fax.hosted] agreement does not say where the business associate agreement is filed"
    )


def _state(tag: str) -> str:
    return base64.b64encode(tag.encode()).decode()


def _report(fax: _Fax) -> LineReport:
    state = STATES.get(fax.status, FaxState.UNKNOWN)
    said = fax.failure_reason or "" if state is FaxState.FAILED else fax.status
    reason = REASONS.get(said, FaxReason.OTHER) if state is FaxState.FAILED else FaxReason.NONE
    pages = fax.page_count or 0 if state is FaxState.DELIVERED else 0
    ended = fax.updated_at if state in (FaxState.DELIVERED, FaxState.FAILED) else None
    return LineReport(job_id=fax.id, state=state, reason=reason, said=said, pages_sent=pages, at=ended)
