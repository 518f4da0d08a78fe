"""Secrets at rest, and the seal for everything else that must not be readable on the disk.

One file. AES-256-GCM (cryptography); nonces are random. The home's key (`bots.keys`) opens the file; inside lie random data
keys that seal entries, receipts and sign-in states, each purpose under its own sub-key (HKDF-SHA256). The seal binds the
purpose, so that no sealed piece can be passed off as another.

    file    MAGIC | key id (16 hex) | nonce (12) | AES-GCM(home key -> "file", JSON, aad = MAGIC | key id)
    sealed  SEAL  | data key id (16 hex) | purpose length (2, big endian) | purpose | nonce (12) | AES-GCM(aad = all before)

A rotation changes the home's key and the data key. Old data keys stay inside the vault, only to read what still carries them: a
file written by another process meanwhile, an old back-up. The fingerprint key stays too, or a rejected password would be
tried again after a rotation.
"""

from __future__ import annotations

import hmac
import secrets as random
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import msgspec

from bots.keys import KEY_BYTES, KEY_VARIABLE, KeySource, VaultError, key_id, key_source, key_text
from bots.private import make_private_folder, write_private

if TYPE_CHECKING:
    from filelock import BaseFileLock

__all__ = ["Secret", "Vault", "VaultError", "is_sealed", "key_source", "mailbox_name", "password_name", "totp_name"]

MAGIC = b"PRIORBOT VAULT 1\n"
SEAL = b"PRIORBOT SEAL 1\n"
ID_LENGTH = 16
NONCE_LENGTH = 12
_VAULT_DAMAGED = "The vault is damaged."
_FILE_DAMAGED = "A sealed file is damaged."
_RESTORE = "Put back the last back-up of the home, then try again."


def password_name(slug: str, account: str) -> str:
    """Name of an account's password in the vault."""
    return f"portals.{slug}.{account}.password"


def totp_name(slug: str, account: str) -> str:
    """Name of an account's TOTP seed in the vault."""
    return f"portals.{slug}.{account}.totp"


def mailbox_name(user: str) -> str:
    """Name of a mailbox's password in the vault."""
    return f"mailboxes.{user}.password"


class Secret:
    """A value that shows itself only when asked by name: `reveal`. Printing, formatting, JSON and pickle do not show it."""

    __slots__ = ("_reveal",)

    def __init__(self, value: str) -> None:
        def reveal() -> str:
            return value

        self._reveal = reveal  # a closure: no attribute holds the value, so no dump of attributes shows it

    def reveal(self) -> str:
        return self._reveal()

    def __repr__(self) -> str:
        return "Secret(hidden)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Secret cannot be written down")


class _Content(msgspec.Struct, forbid_unknown_fields=True):
    data_keys: dict[str, bytes]
    current: str
    fingerprint_key: bytes
    entries: dict[str, bytes]


