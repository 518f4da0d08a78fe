"""Commands that ask the portals what became of requests: status, units, verify."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    return
