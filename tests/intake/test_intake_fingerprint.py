"""Two requests are the same when they ask the same of the same payer, however they were written down."""

from __future__ import annotations

import re
from decimal import Decimal

import msgspec
import pytest

from bots.model import Attachment, Drug, Urgency
from jobs.intake import request_fingerprint


@pytest.fixture
def request_(take, good):
    return take([good, good | {"service_code": "97112", "units": "4"}]).requests[0]


def test_it_is_a_sha256_in_hex(request_):
    assert re.fullmatch("[0-9a-f]{64}", request_fingerprint(request_))


def test_it_stays_the_same_over_versions(request_):
    """The journal keeps it: a request that was accepted last year must be known again."""
    assert request_fingerprint(request_) == "4c9c632507769ca62a107e7fb9b9d9dcc521a2929ecf780d6e50b6742e94d07c"


def test_order_of_lines_and_writing_of_numbers_do_not_count(request_):
    first, second = request_.lines
    turned = msgspec.structs.replace(request_, lines=(second, msgspec.structs.replace(first, units=Decimal("12.00"))))
    assert request_fingerprint(turned) == request_fingerprint(request_)


def test_of_a_document_the_content_counts_and_not_the_path(request_):
    def having(path, sha256):
        return request_fingerprint(msgspec.structs.replace(request_, attachments=(Attachment(path=path, sha256=sha256, size=1),)))

    assert having("/a/notes.pdf", "1" * 64) == having("/b/other.pdf", "1" * 64)
    assert having("/a/notes.pdf", "1" * 64) != having("/a/notes.pdf", "2" * 64)
    assert having("/a/notes.pdf", "1" * 64) != request_fingerprint(request_)


@pytest.mark.parametrize(
    "change",
    [
        {"urgency": Urgency.URGENT},
        {"diagnosis_codes": ("R26.2", "M54.50")},  # the first one is the primary one
        {"answers": {}},
        {"notes": "x"},
        {"drug": Drug(name="Sampletab")},
        {"request_id": "R-002"},
    ],
)
def test_every_other_difference_counts(request_, change):
    assert request_fingerprint(msgspec.structs.replace(request_, **change)) != request_fingerprint(request_)


def test_the_way_into_the_file_does_not_count(take, good):
    import json

    from_csv = take([good]).requests[0]
    from_json = take(json.dumps(dict(reversed(good.items()))), "requests.jsonl").requests[0]
    assert request_fingerprint(from_csv) == request_fingerprint(from_json)
