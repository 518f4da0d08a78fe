"""From a request and the desk that gets it to a packet: which form, whose name, which reference.

Which form is a matter of the payer's rules (section ``fax_forms``), how it looks of `bots.fax.form_layout`.
"""

from __future__ import annotations

import hashlib
from datetime import date

from bots.fax.barcode import REFERENCE
from bots.fax.form_layout import Form, load_form
from bots.fax.packet import Addressee, Bounds, Packet, Sender, build_packet
from bots.fax.packet_errors import NoFormKnown
from bots.model import AuthRequest, Payer
from jobs.clock import Clock
from jobs.conditions import Facts, first_match
from jobs.config import PracticeSettings
from jobs.rule_schema import Desk
from jobs.rulebook import RuleBook

PAYER_NAMES = {
    Payer.HUSKY: "HUSKY Health",
    Payer.CAREPARTNERS: "CarePartners of Connecticut",
    Payer.BCBSMA: "Blue Cross Blue Shield of Massachusetts",
}


def reference_of(request: AuthRequest) -> str:
    """What the pages of a request carry as our reference: its id, or a short name for it that is always the same, where the id
    does not fit a bar code or says who the patient is (a practice may have made it of a name)."""
    request_id, member = request.request_id, request.member
    named = any(part and part.casefold() in request_id.casefold() for part in (member.last_name, member.first_name, member.id))
    if REFERENCE.fullmatch(request_id) and not named:
        return request_id
    return "R" + hashlib.sha256(request_id.encode()).hexdigest()[:15].upper()


def form_for(request: AuthRequest, *, as_of: date, rulebook: RuleBook) -> Form:
    """The form on which this request is faxed. Raises `NoFormKnown`."""
    rules = rulebook.of(request.payer)
    matched = first_match(rules.fax_forms, Facts(request=request, rules=rules, as_of=as_of))
    if matched is None:
        raise NoFormKnown
    return load_form(matched[1].form)


def sender_of(practice: PracticeSettings) -> Sender:
    """The practice as cover sheets name it."""
    return Sender(
        name=practice.name,
        address=practice.address,
        tax_id=practice.tax_id,
        contact_name=practice.contact_name,
        phone=practice.contact_phone,
        fax=practice.contact_fax,
    )


def addressee_of(desk: Desk) -> Addressee:
    """The desk as cover sheets name it, at the number that it has now."""
    return Addressee(desk=desk.desk, number=desk.number, payer=PAYER_NAMES[desk.payer])


class PacketMaker:
    """Draws the packets of one home. ``desk`` comes with the number that is in force (`jobs.fax_directory`)."""

    def __init__(self, rulebook: RuleBook, practice: PracticeSettings, now: Clock, bounds: Bounds | None = None) -> None:
        self._rulebook = rulebook
        self._practice = practice
        self._now = now
        self._bounds = bounds

    def __call__(self, request: AuthRequest, desk: Desk) -> Packet:
        """Takes seconds: call it in a thread. Raises `NoFormKnown` and what `build_packet` raises."""
        today = self._now().astimezone(self._practice.zone).date()
        return build_packet(
            request,
            form=form_for(request, as_of=today, rulebook=self._rulebook),
            to=addressee_of(desk),
            sender=sender_of(self._practice),
            reference=reference_of(request),
            today=today,
            bounds=self._bounds,
        )
