"""The only retries there are: of reads, and of whole drafts while nothing was sent. Never a click, never a password.

An allow-list of errors, a bounded number of tries, growing and jittered pauses; what still fails is raised as it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from bots.errors import BotError, PortalDown, PortalSlow, SessionLost

T = TypeVar("T")
Sleep = Callable[[float], Awaitable[None]]
"""Waits that many seconds; ``asyncio.sleep`` outside tests."""
OnError = Callable[[BotError], bool]
"""Hears of every `BotError`, the last one included; False: no use in another try, because the portal counts as down now."""

TRIES = 3
LONGEST_TRY = timedelta(minutes=30)
"""What one draft, one read, one check of a portal's pages or one change of a password may take: each takes a minute or two. What
is not over after so long waits for a word of the browser that will not come. A draft of which nothing was sent gets one more
try with a fresh session; anything else waits for its next time."""
_WORTH_ANOTHER_TRY = (PortalDown, PortalSlow, SessionLost)


def is_announced(error: BotError) -> bool:
    """The portal's own pages say that it is down (selector outcomes carry their ``reason``): no use in trying again now."""
    return isinstance(error, PortalDown) and bool(error.details.get("reason"))


def is_passing(error: BaseException) -> bool:
    """Whether the same read may well work a moment later."""
    return isinstance(error, _WORTH_ANOTHER_TRY) and not is_announced(error)


async def in_time(work: Awaitable[T]) -> T:
    """What ``work`` gives. Raises ``TimeoutError`` after `LONGEST_TRY`."""
    async with asyncio.timeout(LONGEST_TRY.total_seconds()):
        return await work


async def read_again(read: Callable[[], Awaitable[T]], *, sleep: Sleep, on_error: OnError) -> T:
    """A read, again while its error is a passing one."""
    return await _again(read, may_repeat=lambda: True, sleep=sleep, on_error=on_error)


async def draft_again(draft: Callable[[], Awaitable[T]], *, is_unsent: Callable[[], bool], sleep: Sleep, on_error: OnError) -> T:
    """A whole draft from its first page, again while its error is a passing one and nothing was sent (``is_unsent``)."""
    return await _again(draft, may_repeat=is_unsent, sleep=sleep, on_error=on_error)


async def _again(work: Callable[[], Awaitable[T]], *, may_repeat: Callable[[], bool], sleep: Sleep, on_error: OnError) -> T:
    heard: list[bool] = [True]
    async for attempt in AsyncRetrying(
        retry=retry_if_exception(lambda error: is_passing(error) and heard[-1] and may_repeat()),
        stop=stop_after_attempt(TRIES),
        wait=wait_random_exponential(multiplier=0.5, max=8),
        sleep=sleep,
        reraise=True,
    ):
        with attempt:
            try:
                return await in_time(work())
            except BotError as error:
                heard.append(on_error(error))
                raise
    raise AssertionError("tenacity returns or raises")
