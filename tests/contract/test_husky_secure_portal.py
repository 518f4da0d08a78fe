"""The HUSKY secure portal in a real browser: units used, with the payer's own date."""

from __future__ import annotations

import pytest
from kit import Kit

from bots.errors import AccessNotGranted

pytestmark = pytest.mark.browser
SLUG = "husky_secure"


async def test_authorizations_that_the_help_desk_has_not_enabled_are_told_by_name(kit: Kit) -> None:
    async with kit.portal(SLUG, "hs-noaccess") as portal:
        with pytest.raises(AccessNotGranted):
            await portal.read_units(())
    assert kit.sessions(SLUG) == []


@pytest.mark.parametrize("release", [1, 2])
async def test_H17_units_carry_the_day_of_the_check_write_in_every_release(kit: Kit, release: int) -> None:
    """Control ids change with the release; labels and headers do not."""
    kit.world.truth("release", {"portal": SLUG, "release": release})
    async with kit.portal(SLUG) as portal:
        units = await portal.read_units(())
    assert len(units) > 20
    assert {u.as_of.day for u in units} <= {10, 25}
