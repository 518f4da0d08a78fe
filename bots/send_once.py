"""The commit's request leaves this machine at most once.

Chromium sends a POST again by itself when a reused connection is reset before the first byte of the answer, so "clicked once" is
not "sent once". The browser's commit request is therefore taken out of its hands and sent here: once, over a fresh connection,
following no redirect; the answer goes back to the page. A second commit request of the same click is refused.
"""

from __future__ import annotations

import asyncio
from functools import cache
from typing import TYPE_CHECKING

from bots.model import Frozen

if TYPE_CHECKING:
    import ssl

    import httpx


class Answer(Frozen):
    status: int
    headers: dict[str, str]
    body: bytes


class SendOnce:
    """Sends one request and no second one; ``seconds`` is how long its answer may take.

    ``sent`` is True from the moment before the first byte leaves; ``refused`` counts requests that came after it.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.sent = False
        self.refused = 0

    async def send(self, method: str, url: str, headers: dict[str, str], body: bytes | None) -> Answer | None:
        """The portal's answer; None when it is unknown whether it arrived, or when it was not sent because one was before."""
        import httpx

        if self.sent or (body is None and "multipart" in headers.get("content-type", "")):
            self.refused += 1
            return None
        self.sent = True
        target = httpx.URL(url)
        own = {name: value for name, value in headers.items() if not name.startswith(":")}
        # Only packings that can be undone here: the page gets the answer unpacked, and a browser asks for more of them.
        own |= {"host": target.netloc.decode(), "connection": "close", "accept-encoding": "gzip, deflate"}
        try:
            async with (
                asyncio.timeout(self._seconds),
                httpx.AsyncClient(
                    transport=httpx.AsyncHTTPTransport(verify=_trusted(), retries=0),
                    timeout=self._seconds,
                    follow_redirects=False,
                    trust_env=False,
                ) as client,
            ):
                answer = await client.request(method, reachable(target), headers=own, content=body or b"")
        except (httpx.HTTPError, TimeoutError):
            return None
        hidden = {"content-encoding", "content-length", "transfer-encoding", "connection"}
        kept: dict[str, str] = {}
        for name, value in answer.headers.multi_items():
            if name.lower() not in hidden:
                # A browser takes several cookies from one header only when they stand on lines of their own.
                kept[name] = f"{kept[name]}\n{value}" if name in kept else value
        return Answer(status=answer.status_code, headers=kept, body=answer.content)


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates of the usual authorities: to read them takes longer than to send a request."""
    import httpx

    return httpx.create_ssl_context(trust_env=False)


def reachable(url: httpx.URL) -> httpx.URL:
    """``*.localhost`` is this machine (RFC 6761); Python's resolver does not know that, browsers do."""
    return url.copy_with(host="127.0.0.1") if url.host == "localhost" or url.host.endswith(".localhost") else url
