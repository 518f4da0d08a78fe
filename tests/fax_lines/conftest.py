"""Small faxes, made once."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fax_pages import make_pdf, make_tiff

from bots.fax.model import OutgoingFax


@pytest.fixture(scope="session")
def make_fax() -> Callable[..., OutgoingFax]:
    """A fax of short pages: each takes two seconds on the line."""

    def make(tag: str = "fax-1", number: str = "203.555.0199", pages: int = 1) -> OutgoingFax:
        pdf = make_pdf(tag, pages, height=330)
        return OutgoingFax(tag=tag, number=number, pdf=pdf, tiff=make_tiff(pdf), pages=pages, to_name='Desk "A"')

    return make
