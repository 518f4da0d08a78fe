"""The folder line: a packet is there whole or not at all, and what became of it is somebody's word."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bots import private
from bots.fax.line_errors import FaxHandOverUnclear, FaxLineDown, FaxLineUnclear, FaxNumberUnusable
from bots.fax.lines import folder as folder_module
from bots.fax.lines.folder import Confirmation, FolderLine
from bots.fax.model import FaxLine, FaxReason, FaxState, OutgoingFax

MakeFax = Callable[..., OutgoingFax]
AT = datetime(2026, 11, 23, 15, 4, tzinfo=UTC)
posix = pytest.mark.skipif(os.name != "posix", reason="not on this system: POSIX file modes")


@pytest.fixture
def line(tmp_path: Path) -> FolderLine:
    return FolderLine(tmp_path / "fax" / "outbox")


def files(line: FolderLine) -> set[str]:
    return {path.relative_to(line.folder).as_posix() for path in line.folder.rglob("*") if path.is_file()}


async def test_a_packet_is_put_there_with_its_job(line: FolderLine, make_fax: MakeFax) -> None:
    as_line: FaxLine = line
    fax = make_fax("fax-7", pages=2)
    assert await as_line.send(fax) == "fax-7"
    assert files(line) == {"fax-7/packet.pdf", "fax-7/packet.tif", "fax-7/job.json"}
    assert (line.folder / "fax-7" / "packet.pdf").read_bytes() == fax.pdf
    assert (line.folder / "fax-7" / "packet.tif").read_bytes() == fax.tiff
    job = json.loads((line.folder / "fax-7" / "job.json").read_text())
    assert job == {"tag": "fax-7", "number": "2035550199", "pages": 2, "to_name": 'Desk "A"'}
    assert (await line.report("fax-7")).state is FaxState.WAITING
    assert [job.tag for job in await line.waiting()] == ["fax-7"]


@posix
async def test_its_files_are_0600_and_its_folders_0700(line: FolderLine, make_fax: MakeFax) -> None:
    os.umask(0)
    await line.send(make_fax("fax-7"))
    modes = {path.name: path.stat().st_mode & 0o777 for path in (line.folder, *line.folder.rglob("*"))}
    expected = {"outbox": 0o700, "fax-7": 0o700, "packet.pdf": 0o600, "packet.tif": 0o600, "job.json": 0o600}
    assert modes == expected


async def test_the_same_packet_is_never_put_there_twice(line: FolderLine, make_fax: MakeFax) -> None:
    await line.send(make_fax("fax-7"))
    with pytest.raises(FaxHandOverUnclear):
        await line.send(make_fax("fax-7"))
    assert len(await line.find("fax-7")) == 1


@pytest.mark.parametrize("tag", ["../fax-7", "", "fax/7", ".fax", "fax 7", "f" * 65])
async def test_no_tag_leads_out_of_the_folder(line: FolderLine, make_fax: MakeFax, tag: str) -> None:
    with pytest.raises(FaxLineUnclear):
        await line.send(make_fax("fax-7").__class__(tag=tag, number="2035550199", pdf=b"", tiff=b"", pages=1))
    assert not line.folder.exists()


async def test_a_number_that_cannot_be_dialled_is_refused_before_anything_is_written(line: FolderLine, make_fax: MakeFax) -> None:
    with pytest.raises(FaxNumberUnusable):
        await line.send(make_fax(number="call me"))
    assert not line.folder.exists()


@pytest.mark.parametrize("full_at", [1, 2, 3])
async def test_a_full_disk_leaves_nothing_behind_and_the_fax_can_be_sent_later(
    line: FolderLine, make_fax: MakeFax, monkeypatch: pytest.MonkeyPatch, full_at: int
) -> None:
    writes = 0

    def full(path: Path, data: bytes) -> None:
        nonlocal writes
        writes += 1
        if writes == full_at:
            raise OSError(errno.ENOSPC, "No space left on device")
        private.write_private(path, data)

    with monkeypatch.context() as patched:
        patched.setattr(folder_module, "write_private", full)
        with pytest.raises(FaxLineDown) as caught:
            await line.send(make_fax("fax-7"))
    assert "the disk is full" in caught.value.sentence
    assert list(line.folder.iterdir()) == []
    assert await line.find("fax-7") == ()
    await line.send(make_fax("fax-7"))
    assert len(await line.find("fax-7")) == 1


async def test_a_hand_over_that_was_killed_is_no_packet_and_is_cleared_away_by_the_next(
    line: FolderLine, make_fax: MakeFax, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(_path: Path, _target: Path) -> Path:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", killed)
        with pytest.raises(KeyboardInterrupt):
            line._send(make_fax("fax-7"))
    assert await line.find("fax-7") == ()
    assert await line.waiting() == ()
    await line.send(make_fax("fax-7"))
    assert {path.name for path in line.folder.iterdir()} == {"fax-7"}


async def test_a_person_confirms_and_the_pages_are_gone(line: FolderLine, make_fax: MakeFax) -> None:
    job = await line.send(make_fax("fax-7", pages=3))
    report = await line.confirm(job, Confirmation(by="Demo Frontdesk", delivered_at=AT, pages_sent=3))
    assert (report.state, report.at, report.said, report.pages_sent) == (FaxState.DELIVERED, AT, "confirmed by Demo Frontdesk", 3)
    assert files(line) == {"fax-7/job.json", "fax-7/confirm.json"}
    assert await line.report(job) == report
    assert await line.waiting() == ()


async def test_a_failure_has_its_reason(line: FolderLine, make_fax: MakeFax) -> None:
    job = await line.send(make_fax())
    report = await line.confirm(job, Confirmation(by="fax program", failed_at=AT, reason=FaxReason.BUSY))
    assert (report.state, report.reason, report.at) == (FaxState.FAILED, FaxReason.BUSY, AT)


async def test_the_first_word_stays(line: FolderLine, make_fax: MakeFax) -> None:
    job = await line.send(make_fax())
    await line.confirm(job, Confirmation(by="one", delivered_at=AT))
    report = await line.confirm(job, Confirmation(by="two", failed_at=AT, reason=FaxReason.BUSY))
    assert report.state is FaxState.DELIVERED


@pytest.mark.parametrize(
    "word",
    [
        Confirmation(by="", delivered_at=AT),
        Confirmation(by="one"),
        Confirmation(by="one", delivered_at=AT, failed_at=AT, reason=FaxReason.BUSY),
        Confirmation(by="one", delivered_at=AT, reason=FaxReason.BUSY),
        Confirmation(by="one", failed_at=AT),
        Confirmation(by="one", delivered_at=AT.replace(tzinfo=None)),
    ],
)
async def test_a_word_that_says_nothing_certain_is_not_taken(line: FolderLine, make_fax: MakeFax, word: Confirmation) -> None:
    job = await line.send(make_fax())
    with pytest.raises(FaxLineUnclear):
        await line.confirm(job, word)
    assert (await line.report(job)).state is FaxState.WAITING


async def test_another_program_confirms_by_a_file(line: FolderLine, make_fax: MakeFax) -> None:
    job = await line.send(make_fax("fax-7"))
    (line.folder / "fax-7" / "confirm.json").write_text('{"by": "modem program", "delivered_at": "2026-11-23T10:04:00-05:00"}')
    report = await line.report(job)
    assert (report.state, report.at, report.said) == (FaxState.DELIVERED, AT, "confirmed by modem program")


@pytest.mark.parametrize(
    "text", ["", "delivered", '{"by": "x"}', '{"by": "x", "delivered": true}', '{"by": "x", "failed_at": "2026"}']
)
async def test_a_file_that_makes_no_sense_is_a_persons_and_a_person_puts_it_right(
    line: FolderLine, make_fax: MakeFax, text: str
) -> None:
    job = await line.send(make_fax("fax-7"))
    (line.folder / "fax-7" / "confirm.json").write_text(text)
    assert (await line.report(job)).state is FaxState.UNKNOWN
    assert (await line.confirm(job, Confirmation(by="Demo Frontdesk", delivered_at=AT))).state is FaxState.DELIVERED


async def test_a_packet_that_somebody_took_away_is_unknown_not_delivered(line: FolderLine, make_fax: MakeFax) -> None:
    job = await line.send(make_fax("fax-7"))
    shutil.rmtree(line.folder / "fax-7")
    assert (await line.report(job)).state is FaxState.UNKNOWN
    with pytest.raises(FaxLineUnclear):
        await line.confirm(job, Confirmation(by="one", delivered_at=AT))


async def test_a_packet_is_taken_back_with_its_pages_unless_somebody_has_begun(line: FolderLine, make_fax: MakeFax) -> None:
    waiting, begun = [await line.send(make_fax(tag)) for tag in ("fax-1", "fax-2")]
    (line.folder / "fax-2" / "taken").touch()
    report = await line.cancel(waiting)
    assert (report.state, report.reason) == (FaxState.FAILED, FaxReason.CANCELLED)
    assert not (line.folder / "fax-1" / "packet.pdf").exists()
    assert (await line.cancel(begun)).state is FaxState.SENDING
    assert (line.folder / "fax-2" / "packet.pdf").exists()


async def test_the_line_says_when_its_folder_cannot_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await FolderLine(tmp_path / "new" / "outbox").check() == ""
    assert not (tmp_path / "new").exists(), "looking changes nothing"
    (tmp_path / "file").write_text("")
    assert "No packet can be put into" in await FolderLine(tmp_path / "file" / "outbox").check()
    monkeypatch.setattr(folder_module, "LEAST_FREE_BYTES", 10**18)
    assert "nearly full" in await FolderLine(tmp_path / "outbox").check()
