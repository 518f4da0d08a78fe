"""What PriorBot did, for its IT person: one JSON object a line in ``logs/priorbot.jsonl``, without anything of a patient.

Allow-list, not clean-up: an event is a constant word, and only the fields below are written, each only if its value has the
form that the field may have. All else is dropped, and the line says how many things were (``dropped``). Member ids, request
ids and accounts are written as keyed hashes. Of an exception: type, code and place, never its message and never a variable.
Libraries' own log lines are reduced to their name and level, and nothing reaches stderr.

Any room logs with ``structlog.get_logger().info("word", field=value)``.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import threading
import traceback
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn

import msgspec
import structlog

from bots.errors import Action, BotError
from bots.model import Payer, Status
from bots.private import FILE_MODE, make_private_folder, open_private
from jobs.portal_settings import PORTAL_SLUGS

LOG_NAME = "priorbot.jsonl"
KEEP = 5
"""Full log files that are kept beside the current one."""
_MAX_BYTES = 5_000_000

Hash = Callable[[str], str]
Event = MutableMapping[str, Any]

_WORD = re.compile(r"[a-z][a-z0-9_]{0,49}")

CHOICES: dict[str, frozenset[str]] = {
    "portal": frozenset(PORTAL_SLUGS),
    "payer": frozenset(Payer),
    "status": frozenset(Status),
    "action": frozenset(Action),
}
"""Fields that hold one of a closed list of words."""
WORDS = frozenset(("command", "error_code", "kind", "library", "line", "operation", "outcome", "page", "step"))
"""Fields that hold one word of PriorBot's own vocabulary."""
NUMBERS = frozenset(
    (
        "accounts", "attempt", "bad", "cases", "changed", "count", "exit_code", "failed", "files", "good", "lines",
        "milliseconds", "pages", "pid", "port", "requests", "rows", "seats", "seconds", "settled", "submitted",
        "tries", "units_read", "waiting",
    )
)  # fmt: skip
"""Fields that hold a count or a duration (or yes and no): below 100 million, so that no member id fits."""
HASHED = {"member_id": "member", "request_id": "request", "account": "account"}
"""Fields whose value is a person's or may be: written as a keyed hash under the second name."""


class _Sink:
    """Appends lines. The file is opened for each line, so that several processes can write and one can turn the page."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._path = folder / LOG_NAME
        self._max_bytes = max_bytes

    def write(self, line: bytes) -> None:
        self._turn_page()
        with open(self._path, "ab", buffering=0, opener=lambda path, flags: open_private(Path(path), flags)) as file:
            file.write(line + b"\n")

    def _turn_page(self) -> None:
        if self._size() < self._max_bytes:
            return
        from filelock import FileLock

        with FileLock(self._path.with_name(f".{LOG_NAME}.lock"), mode=FILE_MODE):
            if self._size() < self._max_bytes:  # another process was quicker
                return
            for number in range(KEEP - 1, 0, -1):
                older = self._path.with_name(f"{LOG_NAME}.{number}")
                if older.exists():
                    older.replace(self._path.with_name(f"{LOG_NAME}.{number + 1}"))
            self._path.replace(self._path.with_name(f"{LOG_NAME}.1"))

    def _size(self) -> int:
        try:
            return self._path.stat().st_size
        except OSError:
            return 0


def start_logs(folder: Path, fingerprint: Hash, *, max_bytes: int = _MAX_BYTES) -> None:
    """Sends every log line of this process to ``folder``/priorbot.jsonl. ``fingerprint`` is the vault's keyed hash; it is called
    only when an id is logged, and may raise `BotError` (the id is left out then).

    Also takes over what Python would print by itself on stderr: library logs, warnings, uncaught exceptions of threads and tasks.
    """
    make_private_folder(folder)
    sink = _Sink(folder, max_bytes)

    def _emit(_logger: object, level: str, event: Event) -> NoReturn:
        with suppress(OSError):  # a full disk stops the journal, which says so; a log line never stops the work
            sink.write(msgspec.json.encode(clean(event, level, fingerprint)))
        raise structlog.DropEvent

    structlog.configure(
        processors=[_emit],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.ReturnLoggerFactory(),
        cache_logger_on_first_use=False,
    )
    _quiet_libraries()
    structlog.get_logger().info("started", pid=os.getpid())


def clean(event: Event, level: str, fingerprint: Hash) -> dict[str, Any]:
    """The line that may be written for ``event``: see the module's docstring."""
    name = str(event.get("event", ""))
    line: dict[str, Any] = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "level": level}
    line["event"] = name if _WORD.fullmatch(name) else "unnamed_event"
    dropped = int(line["event"] != name)
    for key, value in event.items():
        if key == "event":
            continue
        if key == "exc_info":
            line.update(_describe(value))
        elif key in HASHED and (mark := _mark(value, fingerprint)):
            line[HASHED[key]] = mark
        elif _may_stand(key, value):
            line[key] = value
        else:
            dropped += 1
    if dropped:
        line["dropped"] = dropped
    return line


