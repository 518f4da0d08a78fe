"""How far our clock is from a portal's: a code from an authenticator is refused when the two differ too much."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime

from bots.permission import Permission, require_permission
from bots.send_once import reachable

ANSWER_SECONDS = 10.0
_HALF_A_SECOND = timedelta(seconds=0.5)
"""The portal cuts its time to the second."""


def clock_difference(
    slug: str, base_url: str, permission: Permission | None, *, today: date, now: Callable[[], datetime]
) -> timedelta | None:
    """Our clock minus the portal's, to a second or so, from the Date of one answer (RFC 9110, 6.6.1).

    None when it does not answer, or not with a time. Raises `NotPermitted` before anything is asked.
    """
    require_permission(slug, base_url, permission, today)
    import httpx

    target = httpx.URL(base_url)
    before = now()
    try:
        answer = httpx.head(reachable(target), headers={"host": target.netloc.decode()}, timeout=ANSWER_SECONDS, trust_env=False)
        told = parsedate_to_datetime(answer.headers["date"])
        age = timedelta(seconds=int(answer.headers.get("age", "0")))  # how long it lay in a cache on its way
    except (httpx.HTTPError, KeyError, ValueError):
        return None
    if told.tzinfo is None:
        told = told.replace(tzinfo=UTC)
    return before + (now() - before) / 2 - (told + age + _HALF_A_SECOND)
