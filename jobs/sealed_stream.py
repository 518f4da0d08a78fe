"""A long file encrypted piece by piece: AES-256-GCM, each piece bound to its place, the last one marked.

    file    MAGIC | header (JSON, one line) | pieces
    piece   AES-GCM(file key, nonce = place (11, big endian) | last (1), 64 KiB or less, aad = MAGIC | header) + tag (16)

The file key comes from the home's key or a passphrase by a random salt in the header, so that no nonce meets a key twice. A
piece that is missing, doubled, moved or changed is refused, and so is an end that comes too early.
"""

from __future__ import annotations

import base64
import hashlib
import io
import secrets
from typing import IO, Any, Literal

import msgspec

from bots.model import Frozen

MAGIC = b"PRIORBOT BACKUP 1\n"
PIECE = 64 * 1024
TAG = 16
KEY_BYTES = 32
SCRYPT_WORK = 2**16
"""Times 8 blocks of 128 bytes: 64 MB for each guess of a passphrase."""


class StreamDamaged(Exception):
    """Not what was written, or not this key's. ``sentence`` is for staff."""

    @property
    def sentence(self) -> str:
        return str(self)


class Header(Frozen):
    """How the file key is made. ``key_id``: of the home's key, where that is it."""

    lock: Literal["home", "passphrase"]
    salt: str
    key_id: str = ""
    work: int = SCRYPT_WORK


def new_header(lock: Literal["home", "passphrase"], key_id: str = "") -> Header:
    return Header(lock=lock, salt=base64.b64encode(secrets.token_bytes(16)).decode(), key_id=key_id)


def file_key(header: Header, secret: bytes) -> bytes:
    """``secret``: 32 bytes of the home's key made for back-ups, or the passphrase in UTF-8."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    salt = base64.b64decode(header.salt)
    if header.lock == "passphrase":
        return hashlib.scrypt(secret, salt=salt, n=header.work, r=8, p=1, maxmem=2**28, dklen=KEY_BYTES)
    return HKDF(SHA256(), KEY_BYTES, salt=salt, info=b"priorbot 1 backup file").derive(secret)


def read_header(file: IO[bytes]) -> Header:
    """The header at the file's start. Raises `StreamDamaged`."""
    if file.read(len(MAGIC)) != MAGIC:
        raise StreamDamaged("This file is no back-up of PriorBot. Nothing was changed. Name the file that ends in .backup.")
    line = file.readline(4096)
    try:
        return msgspec.json.decode(line, type=Header)
    except msgspec.DecodeError:
        raise StreamDamaged(_DAMAGED) from None


_DAMAGED = "The back-up is damaged or cut off, or the key is another one. Nothing was changed. Try an older back-up."


class SealingWriter(io.RawIOBase):
    """Write plain bytes to it; close it to write the last piece. ``sha256`` is that of the encrypted file."""

    def __init__(self, file: IO[bytes], header: Header, key: bytes) -> None:
        self._file = file
        self._aad = MAGIC + msgspec.json.encode(header) + b"\n"
        self._cipher = _cipher(key)
        self._left = bytearray()
        self._place = 0
        self._hash = hashlib.sha256()
        self._put(self._aad)

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self._left += data
        while len(self._left) > PIECE:
            self._seal(bytes(self._left[:PIECE]), last=False)
            del self._left[:PIECE]
        return len(data)

    def end(self) -> str:
        """Writes the last piece. Returns the encrypted file's SHA-256."""
        self._seal(bytes(self._left), last=True)
        self._left.clear()
        return self._hash.hexdigest()

    def _seal(self, piece: bytes, *, last: bool) -> None:
        self._put(self._cipher.encrypt(_nonce(self._place, last=last), piece, self._aad))
        self._place += 1

    def _put(self, data: bytes) -> None:
        self._file.write(data)
        self._hash.update(data)


class OpeningReader(io.RawIOBase):
    """Gives back what `SealingWriter` was given. Raises `StreamDamaged` before it gives a byte of a piece that is not right."""

    def __init__(self, file: IO[bytes], header: Header, key: bytes) -> None:
        self._file = file
        self._aad = MAGIC + msgspec.json.encode(header) + b"\n"
        self._cipher = _cipher(key)
        self._left = b""
        self._place = 0
        self._ahead = file.read(PIECE + TAG)
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        while not self._left and not self._ended:
            self._open_next()
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count

    def _open_next(self) -> None:
        from cryptography.exceptions import InvalidTag

        piece, self._ahead = self._ahead, self._file.read(PIECE + TAG)
        self._ended = not self._ahead
        try:
            self._left = self._cipher.decrypt(_nonce(self._place, last=self._ended), piece, self._aad)
        except (InvalidTag, ValueError):
            raise StreamDamaged(_DAMAGED) from None
        self._place += 1


def _cipher(key: bytes) -> Any:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)


def _nonce(place: int, *, last: bool) -> bytes:
    return place.to_bytes(11, "big") + bytes([last])