def _mark(value: object, fingerprint: Hash) -> str:
    """The keyed hash of an id; "" for what is no id, or while the vault cannot be opened."""
    try:
        return fingerprint(value)[:16] if isinstance(value, str) else ""
    except BotError:
        return ""


def _may_stand(key: str, value: object) -> bool:
    if key in NUMBERS:
        return isinstance(value, bool | int | float) and abs(value) < 100_000_000
    if not isinstance(value, str):
        return False
    if key in CHOICES:
        return value in CHOICES[key]
    return key in WORDS and _WORD.fullmatch(value) is not None


def _describe(exc_info: object) -> dict[str, Any]:
    """Type, code and the last places in our own code; never the message."""
    if exc_info is True:
        exc_info = sys.exc_info()[1]
    elif isinstance(exc_info, tuple):
        exc_info = exc_info[1]
    if not isinstance(exc_info, BaseException):
        return {}
    described: dict[str, Any] = {"error": type(exc_info).__name__, "error_at": places(exc_info.__traceback__)}
    if isinstance(exc_info, BotError):
        described["error_code"] = exc_info.code
    return described


def places(trace: TracebackType | None) -> list[str]:
    """``room/file.py:line`` of the last five frames, the innermost last."""
    frames = traceback.extract_tb(trace, limit=-5)
    return ["/".join(Path(frame.filename).parts[-2:]) + f":{frame.lineno}" for frame in frames]


class _Reduced(logging.Handler):
    """A library's log line: its name, level and exception type. The message may quote a page, an address or a form."""

    def emit(self, record: logging.LogRecord) -> None:
        logger = structlog.get_logger()
        log = logger.error if record.levelno >= logging.ERROR else logger.warning
        log("library_message", library=re.sub(r"[^a-z0-9_]", "_", record.name.lower())[:50], exc_info=record.exc_info)


def _quiet_libraries() -> None:
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, _Reduced)]:
        root.removeHandler(handler)
    root.addHandler(_Reduced(logging.WARNING))
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    threading.excepthook = lambda args: _uncaught(args.exc_type, args.exc_value, args.exc_traceback)
    sys.unraisablehook = lambda args: structlog.get_logger().error("unraisable", exc_info=args.exc_value)


def _uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    """In place of a traceback, whose message and variables could hold a patient's data."""
    if issubclass(kind, KeyboardInterrupt):
        sys.stderr.write("Stopped.\n")
        return
    structlog.get_logger().error("uncaught", exc_info=error)
    at = (places(trace) or ["?"])[-1]
    sys.stderr.write(
        f"PriorBot ran into a mistake of its own ({kind.__name__}, {at}) and stopped. What was sent stands in the journal. "
        "Give your IT person the log file, then run: priorbot verify\n"
    )
