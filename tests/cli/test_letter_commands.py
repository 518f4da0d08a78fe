"""A letter that came by fax and waits for a person stands in the queue, with the command that shows its page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def received(ready: Any, tmp_path: Path) -> Any:
    """A home that has received a fax of which nothing can be read."""
    (tmp_path / "recvq").mkdir()
    (tmp_path / "recvq" / "fax000000001.tif").write_bytes(b"II*\0cut off")
    assert ready("fax", "receive", tmp_path / "recvq", "--settled", "0").code == 3
    return ready


def test_a_letter_that_waits_stands_in_the_queue_with_the_command_that_shows_it(received: Any) -> None:
    ran = received("queue", "--json")
    (letter,) = ran.objects
    assert (ran.code, letter["state"]) == (3, "unreadable")
    assert "cut off or damaged" in letter["why"]
    shown = received(*letter["next_action"].removeprefix("Run: priorbot ").split())
    assert shown.code == 0
    page = Path(shown.out.strip())
    assert letter["letter_id"] in page.read_text()
    assert "Letters by fax that wait for a person" in received("queue").out


def test_a_letter_that_is_settled_leaves_the_queue(received: Any) -> None:
    (letter,) = received("queue", "--json").objects
    assert received("fax", "letters", "refuse", letter["letter_id"], "--by", "Ada Testmaple").code == 0
    assert received("queue").code == 0


@pytest.mark.parametrize("only", [("--portal", "carepartners"), ("--state", "approved"), ("--payer", "husky")])
def test_letters_are_left_out_where_the_queue_is_asked_for_something_else(received: Any, only: tuple[str, str]) -> None:
    assert received("queue", *only).code == 0