class Vault:
    """An open vault. Another process may change the file at any time: each call works on what is on the disk now."""

    def __init__(self, path: Path, keys: KeySource) -> None:
        self.path = path
        self._keys = keys
        self._seen: object = None
        self._content, self._home_key = self._read()

    @classmethod
    def open(cls, path: Path, key: KeySource | None = None) -> Vault:
        """Opens the vault, or makes an empty one (and its key, where ``key`` holds none) when there is no file.

        Raises `VaultError`: no fitting key, not a vault, damaged. The file is never touched then.
        """
        keys = key or key_source()
        if not path.exists():
            make_private_folder(path.parent)
            with _lock(path):
                if not path.exists():
                    _make(path, keys)
        return cls(path, keys)

    # --- secrets ---------------------------------------------------------------------------------------------------

    def find(self, name: str) -> Secret | None:
        """The secret of that name, or None."""
        content = self._fresh()
        sealed = content.entries.get(name)
        return None if sealed is None else Secret(_unseal(content, sealed, _entry(name)).decode())

    def get(self, name: str) -> Secret:
        """The secret of that name. Raises `VaultError` when there is none."""
        secret = self.find(name)
        if secret is None:
            raise VaultError(f"The vault holds no {name}.", f"Put it in: priorbot vault set {name}")
        return secret

    def set(self, name: str, value: str) -> None:
        """Keeps ``value`` under ``name``, in place of an older one."""
        if not name.strip() or len(name) > 200 or not name.isprintable():
            raise VaultError("That name cannot be used.", "Names look like portals.clear_coverage.ACCOUNT.password")
        self.update({name: value})

    def update(self, values: Mapping[str, str | None]) -> None:
        """Keeps or (None) forgets several secrets in one write: after a crash all of it holds, or nothing."""
        with _lock(self.path):
            content = self._fresh()
            for name, value in values.items():
                if value is None:
                    content.entries.pop(name, None)
                else:
                    content.entries[name] = _seal(content, value.encode(), _entry(name))
            self._write(content, self._home_key)

    def delete(self, name: str) -> None:
        """Forgets the secret of that name. Raises `VaultError` when there is none."""
        if name not in self._fresh().entries:
            raise VaultError(f"The vault holds no {name}.", "See what it holds: priorbot vault list")
        self.update({name: None})

    def names(self) -> tuple[str, ...]:
        """All names, sorted."""
        return tuple(sorted(self._fresh().entries))

    # --- the seal --------------------------------------------------------------------------------------------------

    def seal(self, data: bytes, purpose: str) -> bytes:
        """``data`` encrypted for one purpose. The purpose is readable in the result: a constant word or a file name."""
        return _seal(self._fresh(), data, purpose)

    def unseal(self, data: bytes, purpose: str) -> bytes:
        """What `seal` was given. Raises `VaultError` when a byte differs, or it was sealed for something else."""
        return _unseal(self._fresh(), data, purpose)

    def fingerprint(self, text: str) -> str:
        """A keyed hash (HMAC-SHA256, 32 hex digits): the same for the same text, says nothing of it without the vault."""
        return hmac.new(self._content.fingerprint_key, text.encode(), sha256).hexdigest()[:32]

    # --- for back-ups ----------------------------------------------------------------------------------------------

    def backup_key(self) -> tuple[str, bytes]:
        """Id of the home's key, and a key made of it that opens back-ups and nothing else."""
        self._fresh()
        return key_id(self._home_key), _sub_key(self._home_key, "backup")

    def home_key_text(self) -> str:
        """The home's key as a key file holds it: for the inside of a back-up that a passphrase locks, and for nothing else."""
        self._fresh()
        return key_text(self._home_key)

    # --- rotation --------------------------------------------------------------------------------------------------

    def rotate(self, folders: Iterable[Path] = ()) -> int:
        """New keys for the vault and for every sealed file below ``folders``; answers how many files were sealed anew.

        May be cut off anywhere: the vault then opens with the old or the new key, its source holds both, each sealed file can be
        read, and a second run finishes. A key from the environment is changed by its owner: the `VaultError` says how.
        """
        with _lock(self.path):
            content = self._fresh()
            if (new := self._keys.renew(self._home_key)) is None:
                raise VaultError(
                    "The key in use comes from a place that PriorBot cannot write.",
                    f"Put a new key before the old one ({KEY_VARIABLE}=NEW,OLD) and rotate again; then take the old one out.",
                )
            data_key = random.token_bytes(KEY_BYTES)
            entries = {name: _unseal(content, sealed, _entry(name)) for name, sealed in content.entries.items()}
            content.data_keys[key_id(data_key)] = data_key
            content.current = key_id(data_key)
            content.entries = {name: _seal(content, value, _entry(name)) for name, value in entries.items()}
            self._write(content, new)
        return sum(self._seal_anew(path) for folder in folders for path in sorted(folder.rglob("*")) if path.is_file())

    def _seal_anew(self, path: Path) -> int:
        data = path.read_bytes()
        if not is_sealed(data):
            return 0
        sealed_with, purpose, _ = _parse_seal(data)
        content = self._fresh()
        if sealed_with == content.current:
            return 0
        write_private(path, _seal(content, _unseal(content, data, purpose), purpose))
        return 1

    # --- the file --------------------------------------------------------------------------------------------------

    def _fresh(self) -> _Content:
        if self._signature() != self._seen:
            self._content, self._home_key = self._read()
        return self._content

    def _signature(self) -> object:
        """Changes whenever the file was replaced."""
        try:
            now = self.path.stat()
        except OSError:
            return None
        return now.st_ino, now.st_mtime_ns, now.st_size

    def _read(self) -> tuple[_Content, bytes]:
        seen = self._signature()
        try:
            data = self.path.read_bytes()
        except OSError as error:
            raise VaultError(f"The vault {self.path} cannot be read.", "Check the folder given with --home.") from error
        opened = _open_file(data, self._keys)
        self._seen = seen
        return opened

    def _write(self, content: _Content, key: bytes) -> None:
        self._seen = None  # whatever happens now, the next call reads what is on the disk
        write_private(self.path, _file(content, key))


