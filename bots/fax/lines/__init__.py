"""The ways to send a fax, each behind `bots.fax.model.FaxLine`: a folder, HylaFAX, a hosted service."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bots.fax.line_errors import FaxLineMissing
from bots.fax.lines.settings import HylafaxSettings, LineSettings
from bots.permission import is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable

    from bots.fax.model import FaxLine
    from bots.vault import Vault

OUTBOX = "outbox"
API_KEY = "fax.hosted.api_key"
"""Name of the hosted service's key in the vault."""


def open_line(settings: LineSettings, home: Path, fax_folder: Path, vault: Callable[[], Vault | None]) -> FaxLine:
    """The line that the practice has set up; nothing is contacted yet. ``fax_folder`` is the home's; ``vault`` opens the
    vault when a secret is needed (None: there is none).

    Raises `FaxLineMissing`: no line, or it was not told all that it needs.
    """
    if why := why_no_line(settings):
        raise FaxLineMissing(what=why)
    if settings.line == "folder":
        from bots.fax.lines.folder import FolderLine

        path = settings.folder.path
        return FolderLine(home / Path(path).expanduser() if path else fax_folder / OUTBOX)
    if settings.line == "hylafax":
        from bots.fax.lines.hylafax import PASSWORD, HylafaxLine

        return HylafaxLine(settings.hylafax, lambda: _secret(vault, PASSWORD))
    from bots.fax.lines.hosted import HostedLine

    return HostedLine(settings.hosted, lambda: _secret(vault, API_KEY))


def why_no_line(settings: LineSettings) -> str:
    """Why no fax can be sent with these settings, in a few words; "" when one can."""
    if settings.line == "hylafax":
        return _why_no_hylafax(settings.hylafax)
    if settings.line == "http":
        from bots.fax.lines.hosted import why_not_usable

        return why_not_usable(settings.hosted)
    return "" if settings.line == "folder" else "no fax line is set up"


def _why_no_hylafax(settings: HylafaxSettings) -> str:
    if not settings.host:
        return "[fax.hylafax] needs the key host"
    if settings.unencrypted or is_loopback(f"http://{settings.host}"):
        return ""
    return "the HylaFAX server is not on this machine and [fax.hylafax] unencrypted does not say that the way to it is protected"


def _secret(vault: Callable[[], Vault | None], name: str) -> str | None:
    opened = vault()
    secret = opened.find(name) if opened else None
    return None if secret is None else secret.reveal()
