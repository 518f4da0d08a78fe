"""What must be true at the end of a month, told by the far ends, by the payers' rules written a second time, and by a second
calendar: the ledger row by row, the ticks one by one."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from month import ZONE, Month, Tick
from month_payers import WORDS, Case, Taken
from month_rows import Asked
from oracle import walked

from bots.model import Status
from jobs.service_work import JOBS

ON_TIME = timedelta(seconds=180)
"""A tick begins within its jitter (two minutes at most) and a look."""
UNITS_PAGES = {"clear_coverage", "husky_medical", "provider_connect"}
"""Portals whose authorizations have a units page (rules H17 and HP6)."""
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Row = dict[str, str]


def differences(month: Month) -> list[str]:
    """Everything that is not as it must be, in words; empty when all is well."""
    return [*_ledger(month), *_ticks(month), *month.payers.doubtful_accounts(), *month.payers.troubles, *_service(month)]


def _service(month: Month) -> Iterator[str]:
    journal = month.process.engine.journal
    journal.check()
    if not journal.rebuild():
        yield "the journal's rows are not what its events say"
    yield from (f"trouble: {each.sentence}" for each in month.process.service.troubles())
    yield from ("a stop cut something short" for cleanly in month.left_cleanly if not cleanly)
    if month.payers.sessions:
        yield f"never signed out: {sorted(month.payers.sessions)}"


# --- the ledger ------------------------------------------------------------------------------------------------------


def _ledger(month: Month) -> Iterator[str]:
    with month.process.engine.home.ledger_csv.open(encoding="utf-8", newline="") as file:
        rows = {row["request_id"]: row for row in csv.DictReader(file)}
    wanted = {name: asked for name, asked in month.asked.items() if not asked.hidden.is_bad}
    yield from (f"{name} is in the ledger, and nobody asked for it" for name in rows.keys() - wanted.keys())
    yield from (f"{name} is not in the ledger" for name in wanted.keys() - rows.keys())
    for name in sorted(rows.keys() & wanted.keys()):
        asked, taken = wanted[name], month.payers.taken.get(name, [])
        if wrong := _way_taken(month, asked, taken):
            yield f"{name}: {wrong}"
        else:
            expected = _row(month, asked, taken)
            for column, value in expected.items():
                if rows[name][column] != value:
                    yield f"{name}: {column} is {rows[name][column]!r} and not {value!r} ({rows[name]['status_reason']})"


def _way_taken(month: Month, asked: Asked, taken: list[Taken]) -> str:
    """Why it must not be where it is; "" when the rules let it be there."""
    decision, where, other, rule = asked.way()
    if asked.hidden.ends_as or decision in ("not_required", "rejected", "needs_person"):
        return f"was taken by {taken[0].where}, against {rule}" if taken else ""
    if len(taken) != 1:
        return f"was taken {len(taken)} times ({[each.where for each in taken]}), {rule}"
    if decision != "portal":
        return _unless((taken[0].channel, _digits(taken[0].where)) == (decision, _digits(where)), taken[0], rule)
    if taken[0].channel == "portal":
        return _unless(taken[0].where == _portal(month, asked, where), taken[0], rule)
    if other is None or (taken[0].channel, _digits(taken[0].where)) != (other[0], _digits(other[1])):
        return f"left by {taken[0].channel} {taken[0].where}, and {rule} says {other}"
    latest = taken[0].at - timedelta(hours=other[2])
    was_down = any(down.portal in (where, _portal(month, asked, where)) and down.since <= latest for down in month.sky.downs)
    return "" if was_down else f"left by {taken[0].channel}, and {where} was not down so long before"


def _unless(is_right: bool, taken: Taken, rule: str) -> str:
    return "" if is_right else f"was taken by {taken.channel} {taken.where}, against {rule}"


def _portal(month: Month, asked: Asked, where: str) -> str:
    """Where the rules' portal leads: the one that it hands on to, or the one that replaced it when the request came in."""
    if asked.hidden.moves_to:
        return asked.hidden.moves_to
    switched = month.switched_at is not None and asked.day >= month.switched_at.astimezone(ZONE).date()
    return "husky_medical" if switched and where == "clear_coverage" else where


def _digits(number: str) -> str:
    """As it is dialled: letters are on the keys, a leading 1 is left out."""
    keys = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "22233344455566677778889999")
    return re.sub(r"\D", "", number.upper().translate(keys))[-10:]


def _row(month: Month, asked: Asked, taken: list[Taken]) -> Row:
    decision, _, _, rule = asked.way()
    row: Row = {"payer": asked.row["payer"], "member_id": asked.row["member_id"], "units_requested": asked.row["units"]}
    if asked.hidden.ends_as or not taken:
        return row | {"status": asked.hidden.ends_as or decision, "reference_no": "", "units_approved": "", "units_used": ""}
    (one,) = taken
    row |= {"channel": one.channel, "portal": one.where if one.channel == "portal" else "", "reference_no": one.reference_no}
    if one.channel != "portal":
        status = Status.FAXED if one.channel == "fax" else Status.SUBMITTED
        return row | {"status": status, "authorization_no": "", "units_approved": "", "units_used": ""}
    if not asked.hidden.moves_to and rule not in ("C6",):
        row["rule_ids"] = rule
    return row | _case(month, month.payers.cases[one.where][one.reference_no])


