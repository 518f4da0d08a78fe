"""A packet's TIFF as HylaFAX takes it dot by dot: Group 4, one strip a page, white is 0 (``tiffcheck``'s rules).

Whatever else it would draw anew by way of PostScript, which blurs bar codes and small print.
"""

from __future__ import annotations

import io
import struct
from typing import Any

_PHOTOMETRIC, _WHITE_IS_0, _WHITE_IS_1 = 262, 0, 1
_SHORT = struct.Struct("<H")
_ENTRY = 12
_DOTS_PER_INCH = (204, 196)


def white_is_zero(tiff: bytes) -> bytes:
    """The same pages with white as 0; those that are so already are given back as they are. Raises ``OSError``: no such TIFF."""
    from PIL import Image, ImageChops, ImageSequence

    with Image.open(io.BytesIO(tiff)) as read:
        pages = [(page.copy(), _tag(page)) for page in ImageSequence.Iterator(read)]
    if all(kind == _WHITE_IS_0 for _, kind in pages):
        return tiff
    # Pillow writes white as 1, and turns it only dot by dot in Python: so it is given negatives, and the tag is put right after.
    first, *rest = [ImageChops.invert(page.convert("1")) for page, _ in pages]
    kept = io.BytesIO()
    strip = max(page.width * page.height for page in (first, *rest))
    first.save(kept, "TIFF", compression="group4", dpi=_DOTS_PER_INCH, strip_size=strip, save_all=True, append_images=rest)
    return _retagged(kept.getvalue())


def _tag(page: Any) -> int:
    return int(page.tag_v2.get(_PHOTOMETRIC, _WHITE_IS_1))


def _retagged(tiff: bytes) -> bytes:
    """What Pillow wrote (little endian, classic TIFF), with the tag of each page saying that white is 0."""
    data = bytearray(tiff)
    if data[:4] != b"II*\0":
        raise OSError("not a TIFF as it is written here")
    at = int.from_bytes(data[4:8], "little")
    while at:
        (count,) = _SHORT.unpack_from(data, at)
        for entry in range(at + 2, at + 2 + count * _ENTRY, _ENTRY):
            if _SHORT.unpack_from(data, entry)[0] == _PHOTOMETRIC:
                _SHORT.pack_into(data, entry + 8, _WHITE_IS_0)
        at = int.from_bytes(data[at + 2 + count * _ENTRY : at + 6 + count * _ENTRY], "little")
    return bytes(data)
