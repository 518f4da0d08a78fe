"""Without a permission in force only this machine is opened."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from bots.errors import Action, NotPermitted
from bots.permission import Permission, is_loopback, require_permission

TODAY = date(2026, 11, 22)
LIVE = "https://portal.example.com/login"


def permission(
    *, days: int = 30, granted_on: date | None = None, by: str = "A. Payer (synthetic)", ref: str = "L-1"
) -> Permission:
    return Permission(granted_by=by, reference=ref, valid_until=TODAY + timedelta(days=days), granted_on=granted_on)


def refusal(entry: Permission | None, url: str = LIVE) -> str:
    with pytest.raises(NotPermitted) as caught:
        require_permission("clear_coverage", url, entry, TODAY)
    assert caught.value.action is Action.PERSON_PORTAL
    assert "[portals.clear_coverage.permission]" in caught.value.sentence
    return caught.value.details["why"]


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8800/",
        "http://clear-coverage.localhost:8800/a?b=c#d",
        "http://LOCALHOST",
        "http://localhost.:80/",
        "http://127.0.0.1:8800",
        "http://127.255.255.254/",
        "http://[::1]:8800/",
        "https://husky-secure.localhost",
    ],
)
def test_this_machine_needs_no_permission(url: str) -> None:
    assert is_loopback(url)
    require_permission("clear_coverage", url, None, TODAY)


@pytest.mark.parametrize(
    "url",
    [
        LIVE,
        "http://localhost.example.com/",
        "http://127.0.0.1.example.com/",
        "http://example.com/localhost",
        "http://localhost@example.com/",
        "http://example.com\\@localhost/",
        "http://localhost\\@example.com/",
        "http://example.com#@localhost/",
        "http://example.com/#@localhost",
        "http://local\thost.example.com/",
        "http://localhost /",
        " http://localhost/",
        "http://notlocalhost/",
        "http://0.0.0.0/",
        "http://10.0.0.1/",
        "http://[::2]/",
        "http://[::ffff:10.0.0.1]/",
        "http://128.0.0.1/",
        "http://2130706433/",
        "http://ⅼocalhost/",
        "http://localhost:99999/",
        "http://localhost:x/",
        "ftp://localhost/",
        "file:///etc/hosts",
        "//localhost/",
        "localhost",
        "http://",
        "",
        "http://[::1",
    ],
)
def test_whatever_is_not_certainly_this_machine_needs_one(url: str) -> None:
    assert not is_loopback(url)
    assert refusal(None, url) == "no entry"


def test_a_permission_in_force_opens_a_live_portal() -> None:
    require_permission("clear_coverage", LIVE, permission(), TODAY)


def test_it_holds_on_its_last_day_and_not_on_the_next() -> None:
    require_permission("clear_coverage", LIVE, permission(days=0), TODAY)
    assert refusal(permission(days=-1)) == "it ended on 2026-11-21"


def test_365_days_are_allowed_and_366_are_not() -> None:
    require_permission("clear_coverage", LIVE, permission(days=365), TODAY)
    assert "365" in refusal(permission(days=366))
    granted = TODAY - timedelta(days=300)
    require_permission("clear_coverage", LIVE, permission(days=65, granted_on=granted), TODAY)
    assert "365" in refusal(permission(days=66, granted_on=granted))


def test_it_does_not_hold_before_it_was_given() -> None:
    require_permission("clear_coverage", LIVE, permission(granted_on=TODAY), TODAY)
    assert refusal(permission(granted_on=TODAY + timedelta(days=1))) == "it begins on 2026-11-23"


@pytest.mark.parametrize("entry", [permission(by=" "), permission(ref="")])
def test_it_says_who_granted_it_and_where_that_is_written(entry: Permission) -> None:
    assert "who granted it" in refusal(entry)


def test_patients_data_goes_over_https_only() -> None:
    assert "https" in refusal(permission(), "http://portal.example.com/")


def test_days_left_are_counted_to_the_last_day() -> None:
    assert permission(days=14).days_left(TODAY) == 14
    assert permission(days=0).days_left(TODAY) == 0
    assert permission(days=-2).days_left(TODAY) == -2
