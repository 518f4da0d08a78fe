"""Packets on the disk: sealed in the home's ``fax/``, named by the SHA-256 of what they hold, checked each time they are read."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import msgspec

from bots.model import AuthRequest, Frozen
from bots.private import write_private
from bots.vault import Vault, VaultError
from jobs.fax.state import Packet
from jobs.fax.troubles import PacketDamaged, PacketNotKept
from jobs.rule_schema import Desk


class Pages(Frozen):
    """A packet as it is kept: the PDF, the same pages as a fax line carries them, and how many there are."""

    pdf: bytes
    tiff: bytes
    pages: int


class Drawn(Protocol):
    """A packet that was drawn and checked, as `Pages` keeps it."""

    @property
    def pdf(self) -> bytes: ...

    @property
    def tiff(self) -> bytes: ...

    @property
    def pages(self) -> int: ...


class DrawPacket(Protocol):
    """Draws a request's packet for a desk. Raises a `bots.errors.BotError` that says what is missing or refused."""

    def __call__(self, request: AuthRequest, desk: Desk, /) -> Drawn: ...


class PacketStore:
    """The packets of one home."""

    def __init__(self, folder: Path, vault: Vault) -> None:
        self._folder = folder
        self._vault = vault

    def keep(self, drawn: Drawn) -> Packet:
        """Keeps a packet durably. Raises `PacketNotKept` when the disk does not take it."""
        pages = Pages(pdf=drawn.pdf, tiff=drawn.tiff, pages=drawn.pages)
        content = msgspec.msgpack.encode(pages)
        digest = hashlib.sha256(content).hexdigest()
        name = _name(digest)
        try:
            write_private(self._folder / name, self._vault.seal(content, name))
        except OSError:
            raise PacketNotKept from None
        return Packet(sha256=digest, pages=pages.pages, bytes=max(len(pages.pdf), len(pages.tiff)))

    def sweep(self, known: Collection[str], before: datetime) -> int:
        """Removes packets from before that moment whose digest nobody knows: their process ended between keeping them and noting
        that they are to be sent. Returns how many."""
        left = 0
        for path in self._folder.glob(_name("*")):
            is_old = datetime.fromtimestamp(path.stat().st_mtime, UTC) < before
            if is_old and digest_in(path.name) not in known:
                path.unlink(missing_ok=True)
                left += 1
        return left

    def read(self, packet: Packet) -> Pages:
        """What was kept. Raises `PacketDamaged` when it is gone or differs in a byte."""
        name = _name(packet.sha256)
        try:
            content = self._vault.unseal((self._folder / name).read_bytes(), name)
            pages = msgspec.msgpack.decode(content, type=Pages)
        except (FileNotFoundError, VaultError, msgspec.DecodeError):
            raise PacketDamaged from None
        if hashlib.sha256(content).hexdigest() != packet.sha256 or pages.pages != packet.pages:
            raise PacketDamaged
        return pages


def _name(digest: str) -> str:
    return f"packet-{digest}.sealed"


def digest_in(name: str) -> str:
    """The digest by which the journal knows the packet in that file; "" where the file is none."""
    is_packet = name.startswith("packet-") and name.endswith(".sealed")
    return name.removeprefix("packet-").removesuffix(".sealed") if is_packet else ""
