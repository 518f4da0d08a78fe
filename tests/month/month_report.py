"""The month's figures, for the terminal and for docs/month.md."""

from __future__ import annotations

from collections import Counter
from datetime import date

from month import Day, Month

WARM = 7
"""Days after which memory is held to be flat: by then every job, report and page has run."""


def table(month: Month, wrong: list[str]) -> str:
    lines = [f"{name}: {value}" for name, value in figures(month, wrong).items()]
    shown = month.measured if len(month.measured) < 12 else month.measured[::3]
    lines += ["", "day         requests  seconds      MB  handles"]
    lines += [f"{each.day}  {each.requests:8}  {each.seconds:7.0f}  {each.rss:6.0f}  {each.files:7}" for each in shown]
    lines += [f"- {line}" for line in wrong[:30]]
    return "\n".join(lines)


def figures(month: Month, wrong: list[str]) -> dict[str, str]:
    snapshots = list(month.process.engine.journal.snapshots())
    statuses = Counter(each.status.value for each in snapshots)
    ends = Counter(each.where for taken in month.payers.taken.values() for each in taken if each.channel == "portal")
    others = Counter(each.channel for taken in month.payers.taken.values() for each in taken if each.channel != "portal")
    seq, _ = month.process.engine.journal.head()
    return {
        "days": f"{month.plan.days}, from {month.plan.first}",
        "requests": f"{len(month.asked)} rows in files, {len(snapshots)} in the journal, {seq} events",
        "taken by portals": ", ".join(f"{slug} {count}" for slug, count in ends.most_common()),
        "taken otherwise": ", ".join(f"{count} by {channel}" for channel, count in others.most_common()),
        "statuses": ", ".join(f"{count} {status}" for status, count in statuses.most_common()),
        "portals opened": str(len(month.used)),
        "ticks": f"{month.count_ticks('run')}, of these begun once more after a stop or a kill: {month.count_ticks('again')}",
        "away": f"{len(month.away)} times stopped, killed or started anew",
        "messages to people": str(len(month.told)),
        "sign-ins": str(sum(len(each.tries) for each in month.payers.accounts.values())),
        "passwords refused": str(sum(not ok for each in month.payers.accounts.values() for _, ok, _ in each.tries)),
        "memory after the first week": _flat(month.measured),
        "differences": str(len(wrong)),
    }


def _flat(measured: list[Day]) -> str:
    """The slope of a straight line through the days, by least squares."""
    days = measured[WARM:]
    if len(days) < 3:
        return "not judged: too few days"
    middle = sum(range(len(days))) / len(days)
    mean = sum(each.rss for each in days) / len(days)
    over = sum((place - middle) ** 2 for place in range(len(days)))
    slope = sum((place - middle) * (each.rss - mean) for place, each in enumerate(days)) / over
    return f"{slope:+.2f} MB a day ({days[0].rss:.0f} MB then, {days[-1].rss:.0f} MB at the end)"


def page(month: Month, wrong: list[str], command: str, today: date) -> str:
    """docs/month.md."""
    rows = "\n".join(f"| {name} | {value} |" for name, value in figures(month, wrong).items())
    days = "\n".join(
        f"| {each.day} | {each.requests} | {each.seconds:.0f} | {each.rss:.0f} | {each.files} |" for each in month.measured
    )
    found = "".join(f"- {line}\n" for line in wrong)
    return f"""# A simulated month

`{command}`, {today}.

The unattended service alone, in virtual time: each second of the month is there, and none is waited for. Files of
requests come into the watched folder each working day, for every portal, fax desk and telephone of the rules, some of
them twice; payers decide after hours and days; units move with the check writes; portals go down for minutes and for
more than a day; a person faxes and confirms packets and phones twice a working day; the password of the units page runs
out once by age and once because the page wants it, another one is changed by hand by somebody who tells nobody; the
service is stopped, killed in the middle of a click, after it, and before it; HUSKY's medical portal is replaced; the
clocks change on 2027-03-14. The portals are doubles at the seam `bots.driver.PortalDriver`
(`tests/month/month_portals.py`) that accept whatever arrives, twice when it arrives twice.

At the end `tests/month/month_oracle.py` compares: the ledger that the service wrote, row by row, with what the far ends
have and with the payers' rules written down a second time; every tick with a second calendar (each slot once, in its
three minutes, unless nobody ran or the job was still at work); the passwords that were typed; the journal's chain, and
its rows with its events. Memory is what the process holds at the end of each simulated day; it is judged by the slope
of a straight line through the days after the first week, by least squares.

| | |
|---|---|
{rows}

| day | requests | processor time so far, s | memory, MB | open handles |
|---|---|---|---|---|
{days}
{found}"""
