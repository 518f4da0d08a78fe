"""The script of the eyes, and how it gets into a page: once into each document, not with each question."""

from __future__ import annotations

from functools import cache
from pathlib import Path

BLIND = "blind"
"""The answer of a document that does not have the script."""
_PLACE = "Symbol.for('priorbot.eyes')"
ASK = f"""(ask) => window[{_PLACE}]
  ? Promise.resolve(window[{_PLACE}](JSON.parse(ask))).then((answer) => JSON.stringify(answer ?? null)) : '{BLIND}'"""
"""Asks the script that the document has. Question and answer travel as one text of JSON: neither the script nor their parts are
taken apart and put together again by each of the four processes in between, which was most of what asking cost."""


@cache
def source() -> str:
    """The function that answers one question (``eyes.js``)."""
    return Path(__file__).with_name("eyes.js").read_text(encoding="utf-8")


@cache
def installed() -> str:
    """Puts the script into a document before its own scripts run; frames are looked into from their page."""
    return f"if (window === window.top) Object.defineProperty(window, {_PLACE}, {{ value: {source().rstrip().rstrip(';')} }});"
