"""What happens in which night and on which day of the simulated time."""

from __future__ import annotations

from datetime import date, time, timedelta

from month import Plan

FIRST = date(2027, 3, 1)
"""A Monday; the clocks change on 2027-03-14."""
HOUR = timedelta(hours=1)
SCHEDULE = """
intake = "every 5 min"
submit = "every 10 min"
faxes = "every 10 min"
verify = "every 10 min"
follow = "every 30 min"
alerts = "every 30 min"
ledger = "07:00, 12:00, 17:00, 23:45"
report = "12:15"
"""
"""The other times are the product's own. Every minute and every two would cost the month an hour and show nothing more."""
SELDOM = """
intake = "every 30 min"
submit = "every 60 min"
faxes = "every 60 min"
received = "off"
verify = "every 60 min"
follow = "every 120 min"
letters = "every 480 min"
alerts = "every 480 min"
reconcile = "Wed 06:50"
ledger = "23:45"
report = "off"
daily_report = "off"
weekly_report = "off"
backup = "Sun 02:45"
"""
"""For the week of the tests."""


def whole_month(days: int, a_day: int, seed: int) -> Plan:
    downs = (
        ("carepartners", 1, time(9, 5), 40 * timedelta(minutes=1)),
        ("authorization_manager", 4, time(8, 20), 3 * HOUR),
        ("evicore", 7, time(8, 0), 28 * HOUR),
        ("clear_coverage", 9, time(7, 0), 30 * HOUR),
        ("promptpa", 10, time(12, 50), HOUR),
        ("connect_center", 11, time(8, 0), 5 * HOUR),
        ("bluecard", 14, time(8, 10), 2 * HOUR),
        ("optum_pro", 15, time(13, 0), 4 * HOUR),
        ("provider_connect", 17, time(8, 35), 90 * timedelta(minutes=1)),
        ("husky_medical", 21, time(13, 5), 26 * HOUR),
        ("carepartners", 23, time(8, 34), 6 * HOUR),
    )
    return Plan(
        first=FIRST,
        days=days,
        a_day=a_day,
        seed=seed,
        schedule=SCHEDULE,
        stops={3: time(8, 35), 13: time(1, 50), 20: time(13, 14)},
        kills={2: (time(8, 33), "clicked"), 8: (time(13, 13), "after click"), 22: (time(8, 33), "after intent")},
        downs=downs,
        wrong_password=11,
        asked_at_sign_in=15,
        new_medical_portal=18,
    )


def a_week(a_day: int, seed: int) -> Plan:
    """Over the change of the clocks and the 17th, when units are read."""
    return Plan(
        first=date(2027, 3, 11),
        days=7,
        a_day=a_day,
        seed=seed,
        schedule=SELDOM,
        stops={2: time(1, 50)},
        kills={1: (time(8, 33), "clicked")},
        downs=(("carepartners", 0, time(9, 5), 40 * timedelta(minutes=1)), ("clear_coverage", 1, time(7, 0), 30 * HOUR)),
        wrong_password=1,
        asked_at_sign_in=4,
    )
