"""Where the home's key comes from: the environment, a key file, the system keyring.

A key is 32 random bytes, written as base64. A source may hold several, and the vault's header says which one fits: so one key
file serves several homes, a rotation that was cut short finds its key, and a back-up from before a rotation still opens.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import platform
import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from bots.errors import Action, BotError
from bots.private import FILE_MODE, OTHERS, keeps_modes, make_private_folder, write_private

KEY_VARIABLE = "PRIORBOT_KEY"
KEY_BYTES = 32
KEYRING_SERVICE = "priorbot"
KEYRING_USER = "home keys"


class VaultError(BotError):
    """Key or vault cannot be used. Nothing was written; ``what`` and ``next`` make the sentence and hold no secret."""

    code = "vault_error"
    action = Action.PERSON_PORTAL
    text = "{what} Nothing was changed. {next}"

    def __init__(self, what: str, next_step: str) -> None:
        super().__init__(what=what, next=next_step)


class KeySource(Protocol):
    """Where keys are read from and, where it can be written, kept."""

    @property
    def place(self) -> str:
        """Where, in words for staff."""

    def load(self) -> Iterable[bytes]:
        """All keys it holds, the newest first; none is no error. Raises `VaultError` when it holds something else."""

    def renew(self, old: bytes | None) -> bytes | None:
        """The key to use from now on instead of ``old`` (None: for a first vault), durably kept beside the older ones.

        None when this source cannot be written, or does not hold ``old``.
        """


def generate_key() -> str:
    """A new key as text, fit for PRIORBOT_KEY."""
    return _encode(secrets.token_bytes(KEY_BYTES))


def key_text(key: bytes) -> str:
    """A key as its sources write it."""
    return _encode(key)


def key_id(key: bytes) -> str:
    """Tells keys apart without saying anything of them; stands in the clear in the vault's header."""
    return hashlib.sha256(b"priorbot key id\x00" + key).hexdigest()[:16]


class EnvironmentKey:
    """``PRIORBOT_KEY``: one key, or ``new,old`` while a rotation is under way. Only its owner can change it."""

    place = f"the environment variable {KEY_VARIABLE}"

    def load(self) -> tuple[bytes, ...]:
        return _decode_all(os.environ.get(KEY_VARIABLE, ""), self.place)

    def renew(self, old: bytes | None) -> bytes | None:
        held = self.load()
        return held[0] if held and held[0] != old else None


class KeyFile:
    """One key a line, mode 0600. A key file that others can read is refused, as ssh does."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def place(self) -> str:
        return f"the key file {self.path}"

    def load(self) -> tuple[bytes, ...]:
        try:
            if keeps_modes() and self.path.stat().st_mode & OTHERS:
                raise VaultError(f"The key file {self.path} can be read by others.", "Close it (chmod 600), then try again.")
            text = self.path.read_text("ascii")
        except FileNotFoundError:
            return ()
        except (OSError, UnicodeDecodeError):
            raise VaultError(f"The key file {self.path} cannot be read.", "Check that it is the right file.") from None
        return _decode_all(text, self.place)

    def renew(self, old: bytes | None) -> bytes | None:
        from filelock import FileLock

        key = secrets.token_bytes(KEY_BYTES)
        try:
            make_private_folder(self.path.parent)
            with FileLock(self.path.with_name(f".{self.path.name}.lock"), mode=FILE_MODE):
                write_private(self.path, _encode_all((key, *self.load())))
        except OSError:
            return None
        return key

    def add(self, text: str) -> None:
        """Keeps a key that was made elsewhere, as `key_text` writes it, beside those that are here. Raises `VaultError`."""
        added = _decode_all(text, "the back-up")
        make_private_folder(self.path.parent)
        write_private(self.path, _encode_all((*self.load(), *added)))


class KeyringKey:
    """The system's keyring (Windows Credential Manager, macOS Keychain, Secret Service); a machine without one holds no key."""

    place = "the system keyring"

    def load(self) -> tuple[bytes, ...]:
        import keyring
        from keyring.errors import KeyringError, NoKeyringError

        try:
            return _decode_all(keyring.get_password(KEYRING_SERVICE, KEYRING_USER) or "", self.place)
        except NoKeyringError:
            return ()
        except KeyringError:
            raise VaultError("The system keyring is locked or does not answer.", "Unlock it, then try again.") from None

    def renew(self, old: bytes | None) -> bytes | None:
        import keyring
        from keyring.errors import KeyringError

        key = secrets.token_bytes(KEY_BYTES)
        text = _encode_all((key, *self.load())).decode()
        try:
            keyring.set_password(KEYRING_SERVICE, KEYRING_USER, text)
            kept = keyring.get_password(KEYRING_SERVICE, KEYRING_USER) == text  # some keyrings forget in silence
        except KeyringError:
            kept = False
        return key if kept else None


class FirstOf:
    """Several sources, read in order; ``write_order`` says which of them is asked first to keep a first key."""

    def __init__(self, *sources: KeySource, write_order: Sequence[KeySource] = ()) -> None:
        self.sources = sources
        self.write_order = write_order or sources

    @property
    def place(self) -> str:
        return ", ".join(source.place for source in self.sources)

    def load(self) -> Iterator[bytes]:
        """Lazily: a later source, such as a keyring that may ask a person, is only read when the earlier ones do not do."""
        for source in self.sources:
            yield from source.load()

    def renew(self, old: bytes | None) -> bytes | None:
        if old is None:
            return next((key for source in self.write_order if (key := source.renew(None))), None)
        # A new key goes where the old one is kept: elsewhere it might not outlive this container or this session.
        return next((source.renew(old) for source in self.sources if old in source.load()), None)


def key_source(key_file: Path | None = None) -> KeySource:
    """The environment, then the configured ``key_file``; without one, the user's default key file and the system keyring.

    A first key goes to the configured file, else to the keyring; on Linux, whose keyring is locked while nobody is signed in
    and so does not serve unattended work, to the default key file.
    """
    environment = EnvironmentKey()
    if key_file is not None:
        return FirstOf(environment, KeyFile(key_file))
    file, ring = KeyFile(default_key_file()), KeyringKey()
    first = (file, ring) if platform.system() == "Linux" else (ring, file)
    return FirstOf(environment, file, ring, write_order=(environment, *first))


def default_key_file() -> Path:
    """In the user's configuration folder: outside the home, so that a copy of the home opens nothing."""
    from platformdirs import user_config_path

    return user_config_path("priorbot", appauthor=False) / "keys"


def _encode(key: bytes) -> str:
    return base64.urlsafe_b64encode(key).decode("ascii")


def _encode_all(keys: Iterable[bytes]) -> bytes:
    return "".join(_encode(key) + "\n" for key in dict.fromkeys(keys)).encode()


def _decode_all(text: str, place: str) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys(_decode(word, place) for word in re.split(r"[\s,]+", text.strip()) if word))


def _decode(word: str, place: str) -> bytes:
    try:
        key = base64.b64decode(word.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise VaultError(
            f"What stands in {place} is not a key.",
            "A key is 32 random bytes in base64, for example from: openssl rand -base64 32",
        )
    return key
