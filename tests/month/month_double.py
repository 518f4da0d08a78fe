"""The protocol double of ``tests/protocol``, under one name, however this room is entered."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any


def _load() -> Any:
    name = "protocol_double"
    if name not in sys.modules:
        path = Path(__file__).resolve().parents[1] / "protocol" / "double.py"
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


double = _load()