def backup_key_of(keys: KeySource, wanted: str) -> bytes | None:
    """`Vault.backup_key` without the vault: from the key of that id, if ``keys`` hold it."""
    return next((_sub_key(key, "backup") for key in keys.load() if key_id(key) == wanted), None)


def is_sealed(data: bytes) -> bool:
    """Whether ``data`` says that it came from `Vault.seal`."""
    return data.startswith(SEAL)


def _make(path: Path, keys: KeySource) -> None:
    key = next(iter(keys.load()), None) or keys.renew(None)
    if key is None:
        raise VaultError(f"There is no key, and none can be kept in {keys.place}.", f"Set {KEY_VARIABLE}, then try again.")
    data_key = random.token_bytes(KEY_BYTES)
    content = _Content({key_id(data_key): data_key}, key_id(data_key), random.token_bytes(KEY_BYTES), {})
    write_private(path, _file(content, key))


def _file(content: _Content, key: bytes) -> bytes:
    header = MAGIC + key_id(key).encode()
    return header + _encrypt(_sub_key(key, "file"), msgspec.json.encode(content), header)


def _open_file(data: bytes, keys: KeySource) -> tuple[_Content, bytes]:
    start = len(MAGIC)
    if not data.startswith(MAGIC):
        raise VaultError("The vault is damaged or was written by another version of PriorBot.", _RESTORE)
    header, body = data[: start + ID_LENGTH], data[start + ID_LENGTH :]
    for key in keys.load():
        if key_id(key).encode() == header[start:]:
            text = _decrypt(_sub_key(key, "file"), body, header, _VAULT_DAMAGED)
            return msgspec.json.decode(text, type=_Content), key
    raise VaultError(
        f"There is no key that fits this vault (looked in {keys.place}).",
        f"Give the key that it was made with, for example as {KEY_VARIABLE}.",
    )


def _seal(content: _Content, data: bytes, purpose: str) -> bytes:
    name = purpose.encode()
    header = SEAL + content.current.encode() + len(name).to_bytes(2, "big") + name
    return header + _encrypt(_sub_key(content.data_keys[content.current], purpose), data, header)


def _unseal(content: _Content, data: bytes, purpose: str) -> bytes:
    sealed_with, said, header_length = _parse_seal(data)
    key = content.data_keys.get(sealed_with)
    if key is None:
        raise VaultError("A sealed file was made with a key that this vault does not hold.", "Put back the vault that fits it.")
    if said != purpose:
        raise VaultError("A sealed file is not the one that was asked for.", _RESTORE)
    return _decrypt(_sub_key(key, purpose), data[header_length:], data[:header_length], _FILE_DAMAGED)


def _parse_seal(data: bytes) -> tuple[str, str, int]:
    """Data key id, purpose, length of the header."""
    at = len(SEAL) + ID_LENGTH
    end = at + 2 + int.from_bytes(data[at : at + 2], "big")
    try:
        if not is_sealed(data) or len(data) < end + NONCE_LENGTH:
            raise ValueError
        return data[len(SEAL) : at].decode("ascii"), data[at + 2 : end].decode(), end
    except ValueError:
        raise VaultError(_FILE_DAMAGED, _RESTORE) from None


def _encrypt(key: bytes, data: bytes, bound: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = random.token_bytes(NONCE_LENGTH)
    return nonce + AESGCM(key).encrypt(nonce, data, bound)


def _decrypt(key: bytes, data: bytes, bound: bytes, what: str) -> bytes:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return AESGCM(key).decrypt(data[:NONCE_LENGTH], data[NONCE_LENGTH:], bound)
    except (InvalidTag, ValueError):
        raise VaultError(what, _RESTORE) from None


def _sub_key(key: bytes, purpose: str) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), KEY_BYTES, salt=None, info=b"priorbot 1 " + purpose.encode()).derive(key)


def _entry(name: str) -> str:
    return f"entry {name}"


def _lock(path: Path) -> BaseFileLock:
    from filelock import FileLock

    return FileLock(path.with_name(f".{path.name}.lock"), mode=0o600)
