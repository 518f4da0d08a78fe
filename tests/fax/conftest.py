"""For the tests of packets: each form's packet drawn once, documents as intake keeps them."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bots.fax.form_layout import form_names
from bots.fax.packet import Packet

# Tests are no packages: what they share is loaded by its path, under a name of its own.
_spec = importlib.util.spec_from_file_location("fax_help", Path(__file__).with_name("packet_double.py"))
assert _spec is not None
assert _spec.loader is not None
fax_help = importlib.util.module_from_spec(_spec)
sys.modules["fax_help"] = fax_help
_spec.loader.exec_module(fax_help)

_drawn: dict[str, Packet] = {}


@pytest.fixture(params=sorted(form_names()))
def form_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def packet_of() -> Callable[[str], Packet]:
    """The packet of a form's own request, drawn once."""

    def find(form: str) -> Packet:
        if form not in _drawn:
            _drawn[form] = fax_help.build(form)
        return _drawn[form]

    return find


@pytest.fixture
def attach(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Writes a document and gives it as intake keeps it."""

    def write(content: bytes, name: str = "paper.pdf") -> dict[str, Any]:
        path = tmp_path / name
        path.write_bytes(content)
        return {"path": str(path), "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}

    return write


@pytest.fixture
def picture() -> Callable[..., bytes]:
    def make(size: tuple[int, int] = (850, 1100), kind: str = "JPEG", shade: int = 0, **more: Any) -> bytes:
        kept = io.BytesIO()
        Image.new("L", size, shade).save(kept, kind, **more)
        return kept.getvalue()

    return make
