"""The log: an allow-list. Whatever is put in, no health information, no secret and no message of an exception comes out."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import stat
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from bots.errors import PortalDown
from bots.keys import VaultError
from jobs.logs import CHOICES, HASHED, KEEP, LOG_NAME, NUMBERS, WORDS, clean, start_logs

CANARIES = ("Canaryname", "canaryname", "001234567", "1961-02-03", "Canary-Pa55word!", "M54.5", "canary@example.com")


def mark(text: str) -> str:
    return "f" * 8 + str(len(text)) * 8


@pytest.fixture
def log_file(tmp_path: Path) -> Path:
    start_logs(tmp_path / "logs", mark)
    return tmp_path / "logs" / LOG_NAME


def lines(path: Path) -> list[dict[str, object]]:
    """What was logged after the line that says that the process has started."""
    return [line for line in map(json.loads, path.read_text("utf-8").splitlines()) if line["event"] != "started"]


def test_a_process_says_that_it_has_started(log_file: Path) -> None:
    line = json.loads(log_file.read_text("utf-8"))
    assert (line["event"], line["pid"]) == ("started", os.getpid())


def test_an_event_with_allowed_fields_is_one_json_line(log_file: Path) -> None:
    structlog.get_logger().info("submitted", portal="clear_coverage", status="submitted", requests=3)
    (line,) = lines(log_file)
    assert str(line.pop("at")).endswith("+00:00")
    assert line == {
        "level": "info",
        "event": "submitted",
        "portal": "clear_coverage",
        "status": "submitted",
        "requests": 3,
    }


def test_ids_and_accounts_are_written_as_keyed_hashes(log_file: Path) -> None:
    structlog.get_logger().info("submitted", member_id="001234567", request_id="R-Canaryname", account="canary@example.com")
    (line,) = lines(log_file)
    assert (line["member"], line["request"], line["account"]) == (
        mark("9" * 9)[:16],
        mark("R-Canaryname")[:16],
        mark("x" * 18)[:16],
    )
    assert not [canary for canary in CANARIES if canary in log_file.read_text()]


def test_an_id_is_left_out_while_the_vault_cannot_be_opened() -> None:
    def locked(_text: str) -> str:
        raise VaultError("There is no key.", "Give one.")

    line = clean({"event": "submitted", "member_id": "001234567", "requests": 1}, "info", locked)
    assert (line["requests"], line["dropped"]) == (1, 1)
    assert "member" not in line


def test_an_unknown_field_is_dropped_and_counted(log_file: Path) -> None:
    structlog.get_logger().info("submitted", last_name="Canaryname", dob="1961-02-03", requests=1)
    (line,) = lines(log_file)
    assert line["dropped"] == 2
    assert set(line) == {"at", "level", "event", "requests", "dropped"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("portal", "canaryname"),
        ("status", "canaryname"),
        ("action", "canaryname"),
        ("payer", "canaryname"),
        ("page", "Canaryname"),
        ("step", "member 1"),
        ("requests", "001234567"),
        ("requests", 123_456_789),
        ("requests", [1]),
        ("rule_ids", ("B20",)),
        ("version", "001234567"),
        ("member_id", 1234567),
        ("account", None),
    ],
)
def test_a_known_field_with_another_kind_of_value_is_dropped_too(log_file: Path, field: str, value: object) -> None:
    structlog.get_logger().info("submitted", **{field: value})
    (line,) = lines(log_file)
    assert line["dropped"] == 1
    assert set(line) == {"at", "level", "event", "dropped"}


@pytest.mark.parametrize("event", ["Member Canaryname not found", "001234567", "x" * 51, "", "a-b"])
def test_an_event_that_is_no_constant_word_is_not_written(log_file: Path, event: str) -> None:
    structlog.get_logger().warning(event)
    (line,) = lines(log_file)
    assert (line["event"], line["dropped"]) == ("unnamed_event", 1)


def test_an_exception_leaves_type_code_and_place_only(log_file: Path) -> None:
    member = "001234567"
    try:
        raise PortalDown("clear_coverage", what=f"Canaryname {member}")
    except PortalDown:
        structlog.get_logger().exception("step_failed")
    structlog.get_logger().error("step_failed", exc_info=ValueError("Canaryname"))
    first, second = lines(log_file)
    assert (first["error"], first["error_code"]) == ("PortalDown", "portal_down")
    assert str(first["error_at"]).startswith("['trust/test_logs.py:")
    assert second["error"] == "ValueError"
    assert not [canary for canary in CANARIES if canary in log_file.read_text()]


_KEYS = st.sampled_from(
    [*CHOICES, *WORDS, *NUMBERS, *HASHED, "rule_ids", "version", "exc_info", "last_name", "url", "error", "at", "level"]
)
_VALUES = st.one_of(
    st.sampled_from(CANARIES[:1] + CANARIES[2:]),
    st.sampled_from([RuntimeError(canary) for canary in CANARIES]),
    st.lists(st.sampled_from(CANARIES), max_size=2),
    st.dictionaries(st.sampled_from(CANARIES), st.sampled_from(CANARIES), max_size=2),
)


@settings(max_examples=500, deadline=None)
@given(event=st.sampled_from(("submitted", *CANARIES[:1], *CANARIES[2:])), fields=st.dictionaries(_KEYS, _VALUES, max_size=6))
def test_no_canary_passes_whatever_field_it_is_put_into(event: str, fields: dict[str, object]) -> None:
    text = json.dumps(clean({"event": event, **fields}, "info", mark))
    assert not [canary for canary in CANARIES if canary in text]


# --- what others would print -----------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("always")
def test_a_librarys_line_is_reduced_to_its_name_and_level(log_file: Path, capfd: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("httpx").warning("GET /member/%s", "001234567")
    logging.getLogger("asyncio").error("Canaryname", exc_info=ValueError("001234567"))
    logging.getLogger("httpx").info("GET /member/001234567")
    warnings.warn("Canaryname", stacklevel=1)
    seen = [(line["event"], line["level"], line["library"]) for line in lines(log_file)]
    assert seen == [
        ("library_message", "warning", "httpx"),
        ("library_message", "error", "asyncio"),
        ("library_message", "warning", "py_warnings"),
    ]
    assert capfd.readouterr() == ("", "")
    assert not [canary for canary in CANARIES if canary in log_file.read_text()]


def test_what_is_lost_in_threads_and_tasks_is_logged_without_its_message(
    log_file: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise ValueError("Canaryname 001234567")

    async def main() -> None:
        async def fail_later() -> None:
            fail()

        task = asyncio.create_task(fail_later())
        await asyncio.wait([task])

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    asyncio.run(main())
    gc.collect()  # a task's lost exception is told when the task goes
    assert {"uncaught", "library_message"} <= {str(line["event"]) for line in lines(log_file)}
    out, err = capfd.readouterr()
    assert not [canary for canary in CANARIES if canary in out + err + log_file.read_text()]


def test_an_uncaught_exception_ends_in_a_sentence_not_in_a_traceback(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from jobs.logs import start_logs\n"
        "start_logs(Path(sys.argv[1]), lambda text: 'f' * 32)\n"
        "member = 'Canaryname'\n"
        "raise ValueError(f'{member} 001234567')\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("PriorBot ran into a mistake of its own (ValueError, ")
    assert "priorbot verify" in done.stderr
    written = (tmp_path / LOG_NAME).read_text()
    assert json.loads(written.splitlines()[-1])["event"] == "uncaught"
    assert not [canary for canary in CANARIES if canary in done.stderr + written]


# --- the file --------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="not on this system: POSIX file modes")
def test_log_files_are_private_even_under_a_hostile_umask(log_file: Path) -> None:
    before = os.umask(0)
    try:
        structlog.get_logger().info("started")
    finally:
        os.umask(before)
    assert stat.S_IMODE(log_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(log_file.parent.stat().st_mode) == 0o700


@pytest.mark.usefixtures("log_file")
def test_a_full_log_turns_its_page_and_the_oldest_goes(tmp_path: Path) -> None:
    start_logs(tmp_path / "small", mark, max_bytes=1000)
    for number in range(150):
        structlog.get_logger().info("step_done", count=number)
    files = {path.name for path in (tmp_path / "small").glob(f"{LOG_NAME}*")}
    assert files == {LOG_NAME, *(f"{LOG_NAME}.{number}" for number in range(1, KEEP + 1))}
    assert all(path.stat().st_size < 1200 for path in (tmp_path / "small").iterdir())
    newest = lines(tmp_path / "small" / f"{LOG_NAME}.1") + lines(tmp_path / "small" / LOG_NAME)
    counts = [line["count"] for line in newest]
    assert counts == list(range(150 - len(counts), 150)), "nothing is lost at the turn of the page"


def test_a_log_that_cannot_be_written_does_not_stop_the_work(log_file: Path) -> None:
    log_file.unlink()
    log_file.mkdir()
    structlog.get_logger().info("submitted", requests=1)
