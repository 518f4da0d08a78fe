"""A bad file is refused as a whole with its name, the reason and what to do; nothing of it is taken."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from random import Random

import pytest

from jobs.intake import IntakeFileRefused, iter_intake, jsonlines, read_intake, textfile
from jobs.intake import source as source_module
from jobs.intake import workbook as workbook_module

HEADER = (
    "request_id,payer,coverage,request_kind,service_category,urgency,member_id,member_dob,"
    "requesting_provider_last_name,requesting_provider_npi,from_date,to_date"
)


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        (b"", "empty", "is empty"),
        (b"\xef\xbb\xbf", "empty", "is empty"),
        (b"\n\n  \n", "empty", "is empty"),
        (HEADER.encode() + b"\n", "no_rows", "no rows"),
        (HEADER.encode() + b"\n,,,\n \n", "no_rows", "no rows"),
        ("request_id".encode("utf-16"), "utf16", "UTF-16"),
        (HEADER.encode() + b"\nR-1,Caf\xe9\n", "wrong_encoding", "near line 2"),
        (HEADER.encode() + b"\nR-1\0,husky\n", "binary", "zero bytes"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old_excel", "Save it as .xlsx"),
        (b"%PDF-1.7\n", "not_a_table", "a PDF"),
        (b"PK\x05\x06" + b"\0" * 18, "binary", "zero bytes"),
        (b"PK\x03\x04 cut off", "damaged_workbook", "damaged"),
        (b'[{"request_id": "R-1"}]', "json_list", "one object per line"),
        (b"Dear all,\nplease find the requests below.\n", "no_header", "known column names"),
        (b"R-1,husky,husky_c,001234567\n", "no_header", "known column names"),
        (HEADER.encode() + b"\nR-1,\"husky\nR-2,husky\n", "broken_quotes", "quotation marks"),
        (HEADER.encode() + b'\nR-1,"hus"ky,x\nR-2,husky\n', "broken_quotes", "near row 2"),
        (HEADER.encode() + b"\n" + b"x" * 1_000_001, "line_too_long", "line 2"),
        (HEADER.replace("member_dob", "membr_dob").encode() + b"\nR-1\n", "unknown_column", "'member_dob'"),
        ((HEADER + ",Shoe size").encode() + b"\nR-1\n", "unknown_column", "'Shoe size'"),
        ((HEADER + ",,x").encode() + b"\nR-1\n", "unknown_column", "column 13 has no name"),
        (HEADER.replace(",urgency", "").encode() + b"\nR-1\n", "missing_column", "urgency"),
        ((HEADER + ",payer").encode() + b"\nR-1\n", "double_column", "'payer'"),
    ],
)  # fmt: skip
def test_a_bad_file_is_refused_with_reason_and_remedy(take, content, code, says):
    result = take(content)
    assert result.file_error is not None
    assert (result.file_error.file, result.file_error.code) == ("requests.csv", code)
    assert says in result.file_error.reason
    assert "Nothing of it was submitted." in result.file_error.reason
    assert (result.requests, result.rejected) == ([], [])


def test_a_file_that_is_not_there_or_no_file_is_refused(tmp_path):
    assert read_intake(tmp_path / "none.csv").file_error.code == "not_found"
    assert read_intake(tmp_path).file_error.code == "not_a_file"


def test_an_error_while_reading_is_a_refusal(tmp_path, monkeypatch):
    path = tmp_path / "requests.csv"
    path.write_text(HEADER + "\nR-1\n")
    monkeypatch.setattr(type(path), "open", lambda *_: (_ for _ in ()).throw(PermissionError("no")))
    assert read_intake(path).file_error.code == "unreadable"


def test_the_stream_refuses_before_it_hands_anything_on(tmp_path, good, take):
    rows = ",".join(good) + "\n" + ",".join(f'"{cell}"' for cell in good.values()) + "\n"
    path = tmp_path / "requests.csv"
    path.write_bytes(rows.encode() + b"caf\xe9\n")
    with pytest.raises(IntakeFileRefused, match="near line 3"):
        iter_intake(path)


@pytest.mark.parametrize("start", [b"", HEADER.encode() + b"\n"])
def test_a_gigabyte_of_zero_bytes_is_refused_from_its_first_bytes(tmp_path, start):
    path = tmp_path / "huge.csv"
    with path.open("wb") as file:
        file.write(start)
        file.truncate(1_000_000_000)
    assert_cheap(path, {"binary", "too_large"})


def test_a_gigabyte_of_garbage_is_refused_from_its_first_bytes(tmp_path):
    path = tmp_path / "huge.csv"
    with path.open("wb") as file:
        file.write(Random(1).randbytes(5000).replace(b"\0", b"x"))
        file.truncate(1_000_000_000)
    assert_cheap(path, {"too_large"})


def assert_cheap(path, codes):
    tracemalloc.start()
    problem = read_intake(path).file_error
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert problem is not None
    assert problem.code in codes
    assert peak < 20_000_000


def test_a_file_below_the_size_limit_with_one_endless_line_is_refused_early(tmp_path):
    path = tmp_path / "long.csv"
    path.write_bytes(b"x" * 50_000_000)
    assert_cheap(path, {"line_too_long"})


def test_more_rows_than_the_limit_are_refused(take, good, monkeypatch):
    for module in (source_module, jsonlines, textfile, workbook_module):
        monkeypatch.setattr(module, "MAX_ROWS", 3)
    rows = [good | {"request_id": f"R-{i}"} for i in range(4)]
    assert len(take(rows[:3]).requests) == 3
    assert take(rows).file_error.code == "too_many_rows"


def test_a_file_that_changes_between_the_two_readings_is_refused(tmp_path, good, take):
    take([good, good | {"request_id": "R-002"}])
    path = tmp_path / "requests.csv"
    stream = iter_intake(path)
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(IntakeFileRefused, match="changed"):
        list(stream)


def zipped(**entries: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), data)
    return content.getvalue()


def test_a_zip_that_is_no_workbook_is_refused(take):
    assert take(zipped(word__document_xml=b"<x/>"), "letter.docx").file_error.code == "not_a_table"


def test_a_workbook_whose_parts_are_damaged_is_refused(take):
    assert take(zipped(xl__workbook_xml=b"<x"), "requests.xlsx").file_error.code == "damaged_workbook"


def test_a_zip_bomb_is_refused_before_it_is_unpacked(take, monkeypatch):
    monkeypatch.setattr(workbook_module, "MAX_UNPACKED", 40_000_000)
    bomb = zipped(xl__workbook_xml=b"<x/>", xl__worksheets__sheet1_xml=b"0" * 40_000_001)
    assert len(bomb) < 100_000
    assert take(bomb, "requests.xlsx").file_error.code == "zip_bomb"


def test_entities_in_a_workbook_blow_nothing_up(take, good, tmp_path):
    """Ten levels of ten entities each would be 10 GB of text."""
    from openpyxl import Workbook

    book = Workbook()
    book.worksheets[0].append(list(good))
    book.worksheets[0].append(["R-001"])
    book.save(tmp_path / "plain.xlsx")
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    content = io.BytesIO()
    with zipfile.ZipFile(tmp_path / "plain.xlsx") as plain, zipfile.ZipFile(content, "w") as bomb:
        for entry in plain.namelist():
            data = plain.read(entry)
            if entry == "xl/worksheets/sheet1.xml":
                text = data.decode().split("?>")[-1].replace("<row ", "<row>&e9;</row><row ", 1)
                data = f'<!DOCTYPE worksheet [<!ENTITY e0 "xxxxxxxxxx">{levels}]>{text}'.encode()
            bomb.writestr(entry, data)
    assert take(content.getvalue(), "requests.xlsx").file_error.code == "damaged_workbook"
