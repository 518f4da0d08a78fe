"""Killed at every step of a password change, once and twice: the vault always holds the portal's password, nobody is locked out.

A double stands in for the portal's pages; vault, journal and gate are the real ones. The first life changes the password and
dies at one step; the second signs in, and dies at one step too or goes through.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bots.errors import (
    BotError,
    NewPasswordRefused,
    PasswordChangeUnclear,
    PasswordRejected,
    PasswordUnsure,
    PortalDown,
)
from bots.keys import KeyFile
from bots.passwords import KeptPasswords, Passwords
from bots.vault import Vault
from jobs.credentials import Credentials
from jobs.journal import Journal
from jobs.portal_state import PortalStates
from jobs.rule_schema import PasswordRule

SLUG, ACCOUNT, FIRST = "husky_secure", "desk", "Synthetic$First1"
TODAY = date(2026, 3, 2)


class Killed(BaseException):
    """The process is gone."""


class Bomb:
    def __init__(self, at: int = 0) -> None:
        self.at, self.count = at, 0

    def tick(self) -> None:
        self.count += 1
        if self.count == self.at:
            raise Killed

    def around(self, work: Callable[..., Any]) -> Callable[..., Any]:
        """Dies before it or after it."""

        def ticking(*args: Any) -> Any:
            self.tick()
            result = work(*args)
            self.tick()
            return result

        return ticking


class Portal:
    """The portal's side of one account, as strict as the real one: three wrong ones lock it."""

    def __init__(self) -> None:
        self.password, self.history = FIRST, [FIRST]
        self.wrong, self.locked = 0, False
        self.rejected: list[str] = []

    def sign_in(self, password: str) -> None:
        assert not self.locked, "the account was tried although it is locked"
        if password != self.password:
            self.wrong += 1
            self.locked = self.wrong >= 3
            self.rejected.append(password)
            raise PasswordRejected(SLUG, account=ACCOUNT)
        self.wrong = 0

    def change(self, old: str, new: str) -> None:
        if old != self.password:
            raise PasswordRejected(SLUG, account=ACCOUNT)
        if new in self.history:
            raise NewPasswordRefused(SLUG, reason="one of the last 10")
        self.password = new
        self.history.append(new)


class Home:
    """What stays when a process dies."""

    def __init__(self, folder: Path) -> None:
        self.vault_path, self.key = folder / "vault", KeyFile(folder / "key")
        self.journal = Journal.open(f"sqlite:///{folder / 'journal.db'}")
        self.portal = Portal()
        KeptPasswords(self.vault, SLUG, ACCOUNT).set_by_person(FIRST, TODAY)
        credentials = Credentials(self.journal)
        print_of = KeptPasswords(self.vault, SLUG, ACCOUNT).fingerprint
        first = KeptPasswords(self.vault, SLUG, ACCOUNT).confirmed
        assert first is not None
        credentials.trying(SLUG, ACCOUNT, print_of(first))
        credentials.accepted(SLUG, ACCOUNT, print_of(first))

    @property
    def vault(self) -> Vault:
        return Vault.open(self.vault_path, self.key)

    @property
    def known(self) -> set[str]:
        kept = KeptPasswords(self.vault, SLUG, ACCOUNT)
        return {each.reveal() for each in (kept.confirmed, kept.pending) if each is not None}

    def live(self, bomb: Bomb) -> Life:
        return Life(self, bomb)

    async def sign_in(self) -> bool:
        """The next sign-in, by a process that nobody kills. Whether a person was asked first: the one that died saw no answer."""
        try:
            await self.live(Bomb()).sign_in()
        except PasswordUnsure as error:
            states = PortalStates(self.journal)
            states.disable_portal(SLUG, ACCOUNT, error)
            states.enable_portal(SLUG, "Sam")  # who signed in by hand, and it worked
            await self.live(Bomb()).sign_in()
            return True
        return False


