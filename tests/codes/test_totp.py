"""Codes of an authenticator: made by pyotp from the vault's secret, each used once by all PriorBots together."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyotp
import pytest

from bots.codes import LEAST_LEFT, Codes, CodeWay, read_totp
from bots.errors import NotConfigured
from bots.signin_map import CodeMail
from bots.vault import Vault, totp_name
from jobs.journal import Journal

PORTAL = "sample"
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
"""RFC 6238, appendix B: the ASCII text 12345678901234567890."""
CODE = CodeWay(method="totp")
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _secret(vault: Vault) -> None:
    for account in ("desk1", "desk2"):
        vault.set(totp_name(PORTAL, account), SECRET)


async def code_of(codes: Codes, account: str = "desk1") -> str:
    async with codes.taking(PORTAL, account, CodeMail()) as ask:
        return await ask()


@pytest.mark.parametrize(
    ("at", "code"),
    [(59, "94287082"), (1111111109, "07081804"), (1111111111, "14050471"), (1234567890, "89005924"), (2000000000, "69279037")],
)
def test_codes_are_those_of_rfc_6238(at: int, code: str) -> None:
    totp = read_totp(f"otpauth://totp/Sample:desk1?secret={SECRET}&issuer=Sample&digits=8&period=30")
    assert totp is not None
    assert totp.at(at) == code


async def test_the_code_is_the_one_an_authenticator_shows_now(make_codes: Any, clock: Any) -> None:
    assert await code_of(make_codes(CODE)) == pyotp.TOTP(SECRET).at(clock.at)
    assert clock.waits == []


@pytest.mark.parametrize("person_first", [True, False])
async def test_a_person_who_is_there_is_asked_for_all_codes_or_only_for_those_without_another_way(
    person_first: bool, make_codes: Any, clock: Any
) -> None:
    async def person(portal: str, account: str) -> str:
        return "typed"

    codes = make_codes(CODE, person=person, person_first=person_first)
    assert await code_of(codes) == ("typed" if person_first else pyotp.TOTP(SECRET).at(clock.at))
    async with codes.taking("another", "desk1", CodeMail()) as ask:
        assert await ask() == "typed"


async def test_the_next_code_is_waited_for_when_this_one_was_used(make_codes: Any, clock: Any) -> None:
    codes = make_codes(CODE)
    first = await code_of(codes)
    second = await code_of(codes)
    assert clock.waits == [27.0]
    assert second == pyotp.TOTP(SECRET).at(clock.at) != first


async def test_another_priorbot_or_account_with_the_same_secret_gets_another_code(make_codes: Any, clock: Any) -> None:
    got = [await code_of(make_codes(CODE), account) for account in ("desk1", "desk2", "desk1")]
    assert len(set(got)) == 3
    assert len(clock.waits) == 2


async def test_the_next_code_is_waited_for_when_little_time_is_left(make_codes: Any, clock: Any) -> None:
    left = LEAST_LEFT - 1
    clock.at = datetime.fromtimestamp(1_772_460_000 + 30 - left, UTC)
    code = await code_of(make_codes(CODE))
    assert clock.waits == [left]
    assert code == pyotp.TOTP(SECRET).at(clock.at)


async def test_a_wait_that_ends_a_little_early_gives_no_code_twice(make_codes: Any, clock: Any) -> None:
    codes = make_codes(CODE)
    before = await code_of(codes)
    clock.meanwhile.append(lambda: setattr(clock, "at", clock.at.replace(second=29, microsecond=990_000)))
    assert await code_of(codes) != before
    assert len(clock.waits) == 2


def test_a_step_is_taken_by_one_of_many_processes(journal: Journal, journal_url: str) -> None:
    """Real processes on one journal; each asks for the same ten steps and says which it got."""
    script = (
        "import json, sys\n"
        "from jobs.code_gate import CodeClaims\nfrom jobs.journal import Journal\nfrom jobs.seats import Seats\n"
        "with Journal.open(sys.argv[1]) as journal:\n"
        "    claims = CodeClaims(journal, Seats(journal))\n"
        "    sys.stdin.readline()\n"
        "    print(json.dumps([step for step in range(10) if claims.claim('key', step)]))\n"
    )
    command = [sys.executable, "-c", script, journal_url]
    many = [subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    for one in many:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    got = [step for one in many for step in json.loads(one.communicate(timeout=60)[0])]
    assert sorted(got) == list(range(10))


@pytest.mark.parametrize(
    "written",
    [
        SECRET,
        SECRET.lower(),
        " ".join(SECRET[at : at + 4] for at in range(0, 32, 4)),
        f"otpauth://totp/Sample%20Portal:desk1?secret={SECRET}&issuer=Sample%20Portal",
        f"{SECRET}\n",
    ],
)
def test_a_secret_may_be_written_as_portals_show_it(written: str) -> None:
    totp = read_totp(written)
    assert totp is not None
    assert totp.at(59) == "287082"


def test_the_short_secrets_that_many_portals_still_give_out_work() -> None:
    totp = read_totp("JBSWY3DPEHPK3PXP")
    assert totp is not None
    assert len(totp.at(59)) == 6


def test_an_address_says_digits_period_and_algorithm() -> None:
    totp = read_totp(f"otpauth://totp/x?secret={SECRET}&digits=8&period=60&algorithm=SHA256")
    assert totp is not None
    assert (totp.digits, totp.interval, totp.digest().name) == (8, 60, "sha256")


@pytest.mark.parametrize(
    "written", ["", "123456", "not a secret!", "otpauth://hotp/x?secret=GEZDGNBVGY3TQOJQ", "otpauth://totp/x"]
)
async def test_what_is_no_secret_is_told_without_showing_it(written: str, make_codes: Any, vault: Vault) -> None:
    assert read_totp(written) is None
    vault.set(totp_name(PORTAL, "desk1"), written or " ")
    with pytest.raises(NotConfigured) as refused:
        await code_of(make_codes(CODE))
    assert "portals.sample.desk1.totp is no TOTP secret" in refused.value.sentence
    assert not written or written not in str(refused.value) + refused.value.sentence


async def test_a_missing_secret_is_named(make_codes: Any, vault: Vault) -> None:
    vault.delete(totp_name(PORTAL, "desk2"))
    with pytest.raises(NotConfigured, match=r"portals\.sample\.desk2\.totp"):
        await code_of(make_codes(CODE), "desk2")
