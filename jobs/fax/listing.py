"""Faxes for people and programs: one object or one table row each. Desks, states and reasons only; nothing of a patient."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from bots.fax.model import FaxReason
from jobs.clock import Clock
from jobs.fax.desks import Desks
from jobs.fax.happened import FaxEvent
from jobs.fax.state import Fax, FaxStep
from jobs.fax.words import WHY
from jobs.ledger import instant
from jobs.tables import table

if TYPE_CHECKING:
    from rich.table import Table

    from jobs.events import Event

_STYLES = {
    FaxStep.DELIVERED: "green",
    FaxStep.FAILED: "red",
    FaxStep.UNCERTAIN: "bold red",
    FaxStep.CANCELLED: "bright_black",
    FaxStep.HANDED_OVER: "cyan",
    FaxStep.INTENT: "cyan",
}


def why(fax: Fax) -> str:
    """Why it stands where it stands, in a few words; "" where nothing went wrong."""
    text = "" if fax.reason is FaxReason.NONE else WHY[fax.reason]
    there = "pages may have arrived" if fax.may_be_there else ""
    return "; ".join(filter(None, [text, there]))


def fax_object(fax: Fax, desks: Desks) -> dict[str, Any]:
    """One fax for ``--json``: always every key."""
    desk = desks.find(fax.payer, fax.desk)
    return {
        "fax_id": fax.fax_id,
        "request_id": fax.request_id,
        "payer": fax.payer.value,
        "desk": desk.desk,
        "number": fax.number or desks.number_now(fax.payer, fax.desk),
        "urgency": fax.urgency.value,
        "state": fax.step.value,
        "tries": fax.tries,
        "next_try": instant(fax.not_before) if fax.step is FaxStep.QUEUED else "",
        "reason": fax.reason.value,
        "why": why(fax),
        "line": fax.line,
        "line_says": fax.said,
        "pages": fax.packet.pages,
        "pages_may_have_arrived": fax.may_be_there,
        "queued_at": instant(fax.queued_at),
        "handed_over_at": instant(fax.handed_over_at),
        "ended_at": instant(fax.ended_at),
        "again_of": fax.again_of,
        "by": fax.by,
    }


def faxes_table(faxes: Iterable[Fax], desks: Desks, now: Clock) -> Table:
    made = table(
        "Faxes", "fax", "request", "urgency", "to", "number", "state", "tries", "next try (UTC)", "why", right=("tries",)
    )
    for fax in faxes:
        one = fax_object(fax, desks)
        due = fax.step is FaxStep.QUEUED
        next_try = ("now" if fax.not_before <= now() else f"{fax.not_before:%Y-%m-%d %H:%M}") if due else ""
        made.add_row(
            *(fax.fax_id, fax.request_id, fax.urgency.value, one["desk"], one["number"], state_text(fax.step)),
            *(str(fax.tries or ""), next_try, one["why"]),
        )
    return made


def counts_table(counts: dict[FaxStep, int]) -> Table:
    made = table("Where faxes stand", "state", "faxes", right=("faxes",))
    for step in FaxStep:
        if counts.get(step):
            made.add_row(state_text(step), str(counts[step]))
    return made


def fax_table(fax: Fax, desks: Desks) -> Table:
    """One fax, field by field."""
    made = table(f"Fax {fax.fax_id}", "", "")
    for name, value in fax_object(fax, desks).items():
        if value not in ("", 0, False):
            made.add_row(name.replace("_", " "), str(value))
    return made


def fax_history(fax: Fax, events: Iterable[Event]) -> Table:
    """What happened to it, oldest first."""
    made = table("Its history", "when (UTC)", "what", "what it says")
    for event in events:
        body = event.body
        if isinstance(body, FaxEvent) and body.fax_id == fax.fax_id:
            standing = getattr(body, "standing", None)
            said = getattr(body, "job_id", "") or getattr(body, "said", "")
            what = str(type(body).__struct_config__.tag).replace("_", " ")
            made.add_row(
                f"{event.at:%Y-%m-%d %H:%M:%S}", what, " ".join(filter(None, [said, standing.reason if standing else ""]))
            )
    return made


def state_text(step: FaxStep) -> Any:
    from rich.text import Text

    return Text(step.value.replace("_", " "), style=_STYLES.get(step, ""))
