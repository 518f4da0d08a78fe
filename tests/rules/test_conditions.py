"""The little language of conditions, each key by itself, also where today's rules do not use its edge."""

from __future__ import annotations

from datetime import date

import pytest

from bots.model import Payer, Urgency
from jobs.conditions import Facts, holds
from jobs.rule_schema import AgeRange, Condition, DateRange

TODAY = date(2026, 11, 23)


@pytest.fixture(scope="session")
def true_of(ask, book):
    """Does a condition hold for a HUSKY request for equipment with these facts?"""

    def hold(condition: Condition, **facts) -> bool:
        return holds(
            condition, Facts(request=ask("husky", "dme", **facts), rules=book.of(Payer.HUSKY), as_of=TODAY, portal="evicore")
        )

    return hold


def test_an_empty_condition_always_holds(true_of):
    assert true_of(Condition())


def test_a_list_holds_with_any_of_its_words_and_every_key_must_hold(true_of):
    urgent = Condition(urgency=(Urgency.URGENT, Urgency.EMERGENT))
    assert [true_of(urgent, urgency=word) for word in ("standard", "urgent", "emergent")] == [False, True, True]
    assert not true_of(Condition(urgency=(Urgency.URGENT,), portal=("medical_portal",)), urgency="urgent")
    assert true_of(Condition(urgency=(Urgency.URGENT,), portal=("evicore",)), urgency="urgent")


@pytest.mark.parametrize(("age", "child", "adult"), [(18, True, False), (19, False, True)])
def test_ages_belong_to_one_side_only(true_of, age, child, adult):
    born = date(2026 - age, 11, 23)
    assert true_of(Condition(age_on_from_date=AgeRange(under=19)), dob=born) is child
    assert true_of(Condition(age_on_from_date=AgeRange(at_least=19)), dob=born) is adult


@pytest.mark.parametrize(("day", "before", "after"), [(22, True, False), (23, False, True), (24, False, True)])
def test_a_day_lies_before_or_on_or_after(true_of, day, before, after):
    first = date(2026, 11, day)
    assert true_of(Condition(from_date=DateRange(before=TODAY)), from_date=first) is before
    assert true_of(Condition(from_date=DateRange(on_or_after=TODAY)), from_date=first) is after


def test_any_of_and_none_of(true_of):
    urgent, adult = Condition(urgency=(Urgency.URGENT,)), Condition(age_on_from_date=AgeRange(at_least=19))
    child = {"dob": date(2020, 1, 1)}
    assert true_of(Condition(any_of=(urgent, adult)), **child, urgency="urgent")
    assert not true_of(Condition(any_of=(urgent, adult)), **child)
    assert true_of(Condition(none_of=(urgent, adult)), **child)
    assert not true_of(Condition(none_of=(urgent, adult)), **child, urgency="urgent")