class Life:
    """One process: a vault, a gate and a portal, each of which it may die before or after."""

    def __init__(self, home: Home, bomb: Bomb, *, answers_lost: bool = False) -> None:
        self.home, self.bomb, self.answers_lost = home, bomb, answers_lost
        vault, gate = home.vault, Credentials(home.journal)
        vault.update = bomb.around(vault.update)  # type: ignore[method-assign]
        for name in ("trying", "accepted", "rejected", "unjudged"):
            setattr(gate, name, bomb.around(getattr(gate, name)))
        self.passwords = Passwords(KeptPasswords(vault, SLUG, ACCOUNT), gate, SLUG, ACCOUNT, lambda: TODAY)
        self.typed: tuple[str, ...] = ()

    async def sign_in(self) -> None:
        await self.passwords.sign_in(self._type, self._press_sign_in)

    async def change(self, rule: PasswordRule) -> None:
        await self.passwords.change(rule, self._type, self._press_change)

    async def _type(self, *typed: str) -> None:
        self.bomb.tick()
        self.typed = typed

    async def _press_sign_in(self) -> str:
        self.bomb.around(self.home.portal.sign_in)(*self.typed)
        return "home"

    async def _press_change(self) -> str:
        self.bomb.around(self.home.portal.change)(*self.typed)
        if self.answers_lost:
            raise PortalDown(SLUG, what="no connection")
        return "home"


async def change_password(home: Home, rule: PasswordRule, bomb: Bomb) -> bool:
    """Whether it came through."""
    life = home.live(bomb)
    try:
        await life.sign_in()
        await life.change(rule)
    except Killed:
        return False
    return True


async def steps_of_a_change(folder: Path, rule: PasswordRule) -> int:
    folder.mkdir()
    bomb = Bomb()
    assert await change_password(Home(folder), rule, bomb)
    return bomb.count


async def test_killed_at_any_step_the_next_sign_in_opens_the_account(tmp_path: Path, rule: PasswordRule) -> None:
    steps = await steps_of_a_change(tmp_path / "whole", rule)
    assert steps >= 15
    taken = asked = 0
    for at in range(1, steps + 1):
        (tmp_path / str(at)).mkdir()
        home = Home(tmp_path / str(at))
        assert not await change_password(home, rule, Bomb(at))
        assert home.portal.password in home.known, f"lost at step {at}"
        asked += await home.sign_in()
        assert home.portal.rejected == [FIRST] * len(home.portal.rejected)
        assert len(home.portal.rejected) <= 1
        taken += home.portal.password != FIRST
        assert await change_password(home, rule, Bomb()), "it is changed the next time"
        assert home.known == {home.portal.password}
        assert home.portal.wrong == 0
        home.journal.close()
    assert 0 < taken < steps
    assert 0 < asked < steps / 3, "only after a kill between the password and its answer"


@pytest.mark.parametrize("by_hand", [False, True], ids=["", "changed_by_hand_meanwhile"])
async def test_killed_in_the_change_and_again_in_the_sign_in_nothing_is_lost_or_locked(
    tmp_path: Path, rule: PasswordRule, by_hand: bool
) -> None:
    """Two crashes may leave a person to be asked; never an account that is locked, or a password that nobody has."""
    steps = await steps_of_a_change(tmp_path / "whole", rule)
    opened = asked = 0
    for first in range(1 + by_hand, steps + 1, 3):
        for second in range(1, 20):
            folder = tmp_path / f"{first}-{second}"
            folder.mkdir()
            home, bomb = Home(folder), Bomb(second)
            await change_password(home, rule, Bomb(first))
            if by_hand:  # neither of ours is right any more
                home.portal.password = "Synthetic$By-hand1"
            for each in (bomb, Bomb(), Bomb()):
                try:
                    if by_hand or each is bomb:
                        await home.live(each).sign_in()
                    else:
                        asked += await home.sign_in()
                    opened += 1
                except PasswordRejected:
                    asked += 1
                except Killed:
                    pass
            assert not home.portal.locked
            assert len(home.portal.rejected) <= 2
            assert by_hand or home.portal.password in home.known
            home.journal.close()
            if bomb.count < second:  # the sign-in has no more steps
                break
    assert by_hand == (opened == 0)
    assert by_hand or opened > asked


