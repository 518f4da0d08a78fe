"""Work on several portals at once, one of them slow or down without holding up the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any

from jobs.journal_schema import JournalError


async def side_by_side(works: Iterable[Coroutine[Any, Any, object]]) -> None:
    """Until all have ended (`together`)."""
    async with together() as group:
        for work in works:
            group.create_task(work)


@asynccontextmanager
async def together() -> AsyncIterator[asyncio.TaskGroup]:
    """Until all works of the group have ended, also those that are added meanwhile.

    A journal that cannot be written ends them all: raises `JournalError`, one sentence for staff however many could not write.
    """
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except* JournalError as errors:
        raise _first(errors) from None


def _first(errors: BaseExceptionGroup[JournalError]) -> JournalError:
    inner = errors.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner
