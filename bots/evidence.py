"""Receipts, captures and saved sign-in states: sealed files whose names say nothing of a person."""

from __future__ import annotations

import re
import secrets
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from bots.model import Frozen
from bots.private import write_private
from bots.vault import Vault, VaultError

SUFFIX = ".sealed"


class _State(Frozen):
    expires_at: datetime
    state: dict[str, Any]


class Evidence:
    """Sealed files in one folder. The seal binds the file's name: a renamed or swapped file is refused."""

    def __init__(self, folder: Path, vault: Vault) -> None:
        self.folder = folder
        self._vault = vault

    def store(self, kind: str, reference: str, content: bytes) -> str:
        """Keeps ``content`` durably and answers the file's name. ``kind`` is a constant word such as ``receipt``;
        ``reference`` (a request id, a case number) enters the name only as a keyed hash."""
        name = f"{_word(kind)}-{self._mark(reference)}-{secrets.token_hex(8)}{SUFFIX}"
        self._write(name, content)
        return name

    def find(self, kind: str, reference: str) -> tuple[str, ...]:
        """Names of what was stored of that kind under that reference; may be empty."""
        return tuple(sorted(path.name for path in self.folder.glob(f"{_word(kind)}-{self._mark(reference)}-*{SUFFIX}")))

    def read(self, name: str) -> bytes:
        """What was stored under that name. Raises `VaultError` when it is gone, damaged or another file."""
        if Path(name).name != name:
            raise VaultError("That is not the name of a kept file.", "Names stand in the ledger's journal, without a folder.")
        try:
            data = (self.folder / name).read_bytes()
        except OSError:
            raise VaultError(f"The kept file {name} is gone.", "Put back the last back-up of the home.") from None
        return self._vault.unseal(data, name)

    def save_state(self, slug: str, account: str, state: dict[str, Any], expires_at: datetime) -> None:
        """Keeps a sign-in state (cookies, storage: JSON values) in place of the older one. ``expires_at`` is aware."""
        self._write(self._state_name(slug, account), msgspec.json.encode(_State(expires_at=expires_at, state=state)))

    def load_state(self, slug: str, account: str, now: datetime) -> dict[str, Any] | None:
        """The saved state, or None: there is none, it has expired, or it cannot be read (then signing in again is right)."""
        name = self._state_name(slug, account)
        try:
            kept = msgspec.json.decode(self.read(name), type=_State)
        except (VaultError, msgspec.DecodeError):
            return None
        return kept.state if now < kept.expires_at else None

    def drop_state(self, slug: str, account: str) -> None:
        """Forgets the saved state, for example after a log out."""
        (self.folder / self._state_name(slug, account)).unlink(missing_ok=True)

    def _state_name(self, slug: str, account: str) -> str:
        return f"state-{_word(slug)}-{self._mark(account)}{SUFFIX}"

    def _mark(self, text: str) -> str:
        return self._vault.fingerprint(text)[:16]

    def _write(self, name: str, content: bytes) -> None:
        write_private(self.folder / name, self._vault.seal(content, name))


def _word(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", text):
        raise ValueError("a kind is a constant word")
    return text
