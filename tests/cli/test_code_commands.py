"""One-time codes that only a person can get: the account is parked and the person told, the others go on, and one command takes
the code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from jobs.commands import attended

pytestmark = pytest.mark.browser
SLUG = "clear_coverage"


class Phone:
    """Standard input of a person who looks at the phone when asked: the code comes while the command waits for it."""

    def __init__(self, reads: Callable[[], str]) -> None:
        self.readline = lambda: f"{reads()}\n"

    def isatty(self) -> bool:
        return False


@pytest.fixture
def types_code(at_portals: Any, world: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """``priorbot portal code`` with a person who types the newest code that was sent, or something else."""

    def run(*words: str, other: str = "") -> Any:
        phone = Phone(lambda: other or world.truth("codes")[-1]["code"])
        monkeypatch.setattr(attended, "sys", SimpleNamespace(stdin=phone))
        return at_portals("portal", "code", *words)

    return run


def want_codes(world: Any, *accounts: str) -> None:
    for account in accounts:
        world.truth("accounts", {"portal": SLUG, "username": account, "second_factor": "sms"})


def parked(priorbot: Any) -> dict[str, str]:
    return {line["slug"]: line["state"] for line in priorbot("portal", "list", "--json").objects}


def test_the_account_is_parked_and_the_others_go_on(at_portals: Any, world: Any, pick: Any) -> None:
    want_codes(world, "cc-desk1")
    ran = at_portals("submit", pick("HUSKY-001", "HUSKY-003"))
    assert ran.code == 0, ran.talk
    assert {one["account"] for one in world.truth("requests")} == {"cc-desk2"}
    assert len(world.truth("codes")) == 1, "no second code was sent to somebody who does not wait for it"


def test_a_person_types_the_code_and_the_next_command_goes_on(at_portals: Any, world: Any, pick: Any, types_code: Any) -> None:
    want_codes(world, "cc-desk1", "cc-desk2")
    file = pick("HUSKY-001")
    ran = at_portals("submit", file, "--json")
    assert ran.code == 3
    assert ran.objects[0]["status"] == "waiting"
    assert "priorbot portal code clear_coverage cc-desk" in ran.objects[0]["next_action"]
    assert parked(at_portals)[SLUG] == "disabled"
    assert at_portals("submit", file).code == 3
    assert len(world.truth("codes")) == 2, "each account was tried once"

    typed = types_code(SLUG, "cc-desk1")
    assert typed.code == 0
    assert "keeps that for 20 minutes" in typed.talk
    code = world.truth("codes")[-1]["code"]
    assert code not in typed.talk + typed.out
    assert parked(at_portals)[SLUG] == "on"
    assert at_portals("submit", file).code == 0
    assert len(world.truth("codes")) == 3, "the session was taken up, no further code was asked for"
    assert len(world.truth("requests")) == 1
    assert world.truth("sessions") == [], "and signed out at the end"


@pytest.mark.parametrize(("said", "sentence"), [("000000", "refused the one-time code"), ("   ", "asks for a one-time code")])
def test_a_code_that_does_not_work_leaves_the_portal_parked(
    said: str, sentence: str, at_portals: Any, world: Any, pick: Any, types_code: Any
) -> None:
    want_codes(world, "cc-desk1", "cc-desk2")
    at_portals("submit", pick("HUSKY-001"))
    typed = types_code(SLUG, "cc-desk1", other=said)
    assert typed.code == 3
    assert sentence in typed.talk
    assert parked(at_portals)[SLUG] == "disabled"


def test_what_else_stopped_the_portal_stays_a_persons(at_portals: Any, world: Any, types_code: Any) -> None:
    want_codes(world, "cc-desk1")
    at_portals("portal", "disable", SLUG, "--why", "under repair")
    typed = types_code(SLUG, "cc-desk1")
    assert typed.code == 0
    assert "priorbot portal enable clear_coverage" in typed.talk
    assert parked(at_portals)[SLUG] == "disabled"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((SLUG,), "Name one of: cc-desk1, cc-desk2."),
        ((SLUG, "cc-desk9"), "has no account cc-desk9"),
        (("husky_medical",), "Enter it in priorbot.toml: [portals.husky_medical] account."),
        (("promptpa",), "promptpa is used without an account."),
    ],
)
def test_the_account_must_be_one_that_is_set_up(words: tuple[str, ...], said: str, at_portals: Any) -> None:
    ran = at_portals("portal", "code", *words)
    assert ran.code == 2
    assert said in ran.talk


def test_an_authenticator_of_the_settings_needs_nobody(at_portals: Any, world: Any, pick: Any, home_path: Path) -> None:
    """The journal claims the step; both accounts work at once with codes of their own."""
    with (home_path / "priorbot.toml").open("a", encoding="utf-8") as config:
        config.write('[portals.clear_coverage.code]\nmethod = "totp"\n')
    rows = {row["username"]: row for row in world.truth("accounts")}
    for account in ("cc-desk1", "cc-desk2"):
        world.truth("accounts", {"portal": SLUG, "username": account, "second_factor": "totp"})
        at_portals("vault", "set", f"portals.{SLUG}.{account}.totp", given=rows[account]["totp_secret"] + "\n")
    ran = at_portals("submit", pick("HUSKY-001", "HUSKY-003"))
    assert ran.code == 0, ran.talk
    assert len(world.truth("requests")) == 2
    logged = [row["reason"] for row in world.truth("logins") if row["what"] == "code"]
    assert logged
    assert set(logged) == {"ok"}
    secrets = [row["totp_secret"] for row in rows.values()]
    kept = b"".join(path.read_bytes() for path in home_path.rglob("*") if path.is_file())
    assert not [secret for secret in secrets if secret.encode() in kept]
