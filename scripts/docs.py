"""Writes ``docs/configuration.md`` from the descriptions in ``jobs/config.py``; a test holds the two equal."""

from __future__ import annotations

from pathlib import Path

from jobs.config import describe_keys

PAGE = Path(__file__).resolve().parent.parent / "docs" / "configuration.md"

if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(describe_keys(), "utf-8")
