"""The rooms that the simulated month stands on: this one, the outages' sky, the plainly written rules, the second calendar."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), *(str(HERE.parent / room) for room in ("outages", "rules", "service"))]
