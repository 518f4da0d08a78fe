"""The few sentences at the top: what a manager must know today, the worst first. Pure; counts only, so that they may be sent."""

from __future__ import annotations

from bots.model import Frozen
from jobs.reporting.collect import Report


class Line(Frozen):
    """``level``: late (act now), soon (act today), calm."""

    level: str
    text: str


def headline(report: Report) -> tuple[Line, ...]:
    now = report.standing
    stopped = [use for use in report.portals if use.state in ("down", "disabled")]
    late, soon = list(report.troubles), []
    if now.overdue:
        late.append(f"{many(now.overdue, 'decision')} {be(now.overdue)} past the payer's deadline.")
    if now.practice_late:
        late.append(f"{many(now.practice_late, 'request')} of ours {be(now.practice_late)} past the day to be sent.")
    if stopped:
        names = ", ".join(use.slug.replace("_", " ") for use in stopped)
        late.append(f"{many(len(stopped), 'portal')} {be(len(stopped))} down or stopped: {names}.")
    if now.need_person:
        soon.append(f"{many(now.need_person, 'request')} {'need' if now.need_person != 1 else 'needs'} a person.")
    if now.due_in_a_day:
        soon.append(f"{many(now.due_in_a_day, 'decision')} {be(now.due_in_a_day)} due within 24 hours.")
    if now.units_pressing:
        soon.append(f"{many(now.units_pressing, 'authorized line')} will soon be used up or end.")
    lines = [*(Line(level="late", text=text) for text in late), *(Line(level="soon", text=text) for text in soon)]
    if lines or not now.requests:
        return tuple(lines)
    return (Line(level="calm", text="Nothing waits for a person, and no deadline is missed."),)


def many(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def be(count: int) -> str:
    return "is" if count == 1 else "are"
