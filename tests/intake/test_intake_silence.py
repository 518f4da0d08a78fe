"""No reason, sentence, exception or representation repeats a cell: a shifted row can put a patient into any column."""

from __future__ import annotations

import json
import traceback

import pytest

from jobs.intake import IntakeFileRefused, iter_intake

CANARY = "Qanary"


def said_by(result) -> str:
    told = [repr(result), repr(result.rejected), repr(result.file_error)]
    return " ".join(told)


@pytest.mark.parametrize(
    "column", ["member_id", "payer", "service_category", "urgency", "units", "from_date", "notes", "attachments", "answers"]
)
def test_a_cell_is_never_repeated_whatever_its_column(take, good, column):
    result = take([good | {column: f"{CANARY} 1\x07", "units": f"{CANARY},000"}])
    assert result.rejected
    assert CANARY not in said_by(result)


def test_a_whole_row_of_canaries_is_refused_in_silence(take, good):
    for row in (dict.fromkeys(good, CANARY), dict.fromkeys(good, f"{CANARY}é;=@")):
        result = take([row])
        assert len(result.rejected) > 10
        for rejected in result.rejected:
            assert CANARY not in rejected.reason
            assert CANARY not in rejected.column
            # a canary can be a well-formed request id, which is the practice's own word for the request
            assert rejected.request_id in {"", CANARY}


def test_good_requests_do_not_show_in_the_result(take, good):
    assert "001234567" not in repr(take([good]))


@pytest.mark.parametrize(
    "content",
    [
        f"{CANARY},1960-01-01,husky\n".encode(),
        f"request_id,payer\nR-1,{CANARY}é\n".encode("latin-1"),
        b'{"request_id": "R-1", "notes": "' + CANARY.encode() + b"\xff\"}",
        f'request_id,payer\nR-1,"{CANARY}\n'.encode(),
        f"request_id,payer\nR-1,{CANARY}\0".encode(),
    ],
)  # fmt: skip
def test_a_refused_file_is_not_quoted_even_in_the_traceback(tmp_path, content):
    path = tmp_path / "requests.csv"
    path.write_bytes(content)
    with pytest.raises(IntakeFileRefused) as refused:
        iter_intake(path)
    chain = refused.value
    assert chain.__cause__ is None
    assert chain.__suppress_context__ or chain.__context__ is None
    assert CANARY not in "".join(traceback.format_exception(chain))


def test_a_broken_json_line_is_not_quoted(take, good):
    result = take(json.dumps(good) + f'\n{{"notes": "{CANARY}\n')
    assert [row.code for row in result.rejected] == ["bad_json"]
    assert CANARY not in said_by(result)


def test_documents_are_not_named_by_their_path(take, good, tmp_path):
    (tmp_path / f"{CANARY}.pdf").write_bytes(b"no pdf")
    assert CANARY not in said_by(take([good | {"attachments": f"{CANARY}.pdf;{CANARY}2.pdf"}]))


def test_what_cannot_be_printed_is_not_put_into_a_sentence(take, good):
    """A name may carry terminal commands, or half a character that no terminal takes."""
    result = take(json.dumps(good | {"Sex\x1b[2J\ud800": "f"}), "requests.jsonl")
    assert "'Sex?[2J?'" in result.file_error.reason
    result.file_error.reason.encode()
