"""One browser while any job of the service needs it, and none in between: what leaks in a browser does not outlive its use."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bots.registry import PortalFactory
    from jobs.engine import Engine
    from jobs.office import Office, Outcome


class Browsers:
    """``is_stopping``: once true, offices begin nothing more (`Office.is_stopping`)."""

    def __init__(self, engine: Engine, is_stopping: Callable[[], bool]) -> None:
        self._engine = engine
        self._is_stopping = is_stopping
        self._lock = asyncio.Lock()
        self._users = 0
        self._factory: PortalFactory | None = None

    @asynccontextmanager
    async def office(self, progress: Callable[[Outcome], None]) -> AsyncIterator[Office]:
        """An office for one run of a job. The browser starts with the first portal that is opened."""
        async with self._lock:
            if self._factory is None:
                self._factory = await self._engine.portal_factory(person_first=False).__aenter__()
            self._users += 1
            factory = self._factory
        try:
            yield replace(self._engine.office(factory, progress), is_stopping=self._is_stopping)
        finally:
            async with self._lock:
                self._users -= 1
                if not self._users:
                    self._factory = None
                    await factory.__aexit__(None, None, None)