def _case(month: Month, case: Case) -> Row:
    word = case.word(month.ends)
    row = {
        "status": str(WORDS[word.text]),
        "status_raw": word.text,
        "authorization_no": case.authorization_no(month.ends),
        "units_approved": _amount(word.approved),
    }
    read_at = _units_read_at(month)
    granted = case.granted_at()
    used = month.payers.used(case, read_at) if read_at is not None and granted is not None and granted < read_at else None
    if case.portal not in UNITS_PAGES or used is None:
        return row | {"units_used": "", "units_as_of": ""}
    return row | {"units_used": _amount(used[0]), "units_as_of": used[1].isoformat()}


def _units_read_at(month: Month) -> datetime | None:
    """The last time at which units are read by the schedule, "day 2, 17 05:40"."""
    days = [month.day(number) for number in range(month.plan.days)]
    read = [datetime.combine(day, time(5, 40), ZONE).astimezone(UTC) for day in days if day.day in (2, 17)]
    return max((at for at in read if month.begins < at < month.ends), default=None)


def _amount(value: Decimal | None) -> str:
    return "" if value is None else format(value, "f")


# --- the ticks -------------------------------------------------------------------------------------------------------


def _ticks(month: Month) -> Iterator[str]:
    times: dict[str, str] = month.process.engine.config.schedule.times()
    on_portals = {row.name for row in JOBS if row.portal is not None}
    portals = sorted(month.process.engine.config.portals)
    for name, rhythm in times.items():
        if rhythm == "off":
            continue
        wanted = _slots(rhythm, month.day(-40), month.day(month.plan.days))
        for job in [f"{name} {slug}" for slug in portals] if name in on_portals else [name]:
            yield from _of_job(month, job, wanted, month.ticks_of(job))


def _of_job(month: Month, job: str, wanted: dict[str, datetime], begun: list[Tick]) -> Iterator[str]:
    by_slot = {tick.slot: tick for tick in begun}
    yield from (f"{job}: {slot} is no tick of its schedule" for slot in by_slot.keys() - wanted.keys())
    early = [slot for slot in by_slot if slot in wanted and by_slot[slot].begun < wanted[slot]]
    yield from (f"{job}: {slot} began before its time" for slot in early)
    for slot, at in wanted.items():
        tick = by_slot.get(slot)
        if not month.begins < at < month.ends - ON_TIME or (tick is not None and tick.begun <= at + ON_TIME):
            continue
        until = tick.begun if tick is not None else at + ON_TIME
        if not _was_away(month, at, until) and not _was_busy(begun, at, tick):
            yield f"{job}: {slot} {'began late, at ' + str(tick.begun) if tick is not None else 'was missed'}"
    for tick in begun:
        if tick.ended is None and tick.begun < month.ends - timedelta(hours=1):
            yield f"{job}: {tick.slot} never ended"
        if tick.again and not _was_away(month, tick.begun, tick.ended or month.ends):
            yield f"{job}: {tick.slot} ran twice"


def _was_away(month: Month, since: datetime, until: datetime) -> bool:
    return any(gone <= until and since <= back + ON_TIME for gone, back in month.away)


def _was_busy(begun: list[Tick], at: datetime, tick: Tick | None) -> bool:
    """An earlier tick of the job was still at work."""
    others = (each for each in begun if each is not tick and each.begun <= at + ON_TIME)
    return any(each.ended is None or each.ended >= at for each in others)


def _slots(rhythm: str, first: date, last: date) -> dict[str, datetime]:
    """Name of each tick -> its instant: minute by minute for "every N min", by the second calendar for times of day."""
    words = rhythm.lower()
    if match := re.fullmatch(r"every (\d+) min", words):
        at, step = datetime.combine(first, time.min, UTC), timedelta(minutes=int(match[1]))
        count = (last - first + timedelta(days=2)) // step
        return {f"{at + step * n:%Y-%m-%dT%H:%MZ}": at + step * n for n in range(count)}
    clocks = re.findall(r"\d\d:\d\d", words)
    days = words.split(clocks[0])[0].strip()
    found: dict[str, Any] = walked(str(ZONE), {time.fromisoformat(each) for each in clocks}, first, last)
    return {name: at for name, at in found.items() if _is_day(days, date.fromisoformat(name[:10]))}


def _is_day(days: str, day: date) -> bool:
    """Of the words that the default schedule uses. No federal holiday lies in these weeks."""
    if days == "business days":
        return day.weekday() < 5
    if days.startswith("day "):
        return day.day in [int(each) for each in days.removeprefix("day ").split(",")]
    return not days or _DAYS[day.weekday()] in days
