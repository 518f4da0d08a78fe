"""A case's status from its header and its lines: a header may lag behind its lines, and it may take them all with it."""

from __future__ import annotations

from typing import Any, cast

import pytest

from bots.model import LineReading, Status
from bots.portal_cells import Cells


def status_of(header: Status, *lines: Status) -> Status:
    read = [LineReading(service_code="E0601", status=each) for each in lines]
    return Cells.case_status(cast(Any, None), header, read)  # it looks at nothing else


@pytest.mark.parametrize("header", [Status.SUBMITTED, Status.PENDED_REVIEW, Status.PENDED_CLINICAL, Status.APPROVED])
def test_a_header_that_lags_gives_way_to_its_lines(header: Status) -> None:
    assert status_of(header, Status.DENIED, Status.DENIED) is Status.DENIED
    assert status_of(header, Status.APPROVED, Status.DENIED) is Status.PARTIALLY_APPROVED


@pytest.mark.parametrize(
    "header",
    [Status.VOID, Status.CANCELLED, Status.WITHDRAWN, Status.EXPIRED, Status.CONTACT_PAYER, Status.NOT_ELIGIBLE, Status.UNKNOWN],
)
def test_a_header_that_ends_the_case_stands_over_lines_that_were_approved_before(header: Status) -> None:
    assert status_of(header, Status.APPROVED, Status.APPROVED) is header


def test_an_open_line_keeps_a_case_open_whatever_its_header_says() -> None:
    assert status_of(Status.APPROVED, Status.APPROVED, Status.PENDED_CLINICAL) is Status.PENDED_CLINICAL


def test_without_lines_the_header_is_all_there_is() -> None:
    assert status_of(Status.DENIED) is Status.DENIED
