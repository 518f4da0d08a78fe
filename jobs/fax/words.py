"""What staff read of a fax: where its request stands, why, and what to do. Pure; free of health information.

A request stands as waiting until its fax is delivered; what only a person can go on with names the command that does it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bots.fax.model import FaxReason
from bots.model import Status
from jobs.event_base import Standing
from jobs.events import Alerted
from jobs.fax.happened import FaxEnded
from jobs.fax.state import Fax, FaxStep

"""Error code of a request that is to be faxed and is not in the queue yet."""

WHY: Mapping[FaxReason, str] = {
    FaxReason.NONE: "it did not arrive",
    FaxReason.BUSY: "the number was busy",
    FaxReason.NO_ANSWER: "nobody answered",
    FaxReason.NO_CARRIER: "somebody answered who is no fax machine",
    FaxReason.NO_LINE: "the fax line has no dial tone, or does not answer",
    FaxReason.BROKEN_OFF: "the call broke off in the middle",
    FaxReason.REJECTED: "the fax line refused the job",
    FaxReason.CANCELLED: "it was taken off the fax line",
    FaxReason.TIMED_OUT: "the fax line gave up trying",
    FaxReason.OTHER: "the fax line gave it up",
}
_NEXT: Mapping[FaxReason, str] = {
    FaxReason.BUSY: "Call the payer and ask whether the fax number works",
    FaxReason.NO_ANSWER: "Call the payer and ask whether the fax number works",
    FaxReason.NO_CARRIER: "Call the payer and ask for the right fax number; two people change it in the directory",
    FaxReason.NO_LINE: "Put the fax line right (priorbot doctor)",
    FaxReason.REJECTED: "Read what the line says (priorbot fax show {fax}) and put that right",
    FaxReason.CANCELLED: "Ask who took it off",
}


def queued(desk: str, reason: str, *, not_before: datetime | None = None) -> Standing:
    when = f" {desk} takes faxes again from {_time(not_before)}." if not_before else ""
    return Standing(
        status=Status.WAITING, error_code="fax_queued", reason=_join(reason, f"It waits to be faxed to {desk}.{when}")
    )


def handed_over(fax: Fax, desk: str, line: str, *, by_person: bool = False) -> Standing:
    """On its way. ``by_person``: the line is a folder that somebody has to empty."""
    if not by_person:
        return Standing(status=Status.WAITING, error_code="fax_sending", reason=f"The line {line} is faxing it to {desk}.")
    return Standing(
        status=Status.WAITING,
        error_code="fax_by_folder",
        reason=f"Its packet for {desk} lies ready for somebody to fax.",
        next_action=(
            f"Fax it by hand to the number that is with it, then run: priorbot fax confirm {fax.fax_id} --delivered --by NAME "
            "(or --failed REASON)"
        ),
    )


def tried(fax: Fax, desk: str, reason: FaxReason, again_at: datetime, most: int) -> Standing:
    why = f"Faxing it to {desk} did not work: {WHY[reason]} (try {fax.tries} of {most})."
    return Standing(
        status=Status.WAITING, error_code=f"fax_{reason.value}", reason=f"{why} The next try is at {_time(again_at)}."
    )


def not_taken(desk: str) -> Standing:
    reason = f"The fax line never took it, as it was asked more than once. It waits to be faxed to {desk} anew."
    return Standing(status=Status.WAITING, error_code="fax_queued", reason=reason)


def line_gone(fax: Fax, desk: str, line: str, sentence: str) -> Alerted:
    """An urgent one that cannot wait for the line without somebody knowing."""
    return Alerted(
        error_code="fax_line_down",
        reason=f"It waits to be faxed to {desk}, and the line {line} does not work. {sentence}",
        next_action=(
            f"Put the line right; or run: priorbot fax cancel {fax.fax_id} --by NAME, and fax the request by hand. "
            "While it is in the queue do not send it as well."
        ),
    )


def stuck(fax: Fax, desk: str, line: str) -> Alerted:
    return Alerted(
        error_code="fax_stuck",
        reason=f"The line {line} has had it for {desk} for a long time and does not say how it ended.",
        next_action=f"Look at the line's own list, then see: priorbot fax show {fax.fax_id}",
    )


def delivered(desk: str, by: str = "") -> Standing:
    said = f"{by} confirmed that it was faxed" if by else "Faxed"
    return Standing(status=Status.FAXED, reason=f"{said} to {desk}, every page.")


def failed(fax: Fax, desk: str, reason: FaxReason, *, may_be_there: bool, tries: int) -> Standing:
    times = f" after {tries} tries" if tries > 1 else ""
    why = f"Faxing it to {desk} did not work{times}: {WHY[reason]}."
    if may_be_there:
        return Standing(
            status=Status.NEEDS_PERSON,
            error_code=f"fax_{reason.value}",
            reason=f"{why} Some pages may have arrived. It was not sent again.",
            next_action=(
                "Call the payer and ask what arrived, then run: "
                f"priorbot fax confirm {fax.fax_id} --delivered --by NAME (or --failed {reason.value}), "
                f"or priorbot fax again {fax.fax_id} --sure --by NAME"
            ),
        )
    advice = _NEXT.get(reason, "Find out why").format(fax=fax.fax_id)
    return Standing(
        status=Status.NEEDS_PERSON,
        error_code=f"fax_{reason.value}",
        reason=f"{why} Nothing arrived. It is not sent again by itself.",
        next_action=f"{advice}, then run: priorbot fax again {fax.fax_id} --by NAME",
    )


def uncertain(fax: Fax, desk: str, what: str) -> Standing:
    return Standing(
        status=Status.NEEDS_PERSON,
        error_code="fax_uncertain",
        reason=f"It is not certain whether it was faxed to {desk}: {what}. It was not sent again.",
        next_action=(
            f"Look at the line's own list or call the payer, then run: priorbot fax confirm {fax.fax_id} --delivered --by NAME "
            "(or --failed REASON). Do not send it another way before."
        ),
    )


def cancelled(fax: Fax, who: str) -> Standing:
    return Standing(
        status=Status.NEEDS_PERSON,
        error_code="fax_cancelled",
        reason=f"{who} took it out of the fax queue. Nothing was sent.",
        next_action=(
            f"Send the request another way, or run: priorbot fax again {fax.fax_id} --by NAME "
            f"(or, for its portal: priorbot queue --release {fax.request_id})"
        ),
    )


def settled_as_failed(fax: Fax, desk: str, who: str, reason: FaxReason) -> Standing:
    return Standing(
        status=Status.NEEDS_PERSON,
        error_code=f"fax_{reason.value}",
        reason=f"{who} made sure that {desk} does not have it: {WHY[reason]}.",
        next_action=f"Send it anew: priorbot fax again {fax.fax_id} --by NAME; or another way.",
    )


def withdrawn(fax_id: str) -> FaxEnded:
    """A portal confirmed the request late, while its fax was in the queue: the fax goes out of it."""
    standing = Standing(status=Status.WAITING, reason="Its portal has confirmed it; the fax was taken out of the queue.")
    return FaxEnded(
        fax_id=fax_id, step=FaxStep.CANCELLED, reason=FaxReason.CANCELLED, said="confirmed by its portal", standing=standing
    )


def _join(*parts: str) -> str:
    return " ".join(part.strip() for part in parts if part.strip())


def _time(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "-"
