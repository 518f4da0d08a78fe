"""Finding the nearest known word, so that a refusal can name what was probably meant."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word most like ``word``, or "" when none is near."""
    from difflib import get_close_matches

    found = get_close_matches(word.strip().casefold()[:60], list(known), n=1, cutoff=0.55)
    return found[0] if found else ""


def shown(name: str) -> str:
    """A file's or column's name as it can be put into a sentence: short, on one line, without what cannot be printed."""
    return "".join(char if char.isprintable() else "?" for char in name[:80])