async def test_an_answer_that_was_not_seen_leaves_both_and_the_next_sign_in_finds_out(tmp_path: Path, rule: PasswordRule) -> None:
    home = Home(tmp_path)
    life = Life(home, Bomb(), answers_lost=True)
    await life.sign_in()
    with pytest.raises(PasswordChangeUnclear):
        await life.change(rule)
    assert home.known == {FIRST, home.portal.password}
    again = home.live(Bomb())
    await again.sign_in()
    assert home.known == {home.portal.password}
    assert home.portal.rejected == [FIRST]
    await again.change(rule)
    assert home.known == {home.portal.password}


async def test_what_the_portal_refused_is_forgotten_and_the_old_one_holds(tmp_path: Path, rule: PasswordRule) -> None:
    home = Home(tmp_path)
    life = home.live(Bomb())
    await life.sign_in()
    home.portal.history.append(life.passwords.kept.propose(rule).reveal())
    with pytest.raises(NewPasswordRefused):
        await life.change(rule)
    assert home.known == {FIRST}
    await life.change(rule)
    assert home.known == {home.portal.password} != {FIRST}


async def test_when_both_are_rejected_each_was_sent_once_and_a_person_is_asked(tmp_path: Path, rule: PasswordRule) -> None:
    home = Home(tmp_path)
    KeptPasswords(home.vault, SLUG, ACCOUNT).propose(rule)
    home.portal.password = "Synthetic$Changed-by-hand1"
    for _ in range(4):
        with pytest.raises(PasswordRejected):
            await home.live(Bomb()).sign_in()
    assert len(home.portal.rejected) == 2
    assert not home.portal.locked
    KeptPasswords(home.vault, SLUG, ACCOUNT).set_by_person(home.portal.password, TODAY)
    PortalStates(home.journal).enable_portal(SLUG, "Sam")
    await home.live(Bomb()).sign_in()


async def test_where_the_old_one_was_left_untried_and_the_new_one_is_wrong_a_person_looks_and_the_old_one_works(
    tmp_path: Path, rule: PasswordRule
) -> None:
    home = Home(tmp_path)
    kept = KeptPasswords(home.vault, SLUG, ACCOUNT)
    kept.propose(rule)
    first = kept.confirmed
    assert first is not None
    Credentials(home.journal).trying(SLUG, ACCOUNT, kept.fingerprint(first))  # and the process is gone
    with pytest.raises(PasswordUnsure):
        await home.live(Bomb()).sign_in()
    assert (len(home.portal.rejected), home.known) == (1, {FIRST})
    assert await home.sign_in(), "after a person was asked"
    assert len(home.portal.rejected) == 1


async def test_nothing_is_changed_before_the_portal_took_a_password_from_us(tmp_path: Path, rule: PasswordRule) -> None:
    home = Home(tmp_path)
    with pytest.raises(RuntimeError):
        await home.live(Bomb()).change(rule)
    assert home.known == {FIRST}


async def test_a_page_that_cannot_be_filled_judges_no_password(tmp_path: Path, rule: PasswordRule) -> None:
    home = Home(tmp_path)
    life = home.live(Bomb())

    async def broken(*_typed: str) -> None:
        raise BotError(SLUG)

    for _ in range(5):
        with pytest.raises(BotError):
            await life.passwords.sign_in(broken, life._press_sign_in)
    await life.sign_in()
    with pytest.raises(BotError):
        await life.passwords.change(rule, broken, life._press_change)
    assert home.portal.password == FIRST
