"""The HUSKY secure portal in a real browser: units used, with the payer's own date."""

from __future__ import annotations

from datetime import date

import pytest
from kit import Kit

from bots.errors import AccessNotGranted, AccountLocked, BotError, PasswordExpired, PasswordRejected, PortalDown

pytestmark = pytest.mark.browser
SLUG = "husky_secure"


@pytest.mark.parametrize(
    ("account", "error"), [("hs-old", PasswordExpired), ("hs-locked", AccountLocked), ("hs-noaccess", AccessNotGranted)]
)
async def test_an_account_that_needs_a_person_is_told_by_name(kit: Kit, account: str, error: type[BotError]) -> None:
    async with kit.portal(SLUG, account) as portal:
        with pytest.raises(error):
            await portal.read_units(())
    assert kit.world.truth("sessions") == []


async def test_a_wrong_password_is_typed_once(kit: Kit) -> None:
    kit.world.fault(SLUG, "wrong_password_always")
    async with kit.portal(SLUG) as portal:
        for _ in range(2):
            with pytest.raises(PasswordRejected):
                await portal.read_units(())
    assert len(kit.world.truth("logins")) == 1


async def test_maintenance_is_an_outage(kit: Kit) -> None:
    kit.world.fault(SLUG, "maintenance")
    async with kit.portal(SLUG) as portal:
        with pytest.raises(PortalDown):
            await portal.read_units(())


@pytest.mark.parametrize("release", [1, 2])
async def test_H17_units_carry_the_as_of_date_of_the_check_write(kit: Kit, release: int) -> None:
    """Control ids change with the release; labels and headers do not."""
    kit.world.truth("release", {"portal": SLUG, "release": release})
    async with kit.portal(SLUG) as portal:
        units = await portal.read_units(())
        some = await portal.read_units((units[0].member_id,))
        nobody = await portal.read_units((kit.members()[100]["id"],))
    assert len(units) > 20
    assert {u.as_of.day for u in units} <= {10, 25}
    assert all(u.as_of <= date.today() for u in units)
    assert all(u.used is not None and u.approved is not None and u.used + (u.remaining or 0) == u.approved for u in units)
    assert {u.member_id for u in some} == {units[0].member_id}
    assert {(u.authorization_no, u.service_code) for u in some} == {
        (u.authorization_no, u.service_code) for u in units if u.member_id == units[0].member_id
    }
    assert nobody == ()
    assert kit.world.truth("sessions") == []
