"""The one door to Playwright, and one Chromium for the process with one context per account.

Contexts are closed and opened anew after a number of uses, because a context that lives on only grows. Against loopback
addresses the browser can reach nothing else.
"""

from __future__ import annotations

import asyncio
import os
from types import TracebackType
from typing import Any, Self

from playwright.async_api import Browser as PlaywrightBrowser
from playwright.async_api import (
    BrowserContext,
    ElementHandle,
    Frame,
    Page,
    Playwright,
    Request,
    Response,
    Route,
    async_playwright,
)
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import TimeoutError as PlaywrightTimeout

from bots.browser_find import find_browser
from bots.eyes_script import installed
from bots.keys import KEY_VARIABLE

__all__ = [
    "Browser",
    "BrowserContext",
    "ElementHandle",
    "Frame",
    "Page",
    "PlaywrightError",
    "PlaywrightTimeout",
    "Request",
    "Response",
    "Route",
]

_LIGHT = (
    "--in-process-gpu",
    "--disable-gpu-compositing",
    "--disable-lcd-text",
    "--num-raster-threads=1",
    # The last switch of this name wins, so it repeats what Playwright turns off for good reason and adds the last two: spare
    # renderers and a fresh frame for every document cost a third of a submission's processor time and bring a bot nothing.
    "--disable-features=AvoidUnnecessaryBeforeUnloadCheckSync,BackForwardCache,DestroyProfileOnBrowserClose,"
    "HttpsFirstBalancedModeAutoEnable,HttpsUpgrades,LensOverlay,MediaRouter,NetworkTimeServiceQuerying,OptimizationHints,"
    "PaintHolding,ThirdPartyStoragePartitioning,Translate,SpareRendererForSitePerProcess,RenderDocument",
)
"""For a browser that nobody watches (docs/benchmarks.md). Compositor threads stay on: without them no animation frame ever
comes, and what fades in stays unseen for ever (``requestAnimationFrame``, CSS transitions)."""

END_SECONDS = 30.0
"""So long the browser may take to end."""
_LOOPBACK_ONLY = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE *.localhost, EXCLUDE 127.0.0.1"


class Browser:
    """Starts on entering, stops on leaving. ``loopback_only``: names that are not this machine's do not resolve."""

    def __init__(self, *, path: str = "", headless: bool = True, loopback_only: bool = True) -> None:
        self._path = path
        self._headless = headless
        self._loopback_only = loopback_only
        self._playwright: Playwright | None = None
        self._browser: PlaywrightBrowser | None = None

    async def __aenter__(self) -> Self:
        found = find_browser(self._path, headless=self._headless)
        self._playwright = await async_playwright().start()
        self._browser = await self._playwright.chromium.launch(
            executable_path=str(found.path),
            args=[*found.args, *(_LIGHT if self._headless else ()), *([_LOOPBACK_ONLY] if self._loopback_only else ())],
            headless=self._headless,
            chromium_sandbox=found.sandbox,
            # The key that opens the vault is none of the browser's business.
            env={name: value for name, value in os.environ.items() if name != KEY_VARIABLE},
            # Signals are ours: a run that is asked to stop signs out first.
            handle_sigint=False,
            handle_sigterm=False,
            handle_sighup=False,
        )
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if self._browser is not None:
                async with asyncio.timeout(END_SECONDS):
                    await self._browser.close()
        except TimeoutError:
            pass  # what is left of it ends with its driver
        finally:
            if self._playwright is not None:
                await self._playwright.stop()

    async def context(self, state: dict[str, Any] | None = None) -> BrowserContext:
        """A new context, with the cookies and storage of a saved sign-in state if there is one. Traces and HAR stay off."""
        if self._browser is None:
            raise RuntimeError("the browser is not started")
        context = await self._browser.new_context(storage_state=state, accept_downloads=False, service_workers="block")  # type: ignore[arg-type]
        await context.add_init_script(installed())
        return context
