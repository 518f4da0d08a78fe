"""A hosted service's status calls (webhooks): signed, and never more than a hint which fax to ask about.

The service says itself that they come twice, late and in any order, so nothing in one but the fax's id is used. Ed25519 over
``timestamp|body``, as Telnyx signs them; the timestamp keeps an old call from being sent to us again.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from bots.fax.line_errors import StatusCallRefused
from bots.model import Frozen

SIGNATURE, TIMESTAMP = "telnyx-signature-ed25519", "telnyx-timestamp"
TOLERANCE = timedelta(minutes=5)
MOST_BYTES = 100_000


class _Payload(Frozen, forbid_unknown_fields=False):
    fax_id: str


class _Event(Frozen, forbid_unknown_fields=False):
    payload: _Payload
    event_type: str = ""


class _Call(Frozen, forbid_unknown_fields=False):
    data: _Event


def fax_id_of(headers: Mapping[str, str], body: bytes, *, public_key: str, now: datetime, line: str) -> str:
    """The id of the fax that a call speaks of; "" when it speaks of none. ``public_key`` is base64, ``headers`` in any case.

    Raises `StatusCallRefused`: not signed by the service, changed on its way, too old, too long.
    """
    given = {name.lower(): value for name, value in headers.items()}
    if not public_key:
        raise StatusCallRefused(line=line, what="no public key is set")
    if len(body) > MOST_BYTES:
        raise StatusCallRefused(line=line, what="it is too long")
    _check_signature(given.get(SIGNATURE, ""), given.get(TIMESTAMP, ""), body, public_key, line)
    try:
        signed_at = datetime.fromtimestamp(int(given[TIMESTAMP]), UTC)
    except (ValueError, OverflowError, OSError):
        raise StatusCallRefused(line=line, what="its time makes no sense") from None
    if abs(now - signed_at) > TOLERANCE:
        raise StatusCallRefused(line=line, what="it is too old")
    try:
        return msgspec.json.decode(body, type=_Call).data.payload.fax_id
    except msgspec.DecodeError:
        return ""


def _check_signature(signature: str, timestamp: str, body: bytes, public_key: str, line: str) -> None:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key, validate=True))
        key.verify(base64.b64decode(signature, validate=True), timestamp.encode() + b"|" + body)
    except (InvalidSignature, ValueError):
        raise StatusCallRefused(line=line, what="its signature does not fit") from None
