"""The planted disagreements: each makes one request's rows on all sides, and notes what must be found of them."""

from __future__ import annotations

from collections.abc import Callable

from books_made import BLOCK, PORTALS, Books, ago, day, extra


def changed(books: Books) -> None:
    row = books.request("pended")
    books.page(row, status="approved", status_raw="Approved", case_status="approved", units_approved=row["units_requested"])
    books.changed += [f"{row['request_id']} {name}" for name in ("status", "status_raw", "units_approved")]


def missing(books: Books) -> None:
    books.plant("missing_on_portal", books.request("approved"))


def line_missing(books: Books) -> None:
    first, second = books.request("approved"), books.request("approved", code=extra(books))
    books.page(first)
    books.plant("missing_on_portal", second)


def unknown(books: Books) -> None:
    row = books.request("approved")
    books.page(row)
    theirs = books.page(row, reference_no=f"KEYED{BLOCK}{books.number}", member_id=f"X{BLOCK}{books.number:07d}")
    where = {name: theirs[name] for name in ("portal", "reference_no", "service_code")}
    books.plant("unknown_on_portal", **where)


def line_unknown(books: Books) -> None:
    row = books.request("approved")
    books.page(row)
    books.page(row, service_code=extra(books))
    books.plant("unknown_on_portal", portal=row["portal"], reference_no=row["reference_no"], service_code=extra(books))


def renumbered(books: Books) -> None:
    row = books.request("approved")
    books.page(row, reference_no=f"NEW{BLOCK}{books.number}")
    books.plant("number_differs", row)


def other_authorization(books: Books) -> None:
    row = books.request("approved")
    books.page(row, authorization_no=f"7{BLOCK}{books.number}")
    books.plant("number_differs", row)


def number_twice(books: Books) -> None:
    row, other = books.request("approved"), books.request("approved", name="TW")
    other["member_id"] = f"Y{BLOCK}{books.number:07d}"
    books.page(row)
    books.plant("number_twice", row)
    books.plant("number_twice", other)


def two_portals(books: Books) -> None:
    row = books.request("approved")
    books.page(row)
    other = PORTALS[(books.number + 1) % len(PORTALS)]
    books.page(row, portal=other, reference_no=f"ALSO{BLOCK}{books.number}")
    books.plant("on_two_channels", row)


def faxed_too(books: Books) -> None:
    row = books.request("approved")
    books.page(row)
    fax = books.request("pended", name="FX")
    fax |= {"channel": "fax", "portal": "", "reference_no": "", "status": "faxed", "status_raw": ""}
    books.plant("on_two_channels", fax)


def portal_has_it_twice(books: Books) -> None:
    row = books.request("approved")
    books.page(row)
    books.page(row, reference_no=f"AGAIN{BLOCK}{books.number}")
    books.plant("duplicate", row)


def sent_twice(books: Books) -> None:
    first, second = books.request("approved"), books.request("approved", name="DU")
    second |= {"reference_no": f"DU{BLOCK}{books.number}", "submitted_at": ago(days=19)}
    books.page(first)
    books.page(second)
    books.plant("duplicate", second)


def other_member(books: Books) -> None:
    row = books.request("approved")
    books.page(row, member_id=f"Z{BLOCK}{books.number:07d}")
    books.plant("member_differs", row)


def ambiguous(books: Books) -> None:
    first, second = books.request("approved"), books.request("approved")
    books.page(first)
    books.page(second, units_approved="1")
    books.plant("ambiguous", first)


def approved_less(books: Books) -> None:
    row = books.request("approved")
    row |= {"units_approved": "4", "units_remaining": "2"}
    books.page(row)
    books.plant("approved_less", row)


def dates_shifted(books: Books) -> None:
    row = books.request("approved")
    books.page(row, to_date=day(-100))
    books.plant("dates_shifted", row)


def expired(books: Books) -> None:
    row = books.request("approved")
    row["valid_to"] = day(9)
    books.page(row)
    books.plant("expired", row)


def header_differs(books: Books) -> None:
    row = books.request("approved")
    books.page(row, case_status="denied")
    books.plant("status_against_lines", row)


def strange_word(books: Books) -> None:
    row = books.request("pended")
    row |= {"status": "unknown", "status_raw": "Parked"}
    books.page(row)
    books.plant("status_unknown", row)


def no_reason(books: Books) -> None:
    row = books.request("denied")
    row["status_reason"] = ""
    books.page(row)
    books.plant("denied_without_reason", row)


def decided_late(books: Books) -> None:
    row = books.request("approved")
    row["decided_at"] = day(10)
    books.page(row)
    books.plant("decided_late", row)


def overdue(books: Books) -> None:
    row = books.request("pended")
    row |= {"submitted_at": ago(days=9), "decision_due": ago(days=2)}
    books.page(row)
    books.plant("decision_overdue", row)


def letter_differs(books: Books) -> None:
    row = books.request("approved")
    books.page(row)
    books.letter(row, "denied")
    books.plant("letter_differs", row)


def letter_unmatched(books: Books) -> None:
    row = books.request("approved")
    books.page(row)
    letter = books.letter(row, "approved")
    letter["reference_no"] = f"STRAY{BLOCK}{books.number}"
    books.plant("letter_unmatched", portal=letter["portal"], reference_no=letter["reference_no"])


def more_used_than_approved(books: Books) -> None:
    row = books.request("approved")
    row["units_used"] = "99"
    books.page(row)
    books.plant("units_impossible", row)


def units_not_readable(books: Books) -> None:
    row = books.request("approved")
    books.page(row, units_approved="ten")
    books.plant("units_impossible", row)


def falling(books: Books) -> None:
    row = books.request("approved")
    books.page(row)
    books.used(row, "3", 23)
    books.used(row, "2", 8)
    books.plant("units_falling", row)


def units_differ(books: Books) -> None:
    row = books.request("approved")
    books.page(row)
    books.used(row, "2", 8, units_approved="77")
    books.plant("units_differ", row)


def other_kind(books: Books) -> None:
    row = books.request("approved")
    books.page(row)
    books.used(row, "2", 8, unit_type="visits")
    books.plant("unit_kind_differs", row)


def stale(books: Books) -> None:
    row = books.request("pended")
    row |= {"submitted_at": ago(days=4), "last_checked": ago(days=3)}
    books.page(row, observed_at=ago(days=3))
    books.plant("stale_reading", row)


def stale_units(books: Books) -> None:
    row = books.request("approved")
    row["units_as_of"] = day(40)
    books.page(row)
    books.plant("stale_reading", row)


def from_the_future(books: Books) -> None:
    row = books.request("approved")
    books.page(row, observed_at=ago(days=-1))
    where = {name: row[name] for name in ("portal", "reference_no", "service_code")}
    books.plant("reading_from_future", **where)


PLANTS: tuple[Callable[[Books], None], ...] = (
    *(changed, missing, line_missing, unknown, line_unknown, renumbered, other_authorization, number_twice, two_portals),
    *(faxed_too, portal_has_it_twice, sent_twice, other_member, ambiguous, approved_less, dates_shifted, expired),
    *(header_differs, strange_word, no_reason, decided_late, overdue, letter_differs, letter_unmatched),
    *(more_used_than_approved, units_not_readable, falling, units_differ, other_kind, stale, stale_units, from_the_future),
)
