"""Tells people who are not looking: by e-mail, chat or web hook, one message per matter, and one when it is over.

Targets are apprise addresses. They hold passwords, so they stand in the vault (``notify.NAME``), and priorbot.toml names
them. Counts, portals and request ids only: what may be said is made in `jobs.matters` and nothing else gets here. A target
that does not take its message is asked again the next time, with whatever is true then; that it fails is told to the others,
in doctor and in the report.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bots.vault import Secret
from jobs.alert_hours import QuietHours
from jobs.journal_schema import JournalError
from jobs.matter_book import MatterBook, Told
from jobs.matters import Matter, text_of

TITLE = "PriorBot"
TIMEOUTS = "cto=10&rto=20"
"""Seconds that a target has to be reached and to answer (apprise's own words)."""

Send = Callable[[str, str], Awaitable[bool]]
"""Gives a text to one address; False when it was not taken."""


def target_name(name: str) -> str:
    """Name of a target's address in the vault."""
    return f"notify.{name}"


class Alerts:
    """The targets of one home. ``addresses``: name -> its address, None where the vault has none."""

    def __init__(
        self,
        book: MatterBook,
        addresses: Mapping[str, Secret | None],
        *,
        practice: str,
        quiet: QuietHours | None,
        zone: ZoneInfo,
        wakes: bool,
        send: Send,
    ) -> None:
        self._book = book
        self._addresses = addresses
        self._practice = practice
        self._quiet = quiet
        self._zone = zone
        self._wakes = wakes
        self._send = send
        self._told_unwritten: set[str] = set()

    @property
    def has_targets(self) -> bool:
        return bool(self._addresses)

    async def tell(self, matters: Iterable[Matter], now: datetime) -> int:
        """Notes what opened and ended, and tells each target what it does not know yet. Returns how many messages were taken.

        With a journal that cannot be written it tells once that this is so.
        """
        current = tuple(matters)
        try:
            self._book.note([*current, *self._failing()])
        except (JournalError, SQLAlchemyError):
            return await self._tell_without_book(current)
        self._told_unwritten.clear()
        self._book.forget(self._addresses.keys())
        sent = 0
        for name in self._addresses:
            sent += await self._tell_target(name, is_quiet=self._quiet is not None and self._quiet.covers(now, self._zone))
        return sent

    async def try_all(self) -> dict[str, bool]:
        """Sends each target a word of no matter. Returns who took it."""
        return {name: await self._give(name, "This is a test. PriorBot can reach you.") for name in self._addresses}

    def open_matters(self) -> list[Told]:
        """What is open now, and whom it was told."""
        self._book.read_on()
        return [told for told in self._book.matters.values() if not told.is_over]

    async def post(self, text: str) -> dict[str, bool]:
        """Gives a text to every target at once, quiet hours or not: somebody asked for it. Name of the target -> it was taken."""
        return {name: await self._give(name, text) for name in self._addresses}

    def _failing(self) -> list[Matter]:
        named = sorted(self._book.failing & self._addresses.keys())
        return [Matter(key=f"target {name}", sentence=f"Alerts to {name} do not get there (priorbot doctor).") for name in named]

    async def _tell_target(self, name: str, *, is_quiet: bool) -> int:
        began, ended = self._book.to_tell(name)
        if is_quiet:
            began, ended = ([each for each in some if self._wakes and each.wakes] for some in (began, ended))
        if not began and not ended:
            return 0
        if not await self._give(name, text_of(began, ended)):
            self._book.failed(name)
            return 0
        self._book.told(name, [each.key for each in began], [each.key for each in ended])
        return 1

    async def _tell_without_book(self, matters: Collection[Matter]) -> int:
        fresh = [each for each in matters if each.key not in self._told_unwritten and not each.ids]
        if not fresh:
            return 0
        self._told_unwritten |= {each.key for each in fresh}
        return sum([await self._give(name, text_of(fresh, ())) for name in self._addresses])

    async def _give(self, name: str, text: str) -> bool:
        address = self._addresses[name]
        if address is None:
            return False
        try:
            taken = await self._send(address.reveal(), f"{self._practice}\n{text}" if self._practice else text)
        except Exception as error:  # a library over many services: whatever it raises, the message was not given
            structlog.get_logger().error("alert_failed", exc_info=error)
            return False
        if not taken:
            structlog.get_logger().warning("alert_not_taken")
        return taken


async def send_by_apprise(address: str, text: str) -> bool:
    return await asyncio.to_thread(_send, address, text)


def _send(address: str, text: str) -> bool:
    from apprise import NotifyFormat

    teller = _teller(address)
    return teller is not None and bool(teller.notify(body=text, title=TITLE, body_format=NotifyFormat.TEXT))


def understands(address: str) -> bool:
    """Whether apprise can send to such an address; nothing is sent."""
    return _teller(address) is not None


def _teller(address: str) -> Any:
    from apprise import Apprise, AppriseAsset

    asset = AppriseAsset(app_id=TITLE, app_desc=TITLE, app_url="", async_mode=False)
    teller = Apprise(asset=asset)
    joined = address + ("&" if "?" in address else "?") + TIMEOUTS
    return teller if teller.add(joined) else None
