"""What wakes the service: at once, when the calendar says so, and when the clock has jumped."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from jobs.schedule import has_jumped, look_in_time

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


async def test_it_looks_at_once_and_again_whenever_it_is_told_to() -> None:
    looks, enough = [], asyncio.Event()

    def look() -> None:
        looks.append(datetime.now(UTC))
        if len(looks) == 4:
            enough.set()

    waking = asyncio.create_task(look_in_time(look, lambda now: now + timedelta(milliseconds=5)))
    await enough.wait()
    waking.cancel()
    with suppress(asyncio.CancelledError):
        await waking
    assert waking.done()
    assert looks == sorted(looks)


async def test_a_clock_that_jumps_is_looked_at_although_nothing_is_due() -> None:
    """Otherwise a clock that was set back a day would let it sleep a day longer."""
    looks, enough, back = [], asyncio.Event(), iter([NOW, NOW - timedelta(days=1)])

    def look() -> None:
        looks.append(None)
        if len(looks) == 2:
            enough.set()

    waking = asyncio.create_task(
        look_in_time(look, lambda now: now + timedelta(days=1), now=lambda: next(back, NOW), clock_look=0.001)
    )
    await enough.wait()
    waking.cancel()
    with suppress(asyncio.CancelledError):
        await waking
    assert len(looks) == 2


@pytest.mark.parametrize(
    ("moved", "jumped"),
    [(timedelta(seconds=60), False), (timedelta(seconds=75), False), (timedelta(days=-1), True), (timedelta(hours=8), True)],
)
def test_what_counts_as_a_jump(moved: timedelta, jumped: bool) -> None:
    assert has_jumped(NOW, NOW + moved, timedelta(seconds=60)) is jumped
